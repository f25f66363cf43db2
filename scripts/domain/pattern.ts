/** Matches a name against a pattern in which `*` stands for any characters. No regular expression is built from it. */
export function matchesPattern(pattern: string, name: string): boolean {
  const parts = pattern.toLowerCase().split('*')
  const text = name.toLowerCase()
  const first = parts[0] ?? ''
  if (parts.length === 1) return text === first
  if (!text.startsWith(first)) return false
  let position = first.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, position)
    if (found < 0) return false
    position = found + part.length
  }
  const last = parts.at(-1) ?? ''
  return text.length - last.length >= position && text.endsWith(last)
}
