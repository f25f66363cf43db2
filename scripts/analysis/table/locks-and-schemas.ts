import { found, observed } from '../../domain/assess/situation.ts'
import { willFailAgain } from '../questions.ts'
import { fix, incident } from '../verdict.ts'
import type { Row } from './row.ts'

/** Locks that hold others up, and schemas that broke what reads them. */
export const locksAndSchemas: readonly Row[] = [
  {
    name: 'abandoned_lock',
    decide: (s) => {
      const [lock] = observed(s, 'lock_abandoned')
      if (!lock) return null
      const rest = 'Whoever waits for it goes on once the idle session that holds the lock is ended'
      return { ...incident(s, [lock], rest, 0.88), ...fix('release_lock', lock) }
    },
  },
  {
    name: 'working_lock',
    decide: (s) => {
      const locks = observed(s, 'lock_working')
      const rest = 'The holder of the lock is at work: ending it would undo its work, so people judge'
      return locks.length > 0 ? incident(s, locks, rest, 0.85) : null
    },
  },
  {
    name: 'breaking_schema_change',
    decide: (s) => {
      const changes = found(s, 'schema_broken')
      if (changes.length === 0) return null
      const trouble = [...changes, ...willFailAgain(s)]
      if (s.affected.length > 0) return incident(s, trouble, 'What reads it breaks, and no restart mends that', 0.9)
      if (s.hasNoReaders && s.isCatalogued && willFailAgain(s).length === 0) {
        const verdict = incident(s, changes, 'Nothing is known to read it', 0.8, true)
        return { ...verdict, isIncident: false, action: 'log_only', severity: 'LOW' }
      }
      return incident(s, trouble, 'Who reads it is not known', 0.75)
    },
  },
]
