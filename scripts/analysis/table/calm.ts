import { found, observed } from '../../domain/assess/situation.ts'
import { isLate, knowsPace } from '../questions.ts'
import { harmless } from '../verdict.ts'
import type { Row } from './row.ts'

/** Signs, read by connectors, that nothing is wrong any more: they hold although some other system is silent. */
export const over: readonly Row[] = [
  {
    name: 'recovered',
    isCheap: true,
    decide: (s) => {
      const well = observed(s, 'recovered')
      if (well.length === 0) return null
      const alike = [...observed(s, 'within_normal', 'not_due'), ...found(s, 'schema_grown')]
      const verdict = harmless(s, [...well, ...alike], 'it has recovered: it is well again', 0.9)
      return s.unavailable.length > 0 ? { ...verdict, action: 'log_only' } : verdict
    },
  },
]

/** Signs, read by connectors, that nothing is wrong. */
export const calm: readonly Row[] = [
  {
    name: 'slow_in_time',
    decide: (s) => {
      const slow = observed(s, 'task_slow', 'run_slow', 'in_time')
      return slow.length > 0 && !isLate(s) && knowsPace(s)
        ? { ...harmless(s, slow, 'it is at work and still within its time', 0.84), action: 'log_only' }
        : null
    },
  },
  {
    name: 'warning_only',
    decide: (s) => {
      const warned = observed(s, 'test_warned', 'data_aging')
      return warned.length > 0 && !isLate(s)
        ? { ...harmless(s, warned, 'it is a warning below the limit that the team has set', 0.84), action: 'log_only' }
        : null
    },
  },
  {
    name: 'within_normal',
    isCheap: true,
    decide: (s) => {
      const normal = observed(s, 'within_normal')
      return normal.length > 0 ? harmless(s, normal, 'a known, regular pattern explains it', 0.9) : null
    },
  },
  {
    name: 'not_due_yet',
    isCheap: true,
    decide: (s) => {
      const early = observed(s, 'not_due')
      return early.length > 0 ? { ...harmless(s, early, 'it is not due yet', 0.87), action: 'log_only' } : null
    },
  },
  {
    name: 'brief_lock',
    decide: (s) => {
      const brief = observed(s, 'lock_brief')
      return brief.length > 0
        ? { ...harmless(s, brief, 'the lock is short and holds nobody up', 0.85), action: 'log_only' }
        : null
    },
  },
  {
    name: 'added_column',
    decide: (s) => {
      const grown = found(s, 'schema_grown')
      const isAboutSchema = s.category === 'schema_change' || s.category === 'unknown'
      return grown.length > 0 && isAboutSchema
        ? { ...harmless(s, grown, 'it adds or widens, and takes nothing away', 0.85), action: 'log_only' }
        : null
    },
  },
]
