import { type EvidenceOf, ofKind } from '../evidence.ts'
import { spellFailedFirst } from '../failed-first.ts'
import { classifyFailure, spellFailure } from './failure-class.ts'
import { duration, type Finding, type Reading, type View } from './finding.ts'
import { elapsedMinutes, instantOf } from './service-level.ts'

export function readTask(item: EvidenceOf<'task_failure'>, view: View): Reading | null {
  const { data } = item
  const name = `${data.dag_id}.${data.task_id}`
  const failure = classifyFailure(data.log_excerpt) ?? classifyFailure(item.summary)
  const common = { relation: view.around.relationOf(name, 'pipeline'), failure, target: name }
  const tries = data.try_number == null ? '' : ` at try ${data.try_number}${ofAll(data)}`
  const why = failure ? `: ${spellFailure(failure)}` : ''
  const later = laterSuccess(data.dag_id, data.run_id, data.start, view)
  switch (data.state) {
    case 'failed':
      if (later) {
        const says = `task ${name} failed, and ${later.data.run_id ?? 'a later run'} succeeded since: recovered by itself`
        return { ...common, sign: 'recovered', evidence: [item.id, later.id], says }
      }
      return { ...common, sign: 'task_failed', says: `task ${name} failed${tries}${why}` }
    case 'up_for_retry':
    case 'up_for_reschedule':
    case 'restarting':
      if (later)
        return { ...common, sign: 'recovered', evidence: [item.id, later.id], says: `task ${name} recovered on retry` }
      return { ...common, sign: 'task_retrying', says: `task ${name} failed${tries}, and a retry is left${why}` }
    case 'running':
      return readRunningTask(item, common, view)
    case 'success':
      return { ...common, sign: 'recovered', failure: null, says: `task ${name} succeeded` }
    default:
      return null
  }
}

/** Airflow calls the retries after the first try `max_tries`: a task without any is at try 1, not at 1 of 0. */
function ofAll({ try_number: tries, max_tries: most }: EvidenceOf<'task_failure'>['data']): string {
  return most == null || tries == null || most < tries ? '' : ` of ${most}`
}

/** Twice what is usual is stuck; half as much again is slow. */
const stuckFactor = 2
const slowFactor = 1.4

function readRunningTask(
  item: EvidenceOf<'task_failure'>,
  common: Pick<Finding, 'relation' | 'failure' | 'target'>,
  view: View,
): Reading | null {
  const { data } = item
  const run = ofKind(view.evidence, 'dag_run').find(
    (one) =>
      // What the payload claims to be usual never makes a task that a connector saw look stuck.
      (one.source === 'alert') === (item.source === 'alert') &&
      one.data.dag_id === data.dag_id &&
      (!data.run_id || !one.data.run_id || one.data.run_id === data.run_id),
  )
  const elapsed = elapsedMinutes(data, view.now) ?? (run ? elapsedMinutes(run.data, view.now) : null)
  const own = typicalMinutes(data)
  const typical = own ?? typicalMinutes(run?.data)
  const evidence = run ? [item.id, run.id] : [item.id]
  const lasted = elapsed === null ? '' : ` for ${duration(elapsed)}`
  const usual = typical === null ? '' : `, usually ${duration(typical)}${own === null ? ' for the whole run' : ''}`
  const says = `task ${common.target} runs${lasted}${usual}`
  if (common.failure?.name === 'worker_lost') {
    return { ...common, sign: 'task_stuck', evidence, says: `${says}; ${spellFailure(common.failure)} (stuck)` }
  }
  if (elapsed === null || typical === null) {
    const isAgain = (data.try_number ?? 1) > 1
    return isAgain
      ? {
          ...common,
          sign: 'task_retrying',
          evidence,
          says: `${says}, at try ${data.try_number}${ofAll(data)}`,
        }
      : { ...common, sign: 'task_slow', evidence, says }
  }
  if (elapsed >= typical * stuckFactor)
    return { ...common, sign: 'task_stuck', evidence, says: `${says} (stuck, too long)` }
  if (elapsed >= typical * slowFactor) return { ...common, sign: 'task_slow', evidence, says: `${says} (slow)` }
  return { ...common, sign: 'in_time', evidence, says }
}

