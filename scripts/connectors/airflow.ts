import { setTimeout as delay } from 'node:timers/promises'
import { type Asset, dagIdOf, isRelation } from '../domain/alert.ts'
import { median } from '../domain/duration.ts'
import type { EvidenceDraft } from '../domain/evidence.ts'
import { certainSystem, type Systems } from '../domain/system.ts'
import { oneLine } from '../domain/text.ts'
import { AppError } from '../lib/errors.ts'
import { hasStatus } from '../lib/http.ts'
import { AirflowOptions, accessTo, readSettingNames, settingsInstance } from './airflow/access.ts'
import type { DagRun, TaskInstance } from './airflow/answers.ts'
import { startedBy, tableLineage } from './airflow/assets.ts'
import { type Airflow, openAirflow } from './airflow/client.ts'
import { failureEvidence, historyEvidence, runEvidence, secondsOf } from './airflow/evidence.ts'
import { orNothing } from './airflow/or-nothing.ts'
import { surroundings } from './airflow/surroundings.ts'
import { toldLog } from './airflow/told-log.ts'
import type { Connector, Question, Time } from './connector.ts'

const recentRuns = 25
const recentTries = 10
/** Of a mapped task each run has many instances, told together. */
const mostMapped = 100
/** The instances that are looked into; the first to fail is the likeliest cause. */
const mostInstances = 5
/** How often, and how long apart, Airflow is asked whether it has noted a failure that a callback told of. */
const mostLooks = 13
const pauseMs = 500
const troubledStates: readonly string[] = ['failed', 'up_for_retry', 'running']
/** From here on something runs longer than usual; evidence says by how much, the analyser judges. */
const slowFactor = 1.4

/** Apache Airflow: runs, tasks, tries and logs of the DAG that is in trouble, and what stands around it. */
export const airflow: Connector = {
  name: 'airflow',
  kinds: { airflow: AirflowOptions },
  settings: readSettingNames,
  fromSettings: settingsInstance,
  topics: ['runs'],
  patienceMs: ({ alerts, isLead }) => (!isLead && alerts.some(isCallback) ? mostLooks * pauseMs : 0),
  /** Of a table it knows which DAG makes it; one that an answer named leads to its DAG by what named it. */
  concerns: ({ asset, isLead }) => asset !== null && (dagIdOf(asset) !== null || (isRelation(asset.kind) && !isLead)),
  owns: ({ kind }) => kind === 'dag' || kind === 'task',
  shared({ asset, category, isLead }) {
    const { run_id: run, task_id: task } = asset?.native ?? {}
    const dagId = dagIdOf(asset)
    if (dagId === null) return { key: ['table', asset?.name ?? null], seconds: 60 }
    return { key: ['dag', dagId, run ?? null, task ?? null, isLead ? null : category], seconds: 20 }
  },

  async gather(question, { system, signal, time }) {
    const { asset } = question
    if (asset === null) return []
    const client = openAirflow(accessTo(system), signal)
    try {
      return await told(client, asset, question, time)
    } catch (thrown) {
      // It answers, and of another DAG it may well tell.
      throw hasStatus(thrown, 403) ? hidden(asset) : thrown
    }
  },

  async check({ system, signal }) {
    const { version, missingRights } = await openAirflow(accessTo(system), signal).check()
    return { version, missingRights }
  },
}

