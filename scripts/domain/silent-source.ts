/** What is known of a source that should be heard. */
export interface Expected {
  everyMinutes: number
  lastHeard: Date | null
  /** Since when it is expected. */
  expectedSince: Date
  /** Since when people know that it is silent; null while it is not. */
  silentSince: Date | null
}

const minute = 60_000

/** What a source's silence calls for. `missed`: it has just become too long; `back`: it speaks again. */
export type Hearing = 'well' | 'missed' | 'silent' | 'back'

/**
 * Judges a source at `now`. What it could not have told us counts for nothing: its time begins anew when it is first
 * expected, and when we came back after an outage of our own (`listeningSince`). A missed beat is no silence yet: the
 * next one must be late as well.
 */
export function hearing(expected: Expected, listeningSince: Date, now: Date): Hearing {
  const { lastHeard, silentSince, everyMinutes } = expected
  if (silentSince) return lastHeard && lastHeard > silentSince ? 'back' : 'silent'
  const from = Math.max(lastHeard?.getTime() ?? 0, expected.expectedSince.getTime(), listeningSince.getTime())
  return now.getTime() - from > (everyMinutes + graceMinutes(everyMinutes)) * minute ? 'missed' : 'well'
}

/** How late a beat may be: one in ten of its interval, from one minute to half an hour. */
function graceMinutes(every: number): number {
  return Math.min(Math.max(every / 10, 1), 30)
}
