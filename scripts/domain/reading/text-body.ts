import { readTitleStatus } from './status.ts'
import type { JsonObject } from './value.ts'

const longest = 20_000
const mostPairs = 60
const longestLine = 1_100

/** Not text: control characters, and what a decoder puts where it could not read. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unreadable = /[\u0000-\u0008\u000E-\u001F\uFFFD]/
/** Begins like JSON or a mark-up: what does not parse as that was cut off or broken on its way. */
const structured = /^[\s\uFEFF]*[[{"<]/
/** `[ALERT] load failed`, `[2026-11-24 05:10:02] ERROR …`, `<!channel> load failed`: a mark or a mention before a text. */
const marked =
  /^[\s\uFEFF]*(?:\[[^\][{}",]{1,60}\]|<(?:!\w{1,20}|@\w{1,40}|\/?(?:b|p|br|font|strong|h\d)(?: [^<>]{0,100})?)>)[\s:-]*[\p{L}\d[(*<]/u
/** `a=1&b=two%20words`: a form. */
const form = /^[\w.%[\]-]{1,100}=[^&\s]*(?:&[\w.%[\]-]{1,100}=[^&\s]*)+$/
/** `- Severity: 1`, a name and its value on a line of their own. */
const line = /^[ \t]{0,8}(?:[-*•] )?([\p{L}][\p{L}\d _/-]{0,39}?)[ \t]{0,4}[:=][ \t]{1,8}(\S.{0,999})$/u
/** `rc=2`, `msg="no space left"` within a line. */
const field = /(?<![^\s,;(])([A-Za-z][\w.-]{0,39})=(?:"([^"\n]{0,500})"|([^\s,;")]{1,300}))/g
/** Words by which a text speaks of trouble, where `readTitleStatus` finds none. */
const trouble =
  /\b(?:alert(?:ing|s)?|alarm|critical|fatal|warning|exception|traceback|unavailable|unreachable|unhealthy|timeout|timed out|denied|refused|corrupt\w{0,3}|missing|late|overdue|stale|crash\w{0,4}|killed|abort\w{0,3}|out of memory|no space|incident|outage|breach\w{0,3}|degraded|stuck|mismatch|(?:disk|volume|table|queue)\s.{0,40}\bfull|(?:0|no|zero) (?:new )?(?:rows?|records?|files?|data)|not (?:found|responding|running|updated|arrived|received))\b/i

/**
 * What a text that is no JSON tells, as a document: a form's fields; or, where it says in words that something is
 * wrong or over again, its first line as title, with each name and value in it. Null for a text that says nothing of
 * that, for JSON that was cut off, for what is no text at all.
 */
export function readTextBody(text: string): JsonObject | null {
  const whole = text.trim()
  if (whole === '' || (structured.test(whole) && !marked.test(whole)) || unreadable.test(whole.slice(0, longest)))
    return null
  if (whole.length <= longest && form.test(whole)) return Object.fromEntries(new URLSearchParams(whole))
  const head = whole.slice(0, longest)
  const lines = head.split(/\r?\n/)
  const speaks = trouble.test(head) || lines.slice(0, 20).some((one) => readTitleStatus(one) !== null)
  if (speaks) return { ...pairsIn(lines), title: (lines[0] ?? '').trim(), description: head }
  // A list of names and values is read like any document.
  const pairs = pairsIn(lines.filter((one) => line.test(one.slice(0, longestLine))))
  const filled = lines.filter((one) => one.trim() !== '').length
  return Object.keys(pairs).length >= Math.max(2, filled / 2) ? { ...pairs, description: head } : null
}

function pairsIn(lines: readonly string[]): Record<string, string> {
  const pairs = new Map<string, string>()
  for (const one of lines.slice(0, 200)) {
    const [, name, value] = line.exec(one.slice(0, longestLine)) ?? []
    if (name !== undefined && value !== undefined) keep(pairs, name, value)
    else
      for (const [, key, quoted, bare] of one.slice(0, 2_000).matchAll(field))
        keep(pairs, key ?? '', quoted ?? bare ?? '')
  }
  return Object.fromEntries(pairs)
}

function keep(pairs: Map<string, string>, name: string, value: string): void {
  if (pairs.size < mostPairs && name !== '__proto__' && value.trim() !== '' && !pairs.has(name))
    pairs.set(name, value.trim())
}
