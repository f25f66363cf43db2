import { z } from 'zod'
import { AppError } from '../../lib/errors.ts'
import { HttpStatusError, type JsonRequest, requestJson } from '../../lib/http.ts'
import { redact } from '../../lib/redact.ts'

/** What evidence and fixes call this instance. */
export const airflowSystem = 'airflow'

export interface AirflowAccess {
  /** Without `/api/v2`. */
  url: string
  username: string
  password: string
}

type Settings = Readonly<Record<string, string | undefined>>

export const readSettingNames = ['AIRFLOW_URL', 'AIRFLOW_USERNAME', 'AIRFLOW_PASSWORD'] as const
export const writeSettingNames = [...readSettingNames, 'AIRFLOW_WRITE_USERNAME', 'AIRFLOW_WRITE_PASSWORD'] as const

/** The access for reading; null when Airflow is not configured. */
export function readAccess(settings: Settings): AirflowAccess | null {
  const { AIRFLOW_URL: url, AIRFLOW_USERNAME: username, AIRFLOW_PASSWORD: password } = settings
  return url && username && password ? { url, username, password } : null
}

/** The access for fixes: a user of its own, or the reading one. @throws AppError E_SETTING_MISSING */
export function writeAccess(settings: Settings): AirflowAccess {
  const { AIRFLOW_WRITE_USERNAME: username, AIRFLOW_WRITE_PASSWORD: password } = settings
  const reading = readAccess(settings)
  if (settings.AIRFLOW_URL && username && password) return { url: settings.AIRFLOW_URL, username, password }
  if (reading) return reading
  throw new AppError('E_SETTING_MISSING', 'Airflow is not configured.', `Set ${readSettingNames.join(', ')}.`)
}

/** A change is not given up early: one whose outcome is unknown costs more than the wait. */
const changeMs = 25_000

const instant = z.iso.datetime({ offset: true }).nullish()

const Dag = z.object({
  dag_id: z.string(),
  is_paused: z.boolean(),
  is_stale: z.boolean().nullish(),
  has_import_errors: z.boolean().nullish(),
})
export type Dag = z.infer<typeof Dag>

const DagRun = z.object({
  dag_id: z.string(),
  dag_run_id: z.string(),
  /** `queued` `running` `success` `failed` */
  state: z.string(),
  run_after: instant,
  start_date: instant,
  end_date: instant,
  /** Seconds; null while it runs. */
  duration: z.number().nullish(),
  note: z.string().nullish(),
  conf: z.record(z.string(), z.unknown()).nullish(),
})
export type DagRun = z.infer<typeof DagRun>

const TaskInstance = z.object({
  dag_id: z.string(),
  dag_run_id: z.string(),
  task_id: z.string(),
  /** -1 for a task that is not mapped. */
  map_index: z.number().int(),
  /** Null before it is scheduled, and again after it was cleared. */
  state: z.string().nullable(),
  try_number: z.number().int(),
  max_tries: z.number().int().nullish(),
  start_date: instant,
  end_date: instant,
  duration: z.number().nullish(),
  note: z.string().nullish(),
})
export type TaskInstance = z.infer<typeof TaskInstance>

const TaskInstances = z.object({ task_instances: z.array(TaskInstance) }).transform((answer) => answer.task_instances)
const DagRuns = z.object({ dag_runs: z.array(DagRun) }).transform((answer) => answer.dag_runs)
const EventLogs = z
  .object({ event_logs: z.array(z.object({ run_id: z.string().nullish(), extra: z.string().nullish() })) })
  .transform((answer) => answer.event_logs)
const Token = z.object({ access_token: z.string().min(1) }).transform((answer) => answer.access_token)

const LogLine = z.union([
  z.string().transform((event) => ({ event, level: undefined, error_detail: undefined })),
  z.object({
    event: z.string(),
    level: z.string().optional(),
    error_detail: z.array(z.object({ exc_type: z.string(), exc_value: z.string() })).optional(),
  }),
])
export type LogLine = z.infer<typeof LogLine>
const Log = z.object({ content: z.array(LogLine) }).transform((answer) => answer.content)

/** What a clear is about; Airflow's own names. */
export interface ClearBody {
  dry_run: boolean
  dag_run_id: string
  task_ids: (string | [string, number])[]
  only_failed: boolean
  only_running: boolean
  include_downstream: boolean
  note?: string
}

export interface TaskFilter {
  task?: string
  states?: readonly string[]
  limit?: number
  orderBy?: string
}

