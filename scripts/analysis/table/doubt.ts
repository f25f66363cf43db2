import type { History } from '../../domain/assess/history.ts'
import { found, type Situation } from '../../domain/assess/situation.ts'
import { besides, claims, isLate } from '../questions.ts'
import { harmless, incident, type Verdict } from '../verdict.ts'
import type { Row } from './row.ts'

/** A system that is needed is silent: what it would say is not guessed. */
export const silence: readonly Row[] = [
  {
    name: 'cannot_check',
    decide: (s) => {
      const [missing] = s.unavailable
      if (!missing) return null
      const reason = `${missing.data.system} did not answer, so the alert can't be checked and counts as real`
      return { ...incident(s, claims(s), reason, 0.5), alsoCites: s.unavailable.map(({ id }) => id) }
    },
  },
]

/** Nothing was observed: what the payload says, what people remember, and else the monitor is believed. */
export const doubt: readonly Row[] = [
  {
    name: 'claimed_pattern_low_stakes',
    decide: (s) => {
      const normal = found(s, 'claimed_normal', 'within_normal')
      const isCalm = !s.claimedFailure && claims(s).length === 0 && s.urgency !== 'breached'
      return normal.length > 0 && s.isLowStakes && isCalm
        ? harmless(s, normal, 'the load is expected, and the catalogue knows nothing that depends on it', 0.86)
        : null
    },
  },
  {
    name: 'confirmed_noise',
    isCheap: true,
    decide: (s) => {
      if (s.history.trusted) return byTrust(s, s.history.trusted)
      const noise = s.history.confirmedNoise
      if (noise.length === 0 || s.history.wasReal.length > 0 || !s.isCatalogued || s.level.tier === 1) return null
      if (s.claimedFailure || claims(s).length > 0 || isLate(s)) return null
      const reason = `people confirmed that the same alert was noise (${noise.length} times), and nothing differs`
      const isSure = noise.length >= 2 && s.isLowStakes
      const verdict = { ...harmless(s, [], reason, isSure ? 0.82 : 0.7), alsoCites: noise.map(({ id }) => id) }
      return isSure ? verdict : { ...verdict, action: 'log_only' }
    },
  },
  {
    name: 'alert_alone',
    decide: (s) => {
      const reason = 'No system that was asked confirms or denies it, so the monitor is believed'
      const nearby = besides(s)
      return { ...incident(s, claims(s), reason, 0.65), nearby }
    },
  },
]

/** People confirmed the very condition often enough. What is of the highest tier, late, or was real nearby stays theirs. */
function byTrust(s: Situation, { cited, memory }: NonNullable<History['trusted']>): Verdict | null {
  const isTheirs = !s.isCatalogued || s.level.tier === 1 || isLate(s) || s.history.wasReal.length > 0
  if (isTheirs) return null
  const { confirmations, people, days, until } = memory
  const who = `${people === 1 ? 'one person' : `${people} people`} on ${days === 1 ? 'one day' : `${days} days`}`
  const reason = `people confirmed that it is noise (${confirmations} times: ${who}), nothing differs from then, and that holds until ${until?.slice(0, 10)}`
  return { ...harmless(s, [], reason, 0.85), action: 'dismiss', alsoCites: [cited.id] }
}
