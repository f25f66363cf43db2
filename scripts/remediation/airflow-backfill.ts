import { writeSettingNames } from '../connectors/airflow/access.ts'
import type { DagRun } from '../connectors/airflow/answers.ts'
import type { BackfillBody } from '../connectors/airflow/changes.ts'
import type { Airflow } from '../connectors/airflow/client.ts'
import type { Remediation } from '../domain/decision.ts'
import { ofKind } from '../domain/evidence.ts'
import { hasStatus } from '../lib/http.ts'
import { changing, dagForFix, dagOf, openForFix, openToLook, refused } from './airflow/fix.ts'
import { planOf, type RemediationRow } from './remediation.ts'
import { markField, markOf } from './shared/mark.ts'

/** A backfill of more runs than this is more than a fix. */
const mostRuns = 31

/** Runs again the scheduled runs of a DAG that failed, between the first and the last of them, one after the other. */
export const airflowBackfill: RemediationRow = {
  template: 'airflow_backfill',
  targetKind: 'dag',
  settings: writeSettingNames,
  params: planOf('dag_id', 'from', 'to'),
  policyName: ({ target, params }) => params.dag_id ?? target,
  touches: dagOf,

  plan(target, evidence) {
    const runs = ofKind(evidence, 'dag_run').filter(
      ({ source, data }) => source === 'airflow' && data.dag_id === target,
    )
    const failed = runs.filter(({ data }) => data.state === 'failed')
    // While one is at work, its own end may need what a backfill would change.
    if (runs.some(({ data }) => data.state === 'running' || data.state === 'queued')) return null
    const times = failed.flatMap(({ data }) => scheduledFor(data.run_id ?? '') ?? []).sort()
    const [from, to] = [times[0], times.at(-1)]
    const last = failed[0]?.data
    if (!from || !to || !last?.run_id || last.is_paused === true) return null
    // Of two Airflows with a DAG of this name, it is not certain which one is meant.
    if (new Set(failed.map(({ data }) => data.system ?? null)).size > 1) return null
    return { ...(last.system ? { system: last.system } : {}), dag_id: target, run_id: last.run_id, from, to }
  },

  async dryRun(remediation, settings, signal) {
    const airflow = openForFix(remediation, settings, signal)
    const times = await wanted(airflow, remediation)
    return `${times.length} runs of ${remediation.params.dag_id} would run again, one after the other: ${times.join(', ')}.`
  },

  async wasDone(remediation, key, settings, signal) {
    const airflow = openForFix(remediation, settings, signal)
    return (await ownBackfill(airflow, remediation, markOf(key))) !== null
  },

  async execute(remediation, key, settings, signal) {
    const airflow = openForFix(remediation, settings, signal)
    const body = bodyOf(remediation)
    await wanted(airflow, remediation)
    try {
      const { id } = await airflow.startBackfill({ ...body, dag_run_conf: { [markField]: markOf(key) } })
      return `started backfill ${id} of ${body.dag_id}, from ${body.from_date} to ${body.to_date}`
    } catch (thrown) {
      // One is at work: this very call, made before, or another.
      const own = hasStatus(thrown, 409) ? await ownBackfill(airflow, remediation, markOf(key)) : null
      if (own) return `started backfill ${own.id} of ${body.dag_id}`
      return await changing(Promise.reject(thrown))
    }
  },

  async verify(remediation, settings, signal) {
    const airflow = openToLook(remediation, settings, signal)
    const { dag_id } = bodyOf(remediation)
    const own = await ownBackfill(airflow, remediation)
    if (!own) return { state: 'bad', detail: `${dag_id} has no backfill of these runs` }
    const runs = await runsBetween(airflow, remediation)
    const failed = runs.find(({ state }) => state === 'failed')
    if (!own.completed_at) {
      const ended = runs.filter(({ state }) => state === 'success').length
      return {
        state: 'working',
        detail: `backfill ${own.id} of ${dag_id}: ${ended} of ${runs.length} runs have ended well`,
      }
    }
    if (failed) return { state: 'bad', detail: `run ${failed.dag_run_id} of ${dag_id} failed again` }
    return { state: 'well', detail: `backfill ${own.id} of ${dag_id} is complete, and ${runs.length} runs ended well` }
  },

  async undo(remediation, key, settings, signal) {
    const airflow = openForFix(remediation, settings, signal)
    const own = await ownBackfill(airflow, remediation, markOf(key))
    if (!own || own.completed_at) return 'nothing of it was left to take back'
    await airflow.cancelBackfill(own.id).catch((thrown: unknown) => {
      if (!hasStatus(thrown, 409)) throw thrown
    })
    return `what had not run of backfill ${own.id} was cancelled`
  },
}

/** When a scheduled run was due, from its id; null of any other run: a backfill makes none of those again. */
function scheduledFor(runId: string): string | null {
  const [, time = ''] = /^(?:scheduled|backfill)__(.+)$/.exec(runId) ?? []
  const at = Date.parse(time)
  return Number.isNaN(at) ? null : new Date(at).toISOString()
}

/** The times that would run, when they may. @throws AppError E_FIX_REFUSED */
async function wanted(airflow: Airflow, remediation: Remediation): Promise<string[]> {
  const body = bodyOf(remediation)
  await dagForFix(airflow, body.dag_id)
  const busy = (await airflow.backfills(body.dag_id)).find(({ completed_at }) => !completed_at)
  if (busy) throw refused(`${body.dag_id} has backfill ${busy.id} at work.`)
  const times = await changing(airflow.tryBackfill(body))
  if (times.length === 0)
    throw refused(`No run of ${body.dag_id} between ${body.from_date} and ${body.to_date} failed.`)
  if (times.length > mostRuns) throw refused(`${times.length} runs of ${body.dag_id} would run again.`)
  return times
}

/** This product's backfill of the planned time; of one key, or of whichever. */
async function ownBackfill(airflow: Airflow, remediation: Remediation, mark?: string) {
  const { dag_id, from_date, to_date } = bodyOf(remediation)
  const found = (await airflow.backfills(dag_id)).filter(
    (one) =>
      Date.parse(one.from_date) === Date.parse(from_date) &&
      Date.parse(one.to_date) === Date.parse(to_date) &&
      one.dag_run_conf?.[markField] !== undefined &&
      (mark === undefined || one.dag_run_conf[markField] === mark),
  )
  return found.toSorted((a, b) => b.id - a.id)[0] ?? null
}

async function runsBetween(airflow: Airflow, remediation: Remediation): Promise<DagRun[]> {
  const { dag_id, from_date, to_date } = bodyOf(remediation)
  const runs = (await airflow.runs(dag_id, 100)) ?? []
  return runs.filter(({ dag_run_id }) => {
    const time = scheduledFor(dag_run_id)
    return time !== null && time >= from_date && time <= to_date
  })
}

/** @throws AppError E_FIX_REFUSED for a plan without a time */
function bodyOf({ target, params }: Remediation): BackfillBody {
  const { dag_id, from, to } = params
  if (!dag_id || !from || !to) throw refused(`The plan for ${target} names no time.`)
  return {
    dag_id,
    from_date: from,
    to_date: to,
    reprocess_behavior: 'failed',
    max_active_runs: 1,
    run_backwards: false,
    dag_run_conf: {},
  }
}
