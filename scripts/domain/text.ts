/** Control characters but tab and newline, bidirectional overrides, zero-width characters and lone surrogates. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const unsafe = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF\uFFF9-\uFFFB]/g

/** Most texts have nothing in them but letters of the alphabet, and are done with at once. */
const harmless = /^[\x20-\x7e]*$/

/** Plain text of at most `limit` characters: no control characters, no lone surrogates, trimmed; `…` marks a cut. */
export function plainText(value: string, limit: number): string {
  if (value.length <= limit && harmless.test(value)) return value.trim()
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

/** What is not on one line as it is. */
const uneven = /[^\x20-\x7e]| {2}/

/** The same on one line. */
export function oneLine(value: string, limit: number): string {
  if (value.length <= limit && !uneven.test(value)) return value.trim()
  return plainText(value.slice(0, limit * 4).replace(/\s+/g, ' '), limit)
}

/** A text for a regular expression that is to take it letter by letter. */
export function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
