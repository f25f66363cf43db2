import type { ZodType } from 'zod'
import { AppError } from '../../lib/errors.ts'
import { HttpStatusError, type JsonRequest, requestJson } from '../../lib/http.ts'
import { redact } from '../../lib/redact.ts'
import type { AirflowAccess } from './access.ts'
import {
  Anything,
  Dag,
  DagRun,
  DagRuns,
  EventLogs,
  Log,
  type LogLine,
  type TaskInstance,
  TaskInstances,
  Token,
  Version,
} from './answers.ts'

/** A change is not given up early: one whose outcome is unknown costs more than the wait. */
const changeMs = 25_000
/** A log that comes slowly, from a storage far away, must not use up the time of what matters more. */
const logMs = 2_000

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
  events(dagId: string, event: string): Promise<EventLogs>
  clear(dagId: string, body: ClearBody): Promise<TaskInstance[]>
  trigger(dagId: string, body: { dag_run_id: string; conf: object; note: string }): Promise<DagRun>
  /** What it is and which of the rights that reading needs the user lacks. */
  check(): Promise<{ version: string | null; missingRights: string[] }>
  /** Without this access's own secrets, and what else looks like one. */
  redact(text: string): string
}

/**
 * Logs in with the first call and again when the token has expired. Every call throws AppError as `requestJson` does,
 * and what finding the access threw.
 */
export function openAirflow(given: AirflowAccess | (() => Promise<AirflowAccess>), signal: AbortSignal): Airflow {
  const secrets: string[] = []
  let found: Promise<AirflowAccess> | null = null
  const access = async () => {
    found ??= typeof given === 'function' ? given() : Promise.resolve(given)
    const ready = await found
    if (secrets.length === 0) secrets.push(ready.password)
    return { ...ready, url: ready.url.replace(/\/+$/, '') }
  }
  const common = { system: 'Airflow', signal } as const
  let token: Promise<string> | null = null

  const logIn = async () => {
    const { url, username, password } = await access()
    return requestJson(`${url}/auth/token`, {
      ...common,
      method: 'POST',
      // Logging in twice does no harm.
      idempotent: true,
      body: { username, password },
      schema: Token,
    })
  }

  async function call<T>(path: string, request: JsonRequest & { schema: ZodType<T> }): Promise<T> {
    token ??= logIn()
    const used = token
    const send = async () => {
      const authorization = `Bearer ${await token}`
      const { url } = await access()
      return requestJson(`${url}/api/v2${path}`, { retries: 1, ...common, ...request, headers: { authorization } })
    }
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
          { schema: Log, retries: 0, timeoutMs: logMs },
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
    async check() {
      const { version } = await call('/version', { schema: Version })
      const rights: [string, string][] = [
        ['/dags?limit=1', 'DAGs (can_read on DAGs)'],
        ['/eventLogs?limit=1', 'the audit log (can_read on Audit Logs)'],
        ['/pools?limit=1', 'pools (can_read on Pools)'],
        ['/importErrors?limit=1', 'import errors (can_read on ImportError)'],
      ]
      const lacks = await Promise.all(
        rights.map(async ([path, name]) => {
          try {
            await call(path, { schema: Anything })
            return []
          } catch (thrown) {
            if (hasStatus(thrown, 403)) return [name]
            throw thrown
          }
        }),
      )
      return { version, missingRights: lacks.flat() }
    },
    redact: (text) => redact(text, secrets),
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
