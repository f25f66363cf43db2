import { observedTrouble } from '../../domain/assess/situation.ts'
import { willFailAgain } from '../questions.ts'
import { harmless } from '../verdict.ts'
import type { Row } from './row.ts'

/** What explains the alert away before anybody looks for its cause. */
export const explainedAway: readonly Row[] = [
  {
    name: 'resolved_by_monitor',
    isCheap: true,
    decide: (s) =>
      s.allResolved && observedTrouble(s).length === 0
        ? harmless(s, [], 'no alert of it fires any more, says its own monitor', 0.9)
        : null,
  },
  {
    name: 'planned_maintenance',
    isCheap: true,
    decide: (s) => {
      if (!s.maintenance || willFailAgain(s).length > 0) return null
      const { id, data } = s.maintenance
      const window = `planned maintenance "${data.name}" covers it until ${data.until}`
      return { ...harmless(s, [], window, 0.92), action: 'dismiss', alsoCites: [id] }
    },
  },
  {
    name: 'lower_environment',
    isCheap: true,
    decide: (s) => {
      if (s.isProduction) return null
      const reason = 'it is not production: a staging, test or development environment'
      return { ...harmless(s, observedTrouble(s), reason, 0.88), action: 'log_only' }
    },
  },
]
