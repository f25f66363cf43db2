import { orNull } from '../../lib/http.ts'
import {
  AssetEvents,
  Assets,
  Dag,
  DagRun,
  DagRuns,
  Dags,
  DagVersions,
  EventLogs,
  ImportErrors,
  Monitor,
  Pools,
  type TaskInstance,
  TaskInstances,
  XCom,
} from './answers.ts'
import { linesOf, type TaskLog } from './log-lines.ts'
import { type AirflowSession, path } from './session.ts'

const mostDags = 2_000
/** The tasks of all DAGs may be millions, in no order that would help. */
const throughAllMs = 1_500
/** Airflow 2 tells instances by the hundred, those of all tasks of a DAG together. */
const pageOfTwo = 100
const mostPagesOfTwo = 20

export interface TaskFilter {
  task?: string
  states?: readonly string[]
  orderBy?: string
}

/** Of all runs of a DAG, the instances of one task that began, or that ended, at a time or later. */
export interface TriesFilter {
  task: string
  since: { start: Date } | { end: Date }
  limit: number
}

/** What is read of an Airflow. */
export interface AirflowReads {
  /** Null when there is no such DAG; so with each of the next four. */
  dag(dagId: string): Promise<Dag | null>
  /** All that are not paused, of the first 2,000; whether those are all. */
  dags(): Promise<{ dags: Dag[]; isWhole: boolean }>
  /** Newest first, by the time that they were due. */
  runs(dagId: string, limit: number): Promise<DagRun[] | null>
  run(dagId: string, runId: string): Promise<DagRun | null>
  taskInstances(dagId: string, runId: string, filter: TaskFilter): Promise<TaskInstance[] | null>
  /** Newest first; null as well where Airflow 2 has more instances since then than are looked through. */
  tries(dagId: string, filter: TriesFilter): Promise<TaskInstance[] | null>
  /** Of all DAGs, the tasks that ended as `failed` at that time or later, oldest first. */
  failedSince(since: Date, limit: number): Promise<TaskInstance[]>
  /**
   * Of all DAGs, the last hundred tasks that had begun by then to start a run of another DAG, the latest first; given up
   * early. Airflow 2, which does not say of a run that a task started it, is not asked.
   */
  triggersBefore(at: string): Promise<TaskInstance[]>
  /** The run of another DAG that a task started; null when it started none. */
  startedRun(instance: TaskInstance): Promise<string | null>
  /** Null when that try left no log. */
  log(instance: TaskInstance): Promise<TaskLog | null>
  /** The stack trace of why its file can't be imported; null when that is not known. */
  importError(dag: Dag): Promise<string | null>
  /** Newest first; none from Airflow 2. */
  versions(dagId: string): Promise<DagVersions>
  /** The assets that it reads and writes; Airflow 2's datasets. None before 2.9. */
  assetsOf(dagId: string): Promise<Assets>
  /** All assets, at most 1,000. */
  assets(): Promise<Assets>
  /** What started a run that waited for assets; none from Airflow 2. */
  assetEventsOf(dagId: string, runId: string): Promise<AssetEvents>
  /** The assets whose name or address holds a text. */
  assetsLike(text: string): Promise<Assets>
  pools(): Promise<Pools>
  /** How its own parts are. */
  health(): Promise<Monitor>
  /** What was asked of Airflow for this DAG, newest first: its own audit trail. */
  events(dagId: string, event: string): Promise<EventLogs>
}

