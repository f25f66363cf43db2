/** Control characters but tab and newline, bidirectional overrides, zero-width characters and lone surrogates. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const unsafe = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF\uFFF9-\uFFFB]/g

/** Plain text of at most `limit` characters: no control characters, no lone surrogates, trimmed; `…` marks a cut. */
export function plainText(value: string, limit: number): string {
  // Cut before cleaning, so that a huge string costs no more than a small one.
  const clean = value
    .slice(0, limit * 4)
    .toWellFormed()
    .replace(unsafe, '')
    .replaceAll('\r', '')
    .trim()
  if (clean.length <= limit) return clean
  return `${clean
    .slice(0, limit - 1)
    .toWellFormed()
    .replace(/\uFFFD$/, '')}…`
}

/** The same on one line. */
export function oneLine(value: string, limit: number): string {
  return plainText(value.slice(0, limit * 4).replace(/\s+/g, ' '), limit)
}