async function told(client: Airflow, asset: Asset, question: Question, time: Time | undefined) {
  const dagId = dagIdOf(asset)
  if (dagId === null) return makers(client, asset, question.now)
  const [dag, runs] = await Promise.all([client.dag(dagId), client.runs(dagId, recentRuns)])
  if (!dag || !runs) {
    throw new AppError('E_ASSET_UNKNOWN', `Airflow knows no DAG ${oneLine(dagId, 250)}.`, 'Check the id in the alert.')
  }
  const wantedId = question.asset?.native?.run_id
  const wanted = wantedId
    ? (runs.find((run) => run.dag_run_id === wantedId) ?? (await client.run(dagId, wantedId)))
    : null
  const typical = typicalSeconds(runs)
  const focus = wanted ?? runInTrouble(runs, typical, question.now)
  if (!focus) return surroundings(client, dag, null, question)
  const shown = new Set([focus, runs[0], runs.find(hasEnded)].filter((run) => run !== undefined))
  const [tasks, starters, around] = await Promise.all([
    taskEvidence(
      client,
      focus,
      { typicalRun: typical, since: startOf([focus, ...runs.slice(0, recentTries)], question.now) },
      question,
      time,
    ),
    startEvidence(client, focus, question),
    surroundings(client, dag, focus, question),
  ])
  const ran = [...shown].map((run) => runEvidence(run, typical, dag.is_paused, question.now))
  return [...ran, ...tasks, ...starters, ...around]
}

function hidden({ name }: Asset): AppError {
  return new AppError(
    'E_ASSET_DENIED',
    `Airflow answered 403: its user may not see ${oneLine(name, 250)}, or its runs.`,
    'Give the user can_read on that DAG, or on all (SETUP.md lists the rights).',
  )
}

/**
 * Whether the DAG, or the task, that an incident is about has succeeded since: its last try or run to end after `since`
 * is a success. Null when it is not certain which Airflow that is, or Airflow does not know the asset. @throws AppError as `gather`
 */
export async function airflowRecovered(
  asset: Asset | null,
  since: Date,
  context: { systems: Systems; signal: AbortSignal },
): Promise<{ recovered: boolean; detail: string } | null> {
  const dagId = dagIdOf(asset)
  const system = certainSystem(context.systems, 'airflow', asset?.system)
  if (!system || dagId === null) return null
  const client = openAirflow(accessTo(system), context.signal)
  const taskId = asset?.kind === 'task' ? asset.native?.task_id : undefined
  const ended = taskId
    ? await client.tries(dagId, { task: taskId, since: { end: since }, limit: recentRuns })
    : await client.runs(dagId, recentRuns)
  if (!ended) return null
  const last = ended
    .filter(
      (one) => (one.state === 'success' || one.state === 'failed') && Date.parse(one.end_date ?? '') > since.getTime(),
    )
    .sort((a, b) => Date.parse(b.end_date ?? '') - Date.parse(a.end_date ?? ''))[0]
  const name = taskId ? `${taskId} of ${dagId}` : dagId
  if (last?.state !== 'success') return { recovered: false, detail: `${name} has not succeeded since.` }
  return { recovered: true, detail: `${name} succeeded in run ${last.dag_run_id} at ${last.end_date}.` }
}

/** When the first of them began. */
function startOf(runs: readonly DagRun[], now: Date): Date {
  return new Date(
    Math.min(
      now.getTime(),
      ...runs.flatMap(({ start_date: start, run_after: due }) => Date.parse(start ?? due ?? '') || []),
    ),
  )
}

function hasEnded(run: DagRun): boolean {
  return run.state === 'success' || run.state === 'failed'
}

function typicalSeconds(of: readonly (DagRun | TaskInstance)[]): number | null {
  return median(of.flatMap((one) => (one.state === 'success' && one.duration != null ? [one.duration] : [])))
}

/** For a run that waited for assets, what came. */
async function startEvidence(client: Airflow, run: DagRun, { now, isLead }: Question): Promise<EvidenceDraft[]> {
  if (run.run_type !== 'asset_triggered' || isLead) return []
  const about = { source: 'airflow', asset: run.dag_id, observed_at: now.toISOString() } as const
  const events = await orNothing(client.assetEventsOf(run.dag_id, run.dag_run_id))
  return startedBy(run, events ?? []).map((piece) => ({ ...about, ...piece }))
}

