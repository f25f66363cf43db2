const earliest = Date.UTC(1990, 0)
const latest = Date.UTC(2100, 0)

const clock = '(\\d{1,2}):(\\d{2})(?::(\\d{2})(?:[.,](\\d{1,9})\\d*)?)?'
const zone = '(?: ?(Z|UTC|GMT|[+-]\\d{1,2}(?:[:.]?\\d{2})?))?'
/** `2026-11-20T07:40:00.123456789Z`, `2026/11/20 7:40`, `2026-11-20 07:40:00.1 +0000 UTC m=+1.5`, `2026.11.20`. */
const yearFirst = new RegExp(
  `^(\\d{4})[-./](\\d{1,2})[-./](\\d{1,2})(?:(?:T|[ ,]{1,3})${clock} ?([AP]M)?${zone})?(?: .{0,30})?$`,
  'i',
)
/** `11/20/2026 07:40:00 AM UTC`, `20.11.2026 07:40`, `20-11-2026`: months come first with slashes, unless there is no such month. */
const yearLast = new RegExp(
  `^(\\d{1,2})([./-])(\\d{1,2})[./-](\\d{4})(?:[ ,]{1,3}${clock} ?([AP]M)?${zone})?(?: .{0,30})?$`,
  'i',
)
/** `20261120T074000Z`: the basic format of ISO 8601. */
const basic = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(?:(\d{2})(?:[.,](\d{1,9}))?)?(Z|[+-]\d{2}(?:\d{2})?)?$/
/** `/Date(1763624400000)/`, as .NET wrote it; the offset behind the milliseconds says where, not when. */
const dotNet = /^\/Date\((\d{9,14})(?:[+-]\d{4})?\)\/$/
/** What nearly all write, and what the engine reads at once. */
const common = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/
/** What we write ourselves. */
const exact = /^(?:199\d|20\d\d)-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/
/** `12:51:50 on 2021.08.27`. */
const clockFirst = /^(\d{1,2}:\d{2}(?::\d{2})?)(?: on)? (\d{4}[-./]\d{1,2}[-./]\d{1,2})$/
const monthName = /\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\b/i

/**
 * An instant as ISO-8601 UTC, from the many forms that monitors write. Numbers are seconds, milliseconds, microseconds
 * or nanoseconds since 1970, told apart by size. What names no zone is taken as UTC. Null for what is no time, for
 * "never" (year 1, 0) and for what lies outside 1990–2099: an alert is never dropped for its date.
 */
export function readTime(value: unknown): string | null {
  if (typeof value === 'number') return fromEpoch(value)
  if (typeof value !== 'string' || value.length > 80) return null
  const text = value.trim()
  if (exact.test(text)) return text
  if (common.test(text)) return instant(Date.parse(text))
  if (/^\d{9,19}(?:\.\d{1,9})?$/.test(text)) return fromEpoch(Number(text))
  const counted = dotNet.exec(text)?.[1]
  if (counted !== undefined) return instant(Number(counted))
  const turned = clockFirst.exec(text)
  return (
    fromYearFirst(turned ? `${turned[2]} ${turned[1]}` : text) ??
    fromBasic(text) ??
    fromYearLast(text) ??
    fromNames(text)
  )
}

function fromEpoch(number: number): string | null {
  if (!(number > 0)) return null
  const milliseconds =
    number < 1e11 ? number * 1000 : number < 1e14 ? number : number < 1e17 ? number / 1e3 : number / 1e6
  return instant(milliseconds)
}

function fromYearFirst(text: string): string | null {
  const [, year, month, day, hour, minute, second, fraction, half, offset] = yearFirst.exec(text) ?? []
  return year === undefined ? null : fromParts([year, month, day, hour, minute, second], fraction, half, offset)
}

function fromBasic(text: string): string | null {
  const [, year, month, day, hour, minute, second, fraction, offset] = basic.exec(text) ?? []
  return year === undefined ? null : fromParts([year, month, day, hour, minute, second], fraction, undefined, offset)
}

function fromYearLast(text: string): string | null {
  const [, first, separator, second, year, hour, minute, seconds, fraction, half, offset] = yearLast.exec(text) ?? []
  if (year === undefined) return null
  const monthIsFirst = separator === '/' && Number(first) <= 12
  const [month, day] = monthIsFirst ? [first, second] : [second, first]
  return fromParts([year, month, day, hour, minute, seconds], fraction, half, offset)
}

function fromParts(
  parts: readonly (string | undefined)[],
  fraction: string | undefined,
  half: string | undefined,
  offset: string | undefined,
): string | null {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map((part) => Number(part ?? 0))
  if (month < 1 || month > 12 || day < 1 || hour > 24 || minute > 59 || second > 60) return null
  // No 31st of February: the engine would take it for the 3rd of March.
  if (new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day) return null
  const shifted = half === undefined ? hour : (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0)
  const milliseconds = fraction === undefined ? 0 : Number(fraction.padEnd(3, '0').slice(0, 3))
  return instant(Date.UTC(year, month - 1, day, shifted, minute, second, milliseconds) - offsetOf(offset))
}

/** Milliseconds ahead of UTC. */
function offsetOf(text: string | undefined): number {
  const [, sign, hours, minutes] = /^([+-])(\d{1,2})[:.]?(\d{2})?$/.exec(text ?? '') ?? []
  if (hours === undefined) return 0
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes ?? 0)) * 60_000
}

/** `Mon, 03 Apr 2026 02:04:55 GMT`, `Mon Apr 03 02:04:55 UTC 2026`, `Sep 1, 2026 4:12:29 PM`: with a month's name only,
 * because the engine's own parser takes `worker 3` for a day in March. */
function fromNames(text: string): string | null {
  if (!monthName.test(text) || !/\b(?:19|20)\d{2}\b/.test(text)) return null
  const hasZone = /(?:\b(?:UTC|GMT|Z|[ECMP][SD]T)\b|[+-]\d{2}:?\d{2}\b)/.test(text)
  return instant(Date.parse(hasZone ? text : `${text} UTC`))
}

function instant(milliseconds: number): string | null {
  if (!(milliseconds >= earliest && milliseconds < latest)) return null
  return new Date(milliseconds).toISOString()
}
