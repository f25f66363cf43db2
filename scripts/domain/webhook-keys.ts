import { z } from 'zod'

/** The two keys that the webhook lets in, each by a digest of it; null where there is none. */
export interface KeyPair {
  current: string | null
  previous: string | null
}

/** A time in which the webhook had the same two keys. Seen once a minute: what lies between two periods is not known. */
export const KeyPeriod = z.object({
  current: z.string().nullable(),
  previous: z.string().nullable(),
  from: z.coerce.date(),
  until: z.coerce.date(),
})
export type KeyPeriod = z.infer<typeof KeyPeriod>

/** Rotations further back than this are not told apart. */
const mostPeriods = 20

/** The periods, newest first, once these keys were seen now. What was before the first look is taken to be as it was then. */
export function notePeriod(periods: readonly KeyPeriod[], { current, previous }: KeyPair, now: Date): KeyPeriod[] {
  const [newest, ...older] = periods
  if (newest && newest.current === current && newest.previous === previous) return [{ ...newest, until: now }, ...older]
  const from = newest ? now : new Date(0)
  return [{ current, previous, from, until: now }, ...periods].slice(0, mostPeriods)
}

/**
 * What the key that something last came with is today. `current` and `previous` are let in; `replaced` is let in as
 * well: it was the current one then, is the previous one now, and nothing came since; `retired` is let in no more.
 */
export const KeyState = z.enum(['current', 'previous', 'replaced', 'retired'])
export type KeyState = z.infer<typeof KeyState>

/** When something last came, and as which of the two its key counted then. */
export interface KeyUse {
  as: 'current' | 'previous'
  at: Date
}

/**
 * The state of that key now, and since when it has been so where it changed since. Null where it can't be told: it came
 * while the keys were being changed. Without periods nothing is known of a change, and the key counts as it did then.
 */
export function keyState(
  periods: readonly KeyPeriod[],
  { as, at }: KeyUse,
): { state: KeyState; since: Date | null } | null {
  const [newest] = periods
  if (!newest || at >= newest.from) return { state: as, since: null }
  const then = periods.findIndex(({ from }) => from <= at)
  const period = periods[then]
  const key = period?.[as]
  if (!key || (at > period.until && periods[then - 1]?.[as] !== key)) return null
  const today = partOf(key, newest)
  if (today === as) return { state: as, since: null }
  let since = newest.from
  for (const later of periods.slice(0, then)) {
    if (partOf(key, later) !== today) break
    since = later.from
  }
  return { state: today === null ? 'retired' : today === 'previous' ? 'replaced' : 'current', since }
}

function partOf(key: string, { current, previous }: KeyPair): keyof KeyPair | null {
  return key === current ? 'current' : key === previous ? 'previous' : null
}
