import { z } from 'zod'

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

/** True for an IANA zone that this machine knows: `Europe/Berlin`, `UTC`. */
export function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** By when something is promised: a time of day in a zone, on the days that count. */
export const Deadline = z.object({
  /** `HH:MM`. */
  deadline: z.string(),
  /** IANA. */
  zone: z.string(),
  /** Default all. */
  days: z.array(z.enum(weekdays)).optional(),
  /** `YYYY-MM-DD`, or `MM-DD` for every year: days that do not count. */
  holidays: z.array(z.string()).optional(),
  /** Only the last day that counts in each month. */
  month_end: z.boolean().optional(),
})
export type Deadline = z.infer<typeof Deadline>

/** `08:00 Europe/Berlin on mon, fri`. */
export function spellDeadline({ deadline, zone, days, month_end: monthEnd }: Deadline): string {
  const when = monthEnd ? ' at the end of the month' : days && days.length < 7 ? ` on ${days.join(', ')}` : ''
  return `${deadline} ${zone}${when}`
}

/** A promise kept once a year is found, and one for which no day counts does not take for ever. */
const mostDays = 400
/** A deadline longer ago than this is another day's matter. */
const missedMs = 24 * 3_600_000

/** The first deadline that is not past; null when no day counts. */
export function nextDeadline(now: Date, promise: Deadline): Date | null {
  return dueDay(now, promise, 1, (instant) => instant >= now.getTime())
}

/** The last deadline that is past; null when no day counts. */
export function lastDeadline(now: Date, promise: Deadline): Date | null {
  return dueDay(now, promise, -1, (instant) => instant < now.getTime())
}

/** The deadline that is nearest: one that was missed this morning, or the next one. Null when no day counts. */
export function nearestDeadline(now: Date, promise: Deadline): Date | null {
  const [last, next] = [lastDeadline(now, promise), nextDeadline(now, promise)]
  if (!last || !next) return next
  const ago = now.getTime() - last.getTime()
  return ago <= missedMs && ago < next.getTime() - now.getTime() ? last : next
}

/** Goes from day to day until one that counts has its deadline where it is looked for. */
function dueDay(now: Date, promise: Deadline, step: 1 | -1, isIt: (instant: number) => boolean): Date | null {
  const today = startOfDay(wallClock(now.getTime(), promise.zone))
  // From the day before: where the hour comes twice or the zone jumps over a day, it may be that one's.
  for (let away = -1; away <= mostDays; away += 1) {
    const date = new Date(today.getTime() + away * step * day)
    if (!counts(date, promise) || (promise.month_end && !endsMonth(date, promise))) continue
    const instant = deadlineOn(date, promise)
    if (isIt(instant.getTime())) return instant
  }
  return null
}

/** Whether a date, written as if it were UTC, is a day on which the promise holds. */
function counts(date: Date, { days, holidays = [] }: Deadline): boolean {
  const weekday = weekdays[(date.getUTCDay() + 6) % 7]
  const written = date.toISOString().slice(0, 10)
  const isDay = weekday !== undefined && (days?.includes(weekday) ?? true)
  return isDay && !holidays.includes(written) && !holidays.includes(written.slice(5))
}

function endsMonth(date: Date, promise: Deadline): boolean {
  for (let later = new Date(date.getTime() + day); later.getUTCMonth() === date.getUTCMonth(); ) {
    if (counts(later, promise)) return false
    later = new Date(later.getTime() + day)
  }
  return true
}

function startOfDay(wall: Date): Date {
  return new Date(Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate()))
}

/**
 * The instant of the deadline on a date. An hour that the clock skips in spring counts as the one after it; one that
 * comes twice in autumn as the first.
 */
function deadlineOn(date: Date, { deadline, zone }: Deadline): Date {
  const [hour = 0, minute = 0] = deadline.split(':').map(Number)
  const wanted = date.getTime() + (hour * 60 + minute) * 60_000
  const before = wanted - offset(wanted - day, zone)
  const after = wanted - offset(wanted + day, zone)
  // On a day without a change both are the same; on a day with one, what reads as wanted is right.
  const right = [Math.min(before, after), Math.max(before, after)].find(
    (instant) => wallClock(instant, zone).getTime() === wanted,
  )
  return new Date(right ?? before)
}

const day = 86_400_000

/** How far the zone's clock is ahead of UTC at an instant, in milliseconds. */
function offset(instant: number, zone: string): number {
  return wallClock(instant, zone).getTime() - instant
}

/** What the zone's clock shows at an instant, to the second, written as if it were UTC. */
function wallClock(instant: number, zone: string): Date {
  const format = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const parts = new Map(format.formatToParts(instant).map((part) => [part.type, Number(part.value)]))
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  return new Date(Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')))
}

/**
 * Whether an instant lies within hours of the day, in their zone; `to` is not part of them. Hours that go past midnight
 * belong to the day on which they begin.
 */
export function isWithinHours(
  now: Date,
  hours: {
    from: string
    to: string
    zone?: string | undefined
    days?: readonly (typeof weekdays)[number][] | undefined
  },
): boolean {
  const wall = wallClock(now.getTime(), hours.zone ?? 'UTC')
  const clock = wall.toISOString().slice(11, 16)
  const isOvernight = hours.to <= hours.from
  const isEarlyPart = isOvernight && clock < hours.to
  const isIn = isOvernight ? clock >= hours.from || isEarlyPart : clock >= hours.from && clock < hours.to
  if (!isIn || !hours.days) return isIn
  // Sunday is 0; the part after midnight began the day before.
  const weekday = weekdays[(wall.getUTCDay() + 6 - (isEarlyPart ? 1 : 0)) % 7]
  return weekday !== undefined && hours.days.includes(weekday)
}