export function readsOf({ call, logText, isTwo }: AirflowSession): AirflowReads {
  /** Airflow 2's datasets have no names. */
  async function assetsWhere(filter: Record<string, string>, most = 50): Promise<Assets> {
    const { name_pattern: name, ...others } = filter
    const found: Assets = []
    while (found.length < most) {
      const where = (isTwo: boolean) => {
        const query = new URLSearchParams(isTwo && name ? { ...others, uri_pattern: name } : filter)
        query.set('limit', String(Math.min(most, 100)))
        query.set('offset', String(found.length))
        return `/${isTwo ? 'datasets' : 'assets'}?${query}`
      }
      const page = (await orNull(call(where, { schema: Assets }))) ?? []
      found.push(...page)
      if (page.length < 100) break
    }
    return found
  }

  const known = new Map<string, Promise<TaskInstance[] | null>>()
  /**
   * Airflow 2 knows no word for a task, and puts nothing in order of time: only the time bounds what it tells. All are
   * read once, whatever task is asked about. Null where there is no end to them, as a part of them would be any part.
   */
  function allSince(dagId: string, since: TriesFilter['since']): Promise<TaskInstance[] | null> {
    const [name, at] = 'start' in since ? ['start_date_gte', since.start] : ['end_date_gte', since.end]
    const key = `${dagId}|${name}|${at.toISOString()}`
    const read = async () => {
      const found: TaskInstance[] = []
      for (let pages = 0; pages < mostPagesOfTwo; pages += 1) {
        const query = new URLSearchParams({ [name]: at.toISOString(), limit: String(pageOfTwo) })
        query.set('offset', String(found.length))
        const where = `${path`/dags/${dagId}/dagRuns`}/~/taskInstances?${query}`
        const page = await orNull(call(where, { schema: TaskInstances }))
        found.push(...(page ?? []))
        if (page === null || page.length < pageOfTwo) return page && found
      }
      return null
    }
    const asked = known.get(key) ?? read()
    known.set(key, asked)
    return asked
  }

  return {
    dag: (dagId) => orNull(call(path`/dags/${dagId}`, { schema: Dag })),
    async dags() {
      const found: Dag[] = []
      while (found.length < mostDags) {
        // Airflow 2 knows `only_active` alone, which leaves out what is in no file any more.
        const query = new URLSearchParams({ limit: '100', offset: String(found.length), order_by: 'dag_id' })
        const page = await call(`/dags?${query}`, { schema: Dags })
        found.push(...page)
        if (page.length < 100) break
      }
      const dags = found.filter(({ is_paused, is_stale }) => !is_paused && !is_stale)
      return { dags, isWhole: found.length < mostDags }
    },
    runs: (dagId, limit) =>
      orNull(
        call(
          (isTwo) =>
            `${path`/dags/${dagId}/dagRuns`}?limit=${limit}&order_by=${isTwo ? '-execution_date' : '-run_after'}`,
          {
            schema: DagRuns,
          },
        ),
      ),
    run: (dagId, runId) => orNull(call(path`/dags/${dagId}/dagRuns/${runId}`, { schema: DagRun })),
    async taskInstances(dagId, runId, { task, states = [], orderBy }) {
      const where = (isTwo: boolean) => {
        const query = new URLSearchParams({ limit: '100' })
        // Airflow 2 refuses a question with a word that it does not know.
        if (task && !isTwo) query.set('task_id', task)
        if (orderBy && !isTwo) query.set('order_by', orderBy)
        for (const state of states) query.append('state', state)
        return `${path`/dags/${dagId}/dagRuns/${runId}`}/taskInstances?${query}`
      }
      const found = await orNull(call(where, { schema: TaskInstances }))
      return found && task ? found.filter((one) => one.task_id === task) : found
    },
    async tries(dagId, { task, since, limit }) {
      const query = new URLSearchParams({ task_id: task, limit: String(limit), order_by: '-start_date' })
      const where = `${path`/dags/${dagId}/dagRuns`}/~/taskInstances?${query}`
      const found = (await isTwo())
        ? await allSince(dagId, since)
        : await orNull(call(where, { schema: TaskInstances }))
      return (
        found
          ?.filter((one) => one.task_id === task)
          .toSorted((a, b) => Date.parse(b.start_date ?? '') - Date.parse(a.start_date ?? '') || 0)
          .slice(0, limit) ?? null
      )
    },
    async failedSince(since, limit) {
      const found: TaskInstance[] = []
      while (found.length < limit) {
        const query = new URLSearchParams({ state: 'failed', end_date_gte: since.toISOString(), limit: '100' })
        query.set('offset', String(found.length))
        // Airflow 2 refuses a question with a word that it does not know.
        const where = (isTwo: boolean) => `/dags/~/dagRuns/~/taskInstances?${query}${isTwo ? '' : '&order_by=end_date'}`
        const page = await call(where, { schema: TaskInstances })
        found.push(...page)
        if (page.length < 100) break
      }
      return found.sort((a, b) => Date.parse(a.end_date ?? '') - Date.parse(b.end_date ?? '')).slice(0, limit)
    },
    triggersBefore(at) {
      const query = new URLSearchParams({ operator: 'TriggerDagRunOperator', start_date_lte: at, limit: '100' })
      query.set('order_by', '-start_date')
      const limits = { timeoutMs: throughAllMs, retries: 0 }
      return call(`/dags/~/dagRuns/~/taskInstances?${query}`, { schema: TaskInstances, ...limits })
    },
    startedRun({ dag_id, dag_run_id, task_id, map_index }) {
      const of = path`/dags/${dag_id}/dagRuns/${dag_run_id}/taskInstances/${task_id}/xcomEntries`
      return orNull(call(`${of}/trigger_run_id?map_index=${map_index}`, { schema: XCom }))
    },
    async log({ dag_id, dag_run_id, task_id, try_number, map_index }) {
      const of = path`/dags/${dag_id}/dagRuns/${dag_run_id}/taskInstances/${task_id}/logs`
      const tail = await orNull(logText(`${of}/${try_number}?map_index=${map_index}`))
      return tail && { ...tail, lines: linesOf(tail) }
    },
    async importError({ fileloc, relative_fileloc: relative }) {
      const errors = await call('/importErrors?limit=100', { schema: ImportErrors })
      const own = errors.find(({ filename }) => filename === fileloc || filename === relative)
      return own?.stack_trace ?? null
    },
    versions: async (dagId) =>
      (await orNull(
        call(`${path`/dags/${dagId}/dagVersions`}?limit=2&order_by=-version_number`, { schema: DagVersions }),
      )) ?? [],
    assetsOf: (dagId) => assetsWhere({ dag_ids: dagId }),
    assetEventsOf: async (dagId, runId) =>
      (await orNull(call(path`/dags/${dagId}/dagRuns/${runId}/upstreamAssetEvents`, { schema: AssetEvents }))) ?? [],
    assets: () => assetsWhere({}, 1_000),
    async assetsLike(text) {
      const found = await Promise.all([assetsWhere({ uri_pattern: text }), assetsWhere({ name_pattern: text })])
      return found.flat()
    },
    pools: async () => (await orNull(call('/pools?limit=100', { schema: Pools }))) ?? [],
    health: async () =>
      (await orNull(call((isTwo) => (isTwo ? '/health' : '/monitor/health'), { schema: Monitor }))) ?? [],
    events(dagId, event) {
      const query = new URLSearchParams({ dag_id: dagId, event, order_by: '-when', limit: '100' })
      return call(`/eventLogs?${query}`, { schema: EventLogs })
    },
  }
}
