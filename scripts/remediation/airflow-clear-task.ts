import { setTimeout as delay } from 'node:timers/promises'
import { writeSettingNames } from '../connectors/airflow/access.ts'
import type { TaskInstance } from '../connectors/airflow/answers.ts'
import type { ClearBody } from '../connectors/airflow/changes.ts'
import type { Airflow } from '../connectors/airflow/client.ts'
import type { Remediation } from '../domain/decision.ts'
import { type EvidenceOf, ofKind } from '../domain/evidence.ts'
import { changing, dagForFix, dagOf, idsOf, noteOf, openForFix, openToLook, refused } from './airflow/fix.ts'
import { planOf, type RemediationRow } from './remediation.ts'
import { markOf, markPrefix } from './shared/mark.ts'

/** A task at work is stuck from this many times its usual time on, and never before a minute. */
const stuckFactor = 2
const shortestStuckSeconds = 60
/** A clear that would start more than this again is more than a fix. */
const mostInstances = 200
/** How long after a task's failure Airflow's scheduler may still be ending the run, or failing what comes after the task. */
const settlesMs = 10_000
const lookMs = 500

/** Runs a failed or stuck task again in its run, with what its failure kept from running. */
export const airflowClearTask: RemediationRow = {
  template: 'airflow_clear_task',
  targetKind: 'dag',
  settings: writeSettingNames,
  params: planOf('dag_id', 'run_id', 'task_id'),

  policyName: ({ target, params }) => params.dag_id ?? target,
  touches: dagOf,

  plan(target, evidence) {
    const bad = ofKind(evidence, 'task_failure').filter(
      (item) =>
        item.source === 'airflow' &&
        `${item.data.dag_id}.${item.data.task_id}` === target &&
        (item.data.state === 'failed' || (item.data.state === 'running' && isStuck(item, ofKind(evidence, 'dag_run')))),
    )
    const first = bad[0]?.data
    if (!first?.run_id) return null
    // Ids may hold dots: `a.b` + `c` and `a` + `b.c` read alike. What is not certain is not touched.
    const isCertain = bad.every(
      ({ data }) =>
        data.is_certain !== false &&
        data.system === first.system &&
        data.dag_id === first.dag_id &&
        data.run_id === first.run_id &&
        data.state === first.state,
    )
    if (!isCertain) return null
    return {
      ...(first.system ? { system: first.system } : {}),
      dag_id: first.dag_id,
      run_id: first.run_id,
      task_id: first.task_id,
      // Several instances of a mapped task are cleared together, those that failed only.
      ...(bad.length === 1 && first.map_index != null ? { map_index: first.map_index } : {}),
    }
  },

  async dryRun(remediation, settings, signal) {
    const airflow = openForFix(remediation, settings, signal)
    const { dagId, runId } = idsOf(remediation)
    await dagForFix(airflow, dagId)
    await settled(airflow, remediation)
    const again = await airflow.clear(dagId, { ...(await clearBody(airflow, remediation)), dry_run: true })
    if (again.length === 0) throw refused(`Airflow would clear nothing of ${remediation.target} in run ${runId}.`)
    if (again.length > mostInstances || again.some((one) => one.dag_run_id !== runId)) {
      throw refused(`Clearing ${remediation.target} would start ${again.length} task instances again.`)
    }
    const names = again.map((one) => `${instanceName(one)} (${one.state ?? 'waiting'})`)
    return `In run ${runId} of ${dagId} these would run again: ${names.join(', ')}.`
  },

  async wasDone(remediation, key, settings, signal) {
    const airflow = openForFix(remediation, settings, signal)
    const { dagId, runId } = idsOf(remediation)
    const mark = markOf(key)
    const instances = (await airflow.taskInstances(dagId, runId, {})) ?? []
    if (instances.some((one) => one.note?.includes(mark))) return true
    // A later note may stand in place of ours; Airflow's own audit trail forgets nothing, refused calls included.
    const events = await airflow.events(dagId, 'post_clear_task_instances')
    return events.some((event) => event.extra?.includes(mark))
  },

  async execute(remediation, key, settings, signal) {
    const airflow = openForFix(remediation, settings, signal)
    const { dagId, runId } = idsOf(remediation)
    await dagForFix(airflow, dagId)
    const body = await clearBody(airflow, remediation)
    const cleared = await changing(airflow.clear(dagId, { ...body, dry_run: false, note: noteOf(key) }))
    if (cleared.length === 0) throw refused(`Airflow cleared nothing of ${remediation.target} in run ${runId}.`)
    return `cleared ${cleared.map(instanceName).join(', ')} in run ${runId} of ${dagId}`
  },

  async wasDoneByHand(remediation, since, settings, signal) {
    const airflow = openToLook(remediation, settings, signal)
    const { dagId, runId } = idsOf(remediation)
    const events = await airflow.events(dagId, 'post_clear_task_instances')
    return events.some(
      ({ when, run_id, extra }) =>
        Date.parse(when ?? '') >= since.getTime() &&
        (run_id === runId || extra?.includes(runId) === true) &&
        // A dry run is written down as well.
        !/"dry_run": ?true/.test(extra ?? '') &&
        !extra?.includes(markPrefix),
    )
  },

  async verify(remediation, settings, signal) {
    const airflow = openToLook(remediation, settings, signal)
    const { dagId, runId } = idsOf(remediation)
    const [run, instances] = await Promise.all([airflow.run(dagId, runId), targets(airflow, remediation)])
    if (!run || instances.length === 0) return { state: 'bad', detail: `run ${runId} of ${dagId} is gone` }
    const failed = instances.find((one) => one.state === 'failed' || one.state === 'upstream_failed')
    if (failed) return { state: 'bad', detail: `${instanceName(failed)} failed again, at try ${failed.try_number}` }
    if (run.state === 'failed') return { state: 'bad', detail: `run ${runId} of ${dagId} failed` }
    if (run.state === 'success') return { state: 'well', detail: `run ${runId} of ${dagId} ended well` }
    const states = instances.map((one) => `${instanceName(one)} is ${one.state ?? 'waiting'}`)
    return { state: 'working', detail: `run ${runId} of ${dagId} is ${run.state}, ${states.join(', ')}` }
  },
}

