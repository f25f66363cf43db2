import { found, observed, observedTrouble, type Situation, unexplainedTrouble } from '../domain/assess/situation.ts'
import {
  claims,
  failsRepeatedly,
  isLate,
  isOwn,
  knowsPace,
  needsMoreThanRestart,
  passes,
  willFailAgain,
} from './questions.ts'
import { fix, harmless, incident, type Verdict } from './verdict.ts'

/** One row: when it applies it answers, with what it rests on and why. */
export interface Row {
  readonly name: string
  readonly decide: (situation: Situation) => Verdict | null
}

/**
 * The decision table, read from the top; the first row that applies decides.
 * First what explains the alert away without any trouble of its own, then trouble that connectors read, from the most
 * telling to the least, then signs that all is well, at last the payload's word alone.
 */
export const rows: readonly Row[] = [
  {
    name: 'resolved_by_monitor',
    decide: (s) =>
      s.allResolved && observedTrouble(s).length === 0
        ? harmless(s, [], 'no alert of it fires any more, says its own monitor', 0.9)
        : null,
  },
  {
    name: 'planned_maintenance',
    decide: (s) => {
      if (!s.maintenance || willFailAgain(s).length > 0) return null
      const { id, data } = s.maintenance
      const window = `planned maintenance "${data.name}" covers it until ${data.until}`
      return { ...harmless(s, [], window, 0.92), action: 'dismiss', alsoCites: [id] }
    },
  },
  {
    name: 'lower_environment',
    decide: (s) =>
      s.isProduction
        ? null
        : {
            ...harmless(
              s,
              observedTrouble(s),
              'it is not production: a staging, test or development environment',
              0.88,
            ),
            action: 'log_only',
          },
  },
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
      return locks.length > 0
        ? incident(s, locks, 'The holder of the lock is at work: ending it would undo its work, so people judge', 0.85)
        : null
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
        return {
          ...incident(s, changes, 'Nothing is known to read it', 0.8, true),
          isIncident: false,
          action: 'log_only',
          severity: 'LOW',
        }
      }
      return incident(s, trouble, 'Who reads it is not known', 0.75)
    },
  },
  {
    name: 'deterministic_failure',
    decide: (s) => {
      const trouble = willFailAgain(s)
      return trouble.length > 0
        ? incident(
            s,
            trouble,
            'It fails again however often it is started: somebody has to change something first',
            0.9,
          )
        : null
    },
  },
  {
    name: 'stuck_task',
    decide: (s) => {
      const stuck = observed(s, 'task_stuck').find(isOwn)
      if (!stuck) return null
      const verdict = incident(s, [stuck], 'A task that runs so much longer than usual does not end by itself', 0.9)
      return s.urgency === 'breached' && needsMoreThanRestart(s).length === 0
        ? { ...verdict, ...fix('airflow_clear_task', stuck) }
        : verdict
    },
  },
  {
    name: 'transient_task_failure',
    decide: (s) => {
      const failed = observed(s, 'task_failed').find((finding) => isOwn(finding) && passes(finding))
      if (!failed) return null
      if (failsRepeatedly(s, failed)) {
        const reason =
          'The cause looks transient, but it has failed again and again: a restart hides more than it mends'
        return incident(s, [failed], reason, 0.75)
      }
      const others = needsMoreThanRestart(s)
      if (others.length > 0)
        return incident(s, [failed, ...others], 'A restart alone does not mend what else is wrong', 0.8)
      const reason = 'The cause passes by itself, and no retry is left: it needs one more start'
      const verdict = incident(s, [failed], reason, 0.88)
      return { ...verdict, ...fix('airflow_clear_task', failed) }
    },
  },
  {
    name: 'transient_model_failure',
    decide: (s) => {
      const failed = observed(s, 'model_failed').find((finding) => isOwn(finding) && passes(finding))
      if (!failed) return null
      const verdict = incident(s, [failed], 'The cause passes by itself: the model needs one more run', 0.85)
      return needsMoreThanRestart(s).length === 0 ? { ...verdict, ...fix('dbt_retry', failed) } : verdict
    },
  },
  {
    name: 'retry_pending',
    decide: (s) => {
      const retrying = observed(s, 'task_retrying')
      const others = observedTrouble(s).filter(({ sign }) => sign !== 'run_late')
      if (retrying.length === 0 || others.length > 0) return null
      if (s.urgency === 'breached' || s.urgency === 'near') {
        return incident(s, retrying, 'A retry is left, but the promised time runs out before one can count on it', 0.8)
      }
      return { ...harmless(s, retrying, 'a retry is left and there is time for it', 0.87), action: 'log_only' }
    },
  },
  {
    name: 'upstream_trouble',
    decide: (s) => {
      const above = observedTrouble(s).filter(({ relation }) => relation === 'upstream')
      const own = observedTrouble(s).filter(({ relation }) => relation === 'subject')
      return above.length > 0
        ? incident(s, [...above, ...own], 'The cause is upstream: what is below it follows (cascade)', 0.85)
        : null
    },
  },
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
      const late = [
        ...observed(s, 'task_stuck', 'run_late'),
        ...(isLate(s) ? observed(s, 'task_slow', 'run_slow') : []),
      ]
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
    name: 'recovered',
    decide: (s) => {
      const well = observed(s, 'recovered')
      return well.length > 0 ? harmless(s, well, 'it has recovered: it is well again', 0.9) : null
    },
  },
  {
    name: 'within_normal',
    decide: (s) => {
      const normal = observed(s, 'within_normal')
      return normal.length > 0 ? harmless(s, normal, 'a known, regular pattern explains it', 0.9) : null
    },
  },
  {
    name: 'not_due_yet',
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
      return grown.length > 0 && s.category === 'schema_change'
        ? { ...harmless(s, grown, 'it adds and takes nothing away', 0.85), action: 'log_only' }
        : null
    },
  },
  {
    name: 'cannot_check',
    decide: (s) => {
      const [missing] = s.unavailable
      if (!missing) return null
      const reason = `${missing.data.system} did not answer, so the alert can't be checked and counts as real`
      return { ...incident(s, claims(s), reason, 0.5), alsoCites: s.unavailable.map(({ id }) => id) }
    },
  },
  {
    name: 'claimed_pattern_low_stakes',
    decide: (s) => {
      const normal = found(s, 'claimed_normal', 'within_normal')
      return normal.length > 0 &&
        s.isLowStakes &&
        !s.claimedFailure &&
        claims(s).length === 0 &&
        s.urgency !== 'breached'
        ? harmless(s, normal, 'the load is expected, and the catalogue knows nothing that depends on it', 0.86)
        : null
    },
  },
  {
    name: 'confirmed_noise',
    decide: (s) => {
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
      return incident(s, claims(s), reason, 0.65)
    },
  },
]
