import { observed, unexplainedTrouble } from '../../domain/assess/situation.ts'
import { isLate } from '../questions.ts'
import { incident } from '../verdict.ts'
import type { Row } from './row.ts'

/** Data that is late, lost, multiplied or wrong, and whatever else connectors measured to be beyond normal. */
export const data: readonly Row[] = [
  {
    name: 'late_data',
    decide: (s) => {
      const late = observed(s, 'data_late')
      return late.length > 0 ? incident(s, late, 'The data has not arrived and its limit has passed', 0.86) : null
    },
  },
  {
    name: 'lost_or_multiplied_data',
    decide: (s) => {
      const lost = observed(s, 'data_lost', 'data_multiplied')
      return lost.some((finding) => unexplainedTrouble(s).includes(finding))
        ? incident(s, lost, 'No known pattern explains the change in volume', 0.86)
        : null
    },
  },
  {
    name: 'failed_test',
    decide: (s) => {
      const failed = observed(s, 'test_failed', 'model_failed')
      return failed.length > 0 ? incident(s, failed, 'Wrong data reaches whoever reads it', 0.86) : null
    },
  },
  {
    name: 'failed_run',
    decide: (s) => {
      const failed = observed(s, 'task_failed', 'run_failed')
      return failed.length > 0
        ? incident(s, failed, 'It ended without result, and nothing says why or that it recovers', 0.8)
        : null
    },
  },
  {
    name: 'late_run',
    decide: (s) => {
      const slow = isLate(s) ? observed(s, 'task_slow', 'run_slow') : []
      const late = [...observed(s, 'task_stuck', 'run_late'), ...slow]
      return late.length > 0
        ? incident(s, late, 'It runs longer than usual, and longer than its promise leaves room for', 0.85)
        : null
    },
  },
  {
    name: 'beyond_normal',
    decide: (s) => {
      const beyond = observed(s, 'beyond_normal').filter(() => observed(s, 'within_normal').length === 0)
      return beyond.length > 0 ? incident(s, beyond, 'No known pattern reaches so far', 0.82) : null
    },
  },
]