/** A sync's status says nothing of why it failed: what its monitor says of that is all there is. */
export function readSync(item: EvidenceOf<'sync_job'>, view: View): Reading | null {
  const { data } = item
  const name = data.connection ?? data.connection_id
  const common = { relation: view.around.relationOf(item.asset ?? name, 'job'), target: data.connection_id }
  if (data.status === 'failed') {
    const told = view.alerts.map(({ title, description }) => `${title}\n${description}`)
    const failure = told.map((text) => classifyFailure(text)).find((found) => found !== null) ?? null
    const why = failure ? `: ${spellFailure(failure)}` : ''
    return {
      ...common,
      failure,
      sign: 'sync_failed',
      says: `sync${data.job_id ? ` ${data.job_id}` : ''} of ${name} failed${why}`,
    }
  }
  const ended = instantOf(data.end, view.now)
  return data.status === 'succeeded' && ended !== null && ended >= view.began
    ? { ...common, sign: 'recovered', says: `${name} was synced since the alert: recovered` }
    : null
}

export function readRun(item: EvidenceOf<'dag_run'>, view: View): Reading | null {
  const { data } = item
  const common = { relation: view.around.relationOf(data.dag_id, 'pipeline'), target: data.dag_id }
  const name = `run ${data.run_id ?? ''} of ${data.dag_id}`.replace('  ', ' ')
  if (data.state === 'success') {
    return endedAfter(item, view) && !isOvertaken(item, view)
      ? { ...common, sign: 'recovered', says: `${name} succeeded since the alert: recovered` }
      : null
  }
  if (data.state === 'failed') {
    const later = laterSuccess(data.dag_id, undefined, data.start, view)
    if (later)
      return {
        ...common,
        sign: 'recovered',
        evidence: [item.id, later.id],
        says: `${name} failed, a later run succeeded`,
      }
    const first = failedFirst(item, view)
    const evidence = first ? { evidence: [item.id, first.lineage] } : {}
    const says = first?.says ?? `${name} failed`
    return { ...common, ...evidence, sign: 'run_failed', failure: classifyFailure(item.summary), says }
  }
  if (data.state !== 'running') return null
  const elapsed = elapsedMinutes(data, view.now)
  const typical = typicalMinutes(data)
  const says = `${name} runs for ${duration(elapsed ?? 0)}${typical === null ? '' : `, usually ${duration(typical)}`}`
  if (elapsed === null || typical === null) return { ...common, sign: 'run_slow', says }
  if (elapsed >= typical * stuckFactor) return { ...common, sign: 'run_late', says: `${says} (too long)` }
  if (elapsed >= typical * slowFactor) return { ...common, sign: 'run_slow', says: `${says} (slow)` }
  return { ...common, sign: 'in_time', says: `${says} (as usual)` }
}

/** For a run above, that it failed before what it feeds, and by what it feeds it, as its orchestrator says. */
function failedFirst({ data }: EvidenceOf<'dag_run'>, view: View): { lineage: string; says: string } | null {
  for (const { id, source, data: lineage } of ofKind(view.evidence, 'lineage')) {
    const found = source === 'alert' ? [] : (lineage.failed_first ?? [])
    const own = found.find((one) => one.dag_id === data.dag_id && one.run_id === data.run_id)
    if (own) return { lineage: id, says: spellFailedFirst(own) }
  }
  return null
}

function typicalMinutes(data: { typical_duration_s?: number | null | undefined } | undefined): number | null {
  return data?.typical_duration_s ? data.typical_duration_s / 60 : null
}

/** A success of the same run, or of one that began later. */
function laterSuccess(
  dag: string,
  run: string | null | undefined,
  start: string | null | undefined,
  view: View,
): EvidenceOf<'dag_run'> | undefined {
  const runs = ofKind(view.evidence, 'dag_run').filter((item) => item.data.dag_id === dag && item.source !== 'alert')
  const failedRun = runs.find((item) => run && item.data.run_id === run && item.data.state === 'failed')
  const failedAt = instantOf(start ?? failedRun?.data.start, view.now)
  return runs.find((item) => {
    if (item.data.state !== 'success') return false
    if (run && item.data.run_id === run) return true
    const began = instantOf(item.data.start, view.now)
    return began !== null && failedAt !== null ? began > failedAt : endedAfter(item, view)
  })
}

/** A later run of the DAG that has not ended well: what this one did says nothing about now. */
function isOvertaken(item: EvidenceOf<'dag_run'>, view: View): boolean {
  const began = instantOf(item.data.start, view.now)
  return ofKind(view.evidence, 'dag_run').some((other) => {
    if (other.source === 'alert' || other.data.dag_id !== item.data.dag_id || other.data.state === 'success')
      return false
    const otherBegan = instantOf(other.data.start, view.now)
    return began !== null && otherBegan !== null && otherBegan > began
  })
}

function endedAfter(item: EvidenceOf<'dag_run'>, view: View): boolean {
  const ended = instantOf(item.data.end, view.now)
  return ended !== null && ended >= view.began
}