/** Which DAG makes a table. */
async function makers(client: Airflow, table: Asset, now: Date): Promise<EvidenceDraft[]> {
  const last = table.name.slice(table.name.lastIndexOf('.') + 1)
  const about = { source: 'airflow', asset: table.name, observed_at: now.toISOString() } as const
  return tableLineage(table, await client.assetsLike(last)).map((piece) => ({ ...about, ...piece }))
}

/** The run that overstays longest, else the last one if it failed, else what is under way or was last. */
function runInTrouble(runs: readonly DagRun[], typical: number | null, now: Date): DagRun | undefined {
  const running = runs.filter((run) => run.state === 'running')
  const oldest = running.toSorted((a, b) => secondsOf(b, now) - secondsOf(a, now))[0]
  if (oldest && isSlow(oldest, typical, now)) return oldest
  const lastEnded = runs.find(hasEnded)
  return lastEnded?.state === 'failed' ? lastEnded : (oldest ?? runs[0])
}

function isSlow(one: DagRun | TaskInstance, typical: number | null, now: Date): boolean {
  return typical !== null && secondsOf(one, now) >= typical * slowFactor
}

async function taskEvidence(
  client: Airflow,
  run: DagRun,
  { typicalRun, since }: { typicalRun: number | null; since: Date },
  { asset, alerts, now }: Question,
  time: Time | undefined,
): Promise<EvidenceDraft[]> {
  const ownTask = asset?.kind === 'task' ? asset.native?.task_id : undefined
  const instances = await settledInstances(client, run, ownTask, alerts, time)
  const order = (one: TaskInstance) => (one.task_id === ownTask ? -1 : troubledStates.indexOf(one.state ?? ''))
  const looked = instances
    .toSorted((a, b) => order(a) - order(b) || Date.parse(a.start_date ?? '') - Date.parse(b.start_date ?? '') || 0)
    .slice(0, mostInstances)
  const found = await Promise.all(
    looked.map(async (instance) => {
      const [tries, log] = await Promise.all([
        client.tries(run.dag_id, {
          task: instance.task_id,
          since: { start: since },
          limit: instance.map_index < 0 ? recentTries : mostMapped,
        }),
        toldLog(client, instance),
      ])
      const history = (tries ?? []).filter((one) => one.map_index === instance.map_index).slice(0, recentTries)
      const typical = typicalSeconds(history)
      const isOverdue = typical === null ? isSlow(run, typicalRun, now) : isSlow(instance, typical, now)
      // A task at work in its usual time is no trouble, whatever the alert says of its DAG.
      if (instance.state === 'running' && !isOverdue) return []
      return [
        failureEvidence(instance, typical, log, now),
        ...(history.length > 0 ? [historyEvidence(instance, history, now)] : []),
      ]
    }),
  )
  return found.flat()
}

/**
 * The instances in trouble. A failure callback runs inside the task, whose failure Airflow notes only when the callback
 * has returned: where it still shows the task at work that its own callback says has failed, it is asked again shortly.
 */
async function settledInstances(
  client: Airflow,
  run: DagRun,
  ownTask: string | undefined,
  alerts: Question['alerts'],
  time: Time | undefined,
): Promise<TaskInstance[]> {
  const isTold = alerts.some((alert) => isCallback(alert) && alert.external_id === run.dag_run_id)
  for (let look = 1; ; look += 1) {
    const found = (await client.taskInstances(run.dag_id, run.dag_run_id, { states: troubledStates })) ?? []
    const own = found.filter(({ task_id }) => task_id === ownTask)
    const isBehind = isTold && own.length > 0 && own.every(({ state }) => state === 'running')
    if (!isBehind || look === mostLooks) return found
    time?.extend()
    await delay(pauseMs)
  }
}

/** An alert by which a task says itself that it has failed. */
function isCallback({ source, status, external_id: run, category }: Question['alerts'][number]): boolean {
  return source === 'airflow' && status === 'firing' && run !== null && category !== 'pipeline_delay'
}
