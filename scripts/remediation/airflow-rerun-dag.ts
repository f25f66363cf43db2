import { writeSettingNames } from '../connectors/airflow/access.ts'
import type { DagRun } from '../connectors/airflow/answers.ts'
import type { Airflow } from '../connectors/airflow/client.ts'
import type { Remediation } from '../domain/decision.ts'
import { ofKind } from '../domain/evidence.ts'
import { hasStatus } from '../lib/http.ts'
import { changing, dagForFix, dagOf, idsOf, noteOf, openForFix, openToLook, refused } from './airflow/fix.ts'
import { planOf, type RemediationRow } from './remediation.ts'
import { markOf, markPrefix } from './shared/mark.ts'

const recentRuns = 25

/** Starts a new run of a DAG whose last run failed, with the failed run's configuration. */
export const airflowRerunDag: RemediationRow = {
  template: 'airflow_rerun_dag',
  targetKind: 'dag',
  settings: writeSettingNames,
  params: planOf('dag_id', 'run_id'),

  policyName: ({ target, params }) => params.dag_id ?? target,
  touches: dagOf,

  plan(target, evidence) {
    const runs = ofKind(evidence, 'dag_run').filter((item) => item.source === 'airflow' && item.data.dag_id === target)
    // Two Airflows may each have a DAG of this name.
    if (runs.some(({ data }) => data.is_certain === false || data.system !== runs[0]?.data.system)) return null
    const failed = runs.find(({ data }) => data.state === 'failed')?.data
    // A run at work, or one that ended well, makes another one needless; a paused DAG never starts it.
    const isNeeded = runs.every(
      ({ data }) => data.state === 'failed' || Date.parse(data.start ?? '') < Date.parse(failed?.start ?? ''),
    )
    if (!failed?.run_id || !isNeeded || failed.is_paused === true) return null
    return { ...(failed.system ? { system: failed.system } : {}), dag_id: failed.dag_id, run_id: failed.run_id }
  },

  async dryRun(remediation, settings, signal) {
    const airflow = openForFix(remediation, settings, signal)
    const failed = await failedRun(airflow, remediation)
    return `A new run of ${failed.dag_id} would start, with the configuration of ${failed.dag_run_id}, which failed.`
  },

  async wasDone(remediation, key, settings, signal) {
    const airflow = openForFix(remediation, settings, signal)
    return (await airflow.run(idsOf(remediation).dagId, markOf(key))) !== null
  },

  async execute(remediation, key, settings, signal) {
    const airflow = openForFix(remediation, settings, signal)
    const { dagId } = idsOf(remediation)
    const mark = markOf(key)
    const started = `started run ${mark} of ${dagId}`
    const failed = await failedRun(airflow, remediation, mark)
    try {
      await airflow.trigger(dagId, { dag_run_id: mark, conf: failed.conf ?? {}, note: noteOf(key) })
      return started
    } catch (thrown) {
      // The id is taken: by this very call, made before, or by another run.
      const taken = hasStatus(thrown, 409) ? await airflow.run(dagId, mark) : null
      if (taken?.note?.includes(mark)) return started
      return await changing(Promise.reject(thrown))
    }
  },

  async wasDoneByHand(remediation, since, settings, signal) {
    const airflow = openToLook(remediation, settings, signal)
    const events = await airflow.events(idsOf(remediation).dagId, 'trigger_dag_run')
    return events.some(({ when, extra }) => Date.parse(when ?? '') >= since.getTime() && !extra?.includes(markPrefix))
  },

  async verify(remediation, settings, signal) {
    const airflow = openToLook(remediation, settings, signal)
    const { dagId, runId } = idsOf(remediation)
    const runs = (await airflow.runs(dagId, recentRuns)) ?? []
    const failed = runs.find((run) => run.dag_run_id === runId) ?? (await airflow.run(dagId, runId))
    const later = runs.filter((run) => run.dag_run_id !== runId && dueAt(run) > dueAt(failed))
    const run = later.find((one) => one.dag_run_id.startsWith(markPrefix)) ?? later[0]
    if (!run) return { state: 'bad', detail: `${dagId} has no run since ${runId} failed` }
    const detail = `run ${run.dag_run_id} of ${dagId} is ${run.state}`
    if (run.state === 'success') return { state: 'well', detail: `run ${run.dag_run_id} of ${dagId} ended well` }
    return { state: run.state === 'failed' ? 'bad' : 'working', detail }
  },
}

/** The failed run, when another one than `own` may start. @throws AppError E_FIX_REFUSED */
async function failedRun(airflow: Airflow, remediation: Remediation, own?: string): Promise<DagRun> {
  const { dagId, runId } = idsOf(remediation)
  const [, failed, runs] = await Promise.all([
    dagForFix(airflow, dagId),
    airflow.run(dagId, runId),
    airflow.runs(dagId, recentRuns),
  ])
  if (failed?.state !== 'failed') throw refused(`Run ${runId} of ${dagId} is ${failed?.state ?? 'gone'}, not failed.`)
  const other = runs?.find(
    (run) =>
      run.dag_run_id !== own &&
      (run.state === 'running' || run.state === 'queued' || (run.state === 'success' && dueAt(run) > dueAt(failed))),
  )
  if (other) throw refused(`${dagId} has run ${other.dag_run_id}, which is ${other.state}: another one is not needed.`)
  return failed
}

function dueAt(run: DagRun | null): number {
  return Date.parse(run?.run_after ?? run?.start_date ?? '') || 0
}
