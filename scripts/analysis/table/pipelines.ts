import { observed, observedTrouble, type Situation } from '../../domain/assess/situation.ts'
import {
  failsRepeatedly,
  isLate,
  isOwn,
  needsMoreThanRestart,
  passes,
  upstreamTrouble,
  willFailAgain,
} from '../questions.ts'
import { fix, harmless, incident, type Verdict } from '../verdict.ts'
import type { Row } from './row.ts'

/** Runs, tasks and models that failed or hang: which a restart mends, and which it does not. */
export const pipelines: readonly Row[] = [
  {
    name: 'deterministic_failure',
    decide: (s) => {
      const trouble = willFailAgain(s)
      if (trouble.length === 0) return null
      const above = upstreamTrouble(s)
      const reason = 'It fails again however often it is started: somebody has to change something first'
      return incident(s, [...new Set([...above, ...trouble])], reason, 0.9)
    },
  },
  {
    name: 'stuck_task',
    decide: (s) => {
      const stuck = observed(s, 'task_stuck').find(isOwn)
      if (!stuck) return null
      const verdict = incident(s, [stuck], 'A task that runs so much longer than usual does not end by itself', 0.9)
      const isHopeless = stuck.failure?.deterministic === true || needsMoreThanRestart(s).length > 0
      return s.urgency === 'breached' && !isHopeless ? { ...verdict, ...fix('airflow_clear_task', stuck) } : verdict
    },
  },
  { name: 'out_of_memory', decide: outOfMemory },
  { name: 'transient_task_failure', decide: transientTaskFailure },
  {
    name: 'transient_model_failure',
    decide: (s) => {
      const failed = observed(s, 'model_failed').find((finding) => isOwn(finding) && passes(finding))
      if (!failed) return null
      const verdict = incident(s, [failed], 'The cause passes by itself: the model needs one more run', 0.85)
      return needsMoreThanRestart(s).length === 0 ? { ...verdict, ...fix('dbt_retry', failed) } : verdict
    },
  },
  { name: 'transient_sync_failure', decide: transientSyncFailure },
  {
    name: 'retry_pending',
    isCheap: true,
    decide: (s) => {
      const retrying = observed(s, 'task_retrying')
      const others = observedTrouble(s).filter(({ sign }) => sign !== 'run_late')
      if (retrying.length === 0 || others.length > 0) return null
      if (isLate(s)) {
        return incident(s, retrying, 'A retry is left, but the promised time runs out before one can count on it', 0.8)
      }
      return { ...harmless(s, retrying, 'a retry is left and there is time for it', 0.87), action: 'log_only' }
    },
  },
  {
    name: 'upstream_trouble',
    decide: (s) => {
      const above = upstreamTrouble(s)
      const own = observedTrouble(s).filter(({ relation }) => relation === 'subject')
      const reason = 'The cause is upstream, which failed first: what is below it follows (cascade)'
      return above.length > 0 ? incident(s, [...above, ...own], reason, 0.85) : null
    },
  },
]

/** A restart gives it the same memory for the same input. */
function outOfMemory(s: Situation): Verdict | null {
  const killed = observed(s, 'task_failed', 'model_failed').filter(
    (finding) => isOwn(finding) && finding.failure?.name === 'out_of_memory',
  )
  const reason = 'Started again it needs the same memory: it wants more of it, or less data at once'
  return killed.length > 0 ? incident(s, killed, reason, 0.86) : null
}

function transientSyncFailure(s: Situation): Verdict | null {
  const failed = observed(s, 'sync_failed').find((finding) => isOwn(finding) && passes(finding))
  if (!failed) return null
  const verdict = incident(s, [failed], 'The cause passes by itself: the connection needs one more sync', 0.85)
  return failsRepeatedly(s, failed) || needsMoreThanRestart(s).length > 0
    ? { ...verdict, confidence: Math.min(verdict.confidence, 0.75) }
    : { ...verdict, ...fix('airbyte_sync', failed) }
}

function transientTaskFailure(s: Situation): Verdict | null {
  const failed = observed(s, 'task_failed').find((finding) => isOwn(finding) && passes(finding))
  if (!failed) return null
  if (failsRepeatedly(s, failed)) {
    const reason = 'The cause looks transient, but it has failed again and again: a restart hides more than it mends'
    return incident(s, [failed], reason, 0.75)
  }
  const others = needsMoreThanRestart(s)
  if (others.length > 0) {
    return incident(s, [...others, failed], 'A restart alone does not mend what else is wrong', 0.8)
  }
  const reason = 'The cause passes by itself, and no retry is left: it needs one more start'
  return { ...incident(s, [failed], reason, 0.88), ...fix('airflow_clear_task', failed) }
}
