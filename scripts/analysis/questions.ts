import type { Finding } from '../domain/assess/finding.ts'
import { observed, observedTrouble, type Situation } from '../domain/assess/situation.ts'
import { ofKind } from '../domain/evidence.ts'

export function isOwn({ relation }: Finding): boolean {
  return relation === 'subject' || relation === 'related'
}

/** Failures, finished or about to be retried, whose cause stays. */
export function willFailAgain(s: Situation): Finding[] {
  return observed(s, 'task_failed', 'task_retrying', 'run_failed', 'model_failed', 'sync_failed', 'test_failed').filter(
    ({ failure }) => failure?.deterministic === true,
  )
}

/** A restart is no cure while the input is missing, a lock is held, or rows are wrong. */
export function needsMoreThanRestart(s: Situation): Finding[] {
  return [
    ...new Set([
      ...upstreamTrouble(s),
      ...observed(s, 'data_late', 'lock_working', 'lock_abandoned', 'test_failed', 'schema_broken'),
    ]),
  ]
}

/** Failed in the last runs too: what passes by itself would have passed. */
export function failsRepeatedly(s: Situation, failed: Finding): boolean {
  return s.evidence.some((item) => {
    if (item.kind === 'task_history' && `${item.data.dag_id}.${item.data.task_id}` === failed.target) {
      return isFailureThrice(item.data.recent)
    }
    return item.kind === 'sync_job' && item.data.connection_id === failed.target && isFailureThrice(item.data.recent)
  })
}

function isFailureThrice(recent: readonly string[] | null | undefined): boolean {
  return recent?.slice(0, 3).filter((state) => state === 'failed').length === 3
}

/** Whether anything says how long it may take. */
export function knowsPace(s: Situation): boolean {
  const isUsualKnown = s.evidence.some(
    (item) => item.kind === 'dag_run' && item.source !== 'alert' && item.data.typical_duration_s,
  )
  return isUsualKnown || s.level.minutesLeft !== null
}

export function passes({ failure }: Finding): boolean {
  return failure?.deterministic === false
}

export function isLate(s: Situation): boolean {
  return s.urgency === 'breached' || s.urgency === 'near'
}

/** Trouble that only the payload tells of. */
export function claims(s: Situation): Finding[] {
  return s.findings.filter((finding) => finding.isWrong && !finding.observed)
}

/** Trouble above it, by the lineage that connectors read. */
export function upstreamTrouble(s: Situation): Finding[] {
  return observedTrouble(s).filter(({ relation }) => relation === 'upstream')
}

/** Trouble of something else that was seen at the same time. Where the lineage is known, it is known to be unrelated. */
export function besides(s: Situation): Finding[] {
  const isLineageKnown = ofKind(s.evidence, 'lineage').some(({ source }) => source !== 'alert')
  return isLineageKnown ? [] : s.findings.filter((one) => one.isWrong && one.observed && one.relation === 'other')
}