/** One Airflow 3, over its REST API v2 (https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html). */
export interface Airflow {
  /** Null when there is no such DAG; so with each of the next four. */
  dag(dagId: string): Promise<Dag | null>
  /** Newest first, by the time that they were due. */
  runs(dagId: string, limit: number): Promise<DagRun[] | null>
  run(dagId: string, runId: string): Promise<DagRun | null>
  taskInstances(dagId: string, runId: string | 'any', filter: TaskFilter): Promise<TaskInstance[] | null>
  /** Null when that try left no log. */
  log(instance: TaskInstance): Promise<LogLine[] | null>
  /** What was asked of Airflow for this DAG, newest first: its own audit trail. */
  events(dagId: string, event: string): Promise<z.infer<typeof EventLogs>>
  clear(dagId: string, body: ClearBody): Promise<TaskInstance[]>
  trigger(dagId: string, body: { dag_run_id: string; conf: object; note: string }): Promise<DagRun>
  /** Without this access's own secrets, and what else looks like one. */
  redact(text: string): string
}

/** Logs in with the first call and again when the token has expired. Every call throws AppError as `requestJson` does. */
export function openAirflow(access: AirflowAccess, signal: AbortSignal): Airflow {
  const base = access.url.replace(/\/+$/, '')
  const common = { system: 'Airflow', signal } as const
  let token: Promise<string> | null = null

  const logIn = () =>
    requestJson(`${base}/auth/token`, {
      ...common,
      method: 'POST',
      // Logging in twice does no harm.
      idempotent: true,
      body: { username: access.username, password: access.password },
      schema: Token,
    })

  async function call<T>(path: string, request: JsonRequest & { schema: z.ZodType<T> }): Promise<T> {
    token ??= logIn()
    const used = token
    const send = async () =>
      requestJson(`${base}/api/v2${path}`, {
        retries: 1,
        ...common,
        ...request,
        headers: { authorization: `Bearer ${await token}` },
      })
    try {
      return await send()
    } catch (thrown) {
      if (!hasStatus(thrown, 401) || (await used.catch(() => null)) === null) throw thrown
      // Refused, so nothing was done: the token has expired. Calls that found it together log in once.
      if (token === used) token = logIn()
      return await send()
    }
  }

  const orNull = async <T>(answer: Promise<T>): Promise<T | null> => {
    try {
      return await answer
    } catch (thrown) {
      if (hasStatus(thrown, 404)) return null
      throw thrown
    }
  }

  return {
    dag: (dagId) => orNull(call(path`/dags/${dagId}`, { schema: Dag })),
    runs: (dagId, limit) =>
      orNull(call(`${path`/dags/${dagId}/dagRuns`}?limit=${limit}&order_by=-run_after`, { schema: DagRuns })),
    run: (dagId, runId) => orNull(call(path`/dags/${dagId}/dagRuns/${runId}`, { schema: DagRun })),
    taskInstances(dagId, runId, { task, states = [], limit = 100, orderBy }) {
      const query = new URLSearchParams({ limit: String(limit) })
      if (task) query.set('task_id', task)
      if (orderBy) query.set('order_by', orderBy)
      for (const state of states) query.append('state', state)
      const runs = runId === 'any' ? `${path`/dags/${dagId}/dagRuns`}/~` : path`/dags/${dagId}/dagRuns/${runId}`
      return orNull(call(`${runs}/taskInstances?${query}`, { schema: TaskInstances }))
    },
    log: ({ dag_id, dag_run_id, task_id, try_number, map_index }) =>
      orNull(
        call(
          `${path`/dags/${dag_id}/dagRuns/${dag_run_id}/taskInstances/${task_id}/logs`}/${try_number}?map_index=${map_index}`,
          { schema: Log, retries: 0 },
        ),
      ),
    events(dagId, event) {
      const query = new URLSearchParams({ dag_id: dagId, event, order_by: '-when', limit: '100' })
      return call(`/eventLogs?${query}`, { schema: EventLogs })
    },
    clear: (dagId, body) =>
      call(path`/dags/${dagId}/clearTaskInstances`, {
        method: 'POST',
        body,
        schema: TaskInstances,
        idempotent: body.dry_run,
        timeoutMs: changeMs,
      }),
    trigger: (dagId, body) =>
      call(path`/dags/${dagId}/dagRuns`, {
        method: 'POST',
        body: { logical_date: null, ...body },
        schema: DagRun,
        timeoutMs: changeMs,
      }),
    redact: (text) => redact(text, [access.password]),
  }
}

export function hasStatus(thrown: unknown, status: number): boolean {
  return thrown instanceof HttpStatusError && thrown.status === status
}

/**
 * A path with its parts escaped. Airflow's ids may hold `:`, `+` and dots; a part that is nothing but dots would walk
 * up the path, and `~` stands for all.
 */
function path(texts: TemplateStringsArray, ...parts: string[]): string {
  return texts.reduce((before, text, index) => {
    const part = parts[index - 1] ?? ''
    if (part === '' || part === '~' || /^\.+$/.test(part)) {
      throw new AppError('E_HTTP_STATUS', 'Airflow has nothing of this name.', 'Check the ids in the alert.')
    }
    return `${before}${encodeURIComponent(part)}${text}`
  })
}
