/** True for an IANA zone that this machine knows: `Europe/Berlin`, `UTC`. */
export function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/**
 * The instant of a time of day (`HH:MM`) on the day that it is in the zone.
 * An hour that the clock skips in spring counts as the one after it; one that comes twice in autumn as the first.
 */
export function deadlineToday(now: Date, time: string, zone: string): Date {
  const wall = wallClock(now.getTime(), zone)
  const [hour = 0, minute = 0] = time.split(':').map(Number)
  const wanted = Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate(), hour, minute)
  const before = wanted - offset(wanted - day, zone)
  const after = wanted - offset(wanted + day, zone)
  // On a day without a change both are the same; on a day with one, what reads as wanted is right.
  const right = [Math.min(before, after), Math.max(before, after)].find(
    (instant) => wallClock(instant, zone).getTime() === wanted,
  )
  return new Date(right ?? before)
}

/** The first instant of a time of day, in a zone, that is not past. */
export function nextDeadline(now: Date, time: string, zone: string): Date {
  const all = deadlinesAround(now, time, zone)
  return all.find((deadline) => deadline >= now) ?? deadlineToday(now, time, zone)
}

/** The instant of a time of day, in a zone, that is nearest: one that was missed this morning, or tomorrow's. */
export function nearestDeadline(now: Date, time: string, zone: string): Date {
  const distance = (deadline: Date) => Math.abs(deadline.getTime() - now.getTime())
  return deadlinesAround(now, time, zone).reduce((best, one) => (distance(one) < distance(best) ? one : best))
}

/** Yesterday's to tomorrow's, in order. Half days as steps: a day may have 23 or 25 hours. */
function deadlinesAround(now: Date, time: string, zone: string): Date[] {
  return [-3, -2, -1, 0, 1, 2, 3].map((half) => deadlineToday(new Date(now.getTime() + (half * day) / 2), time, zone))
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

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

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