/** Whether a task at work takes far longer than usual; without a usual time, the connector's word is taken. */
function isStuck({ data, observed_at }: EvidenceOf<'task_failure'>, runs: readonly EvidenceOf<'dag_run'>[]): boolean {
  const run = runs.find(
    (item) => item.source === 'airflow' && item.data.dag_id === data.dag_id && item.data.run_id === data.run_id,
  )
  const own = typeof data.typical_duration_s === 'number' ? data.typical_duration_s : null
  const typical = own ?? run?.data.typical_duration_s ?? null
  const since = data.start && observed_at ? (Date.parse(observed_at) - Date.parse(data.start)) / 1000 : null
  const seconds = data.duration_s ?? since
  if (typical === null) return true
  return seconds !== null && seconds >= Math.max(shortestStuckSeconds, typical * stuckFactor)
}

/**
 * Waits until the run has taken note of the task's failure: a scheduler that is just doing so writes over a clear, and
 * the run would stand failed with its task waiting for ever.
 */
async function settled(airflow: Airflow, remediation: Remediation): Promise<void> {
  const { dagId, runId } = idsOf(remediation)
  for (const end = Date.now() + settlesMs; Date.now() < end; await delay(lookMs)) {
    const [run, instances] = await Promise.all([airflow.run(dagId, runId), targets(airflow, remediation)])
    const isFresh = instances.some(
      ({ state, end_date }) => state === 'failed' && end_date && Date.now() - Date.parse(end_date) < settlesMs,
    )
    if (run?.state !== 'running' || !isFresh) return
  }
}

/** What to clear, from the state that the task is in now. @throws AppError E_FIX_REFUSED when it is no longer bad. */
async function clearBody(airflow: Airflow, remediation: Remediation): Promise<Omit<ClearBody, 'dry_run'>> {
  const { runId } = idsOf(remediation)
  const { task_id: taskId, map_index: mapIndex } = remediation.params
  const states = new Set((await targets(airflow, remediation)).map(({ state }) => state))
  const isRunning = states.has('running')
  if (!taskId || (!isRunning && !states.has('failed'))) {
    const now = [...states].map((state) => state ?? 'waiting').join(', ') || 'gone'
    throw refused(`${remediation.target} is neither failed nor running any more in run ${runId}: it is ${now}.`)
  }
  return {
    dag_run_id: runId,
    task_ids: [mapIndex === undefined ? taskId : [taskId, mapIndex]],
    // Never what ended well: of a stuck task what is running, else what failed and what that kept from running.
    only_failed: !isRunning,
    only_running: isRunning,
    include_downstream: true,
  }
}

async function targets(airflow: Airflow, remediation: Remediation): Promise<TaskInstance[]> {
  const { dagId, runId } = idsOf(remediation)
  const { task_id: task = '', map_index: mapIndex } = remediation.params
  const instances = (await airflow.taskInstances(dagId, runId, { task })) ?? []
  return mapIndex === undefined ? instances : instances.filter((one) => one.map_index === mapIndex)
}

function instanceName({ task_id, map_index }: TaskInstance): string {
  return map_index < 0 ? task_id : `${task_id}[${map_index}]`
}
