import type { ZodType } from 'zod'
import { AppError } from '../../lib/errors.ts'
import { HttpStatusError, type JsonRequest, requestJson, requestTail, type Tail } from '../../lib/http.ts'
import { tryParseJson } from '../../lib/json.ts'
import { redact } from '../../lib/redact.ts'
import type { AirflowAccess } from './access.ts'
import {
  Anything,
  AssetEvents,
  Assets,
  Backfill,
  Backfills,
  BackfillTimes,
  Dag,
  DagRun,
  DagRuns,
  Dags,
  DagVersions,
  EventLogs,
  ImportErrors,
  Log,
  type LogLine,
  LogLines,
  Monitor,
  Pools,
  type TaskInstance,
  TaskInstances,
  Token,
  Version,
} from './answers.ts'

/** A change is not given up early: one whose outcome is unknown costs more than the wait. */
const changeMs = 25_000
/** A log that comes slowly, from a storage far away, must not use up the time of what matters more. */
const logMs = 2_000
/** Of a log, however long, so much of its end is looked at. */
const logTail = 262_144

const mostDags = 2_000

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

/** What a backfill is about; Airflow's own names. */
export interface BackfillBody {
  dag_id: string
  from_date: string
  to_date: string
  reprocess_behavior: 'failed'
  max_active_runs: number
  run_backwards: boolean
  dag_run_conf: Record<string, unknown>
}

export interface TaskFilter {
  task?: string
  states?: readonly string[]
  limit?: number
  orderBy?: string
}

/** One Airflow, over its REST API v2, or v1 of Airflow 2 (https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html). */
export interface Airflow {
  /** Null when there is no such DAG; so with each of the next four. */
  dag(dagId: string): Promise<Dag | null>
  /** All that are not paused, at most 2,000. */
  dags(): Promise<Dag[]>
  /** Newest first, by the time that they were due. */
  runs(dagId: string, limit: number): Promise<DagRun[] | null>
  run(dagId: string, runId: string): Promise<DagRun | null>
  taskInstances(dagId: string, runId: string | 'any', filter: TaskFilter): Promise<TaskInstance[] | null>
  /** Of all DAGs, the tasks that ended as `failed` at that time or later, oldest first. */
  failedSince(since: Date, limit: number): Promise<TaskInstance[]>
  /** Null when that try left no log. */
  log(instance: TaskInstance): Promise<LogLine[] | null>
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
  clear(dagId: string, body: ClearBody): Promise<TaskInstance[]>
  /** Null when there is none of that DAG; newest first. */
  backfills(dagId: string): Promise<Backfills>
  /** The times that a backfill would run; nothing is changed. */
  tryBackfill(body: BackfillBody): Promise<BackfillTimes>
  startBackfill(body: BackfillBody): Promise<Backfill>
  cancelBackfill(id: number): Promise<void>
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
  let session: Promise<Session> | null = null

  const logIn = async (): Promise<Session> => {
    const { url, username, password } = await access()
    try {
      const token = await requestJson(`${url}/auth/token`, {
        ...common,
        method: 'POST',
        // Logging in twice does no harm.
        idempotent: true,
        body: { username, password },
        schema: Token,
      })
      return { base: `${url}/api/v2`, authorization: `Bearer ${token}`, isTwo: false }
    } catch (thrown) {
      // Airflow 2 has no tokens.
      if (!hasStatus(thrown, 404) && !hasStatus(thrown, 405)) throw thrown
      const pair = Buffer.from(`${username}:${password}`).toString('base64')
      return { base: `${url}/api/v1`, authorization: `Basic ${pair}`, isTwo: true }
    }
  }

  async function withSession<T>(ask: (session: Session) => Promise<T>): Promise<T> {
    session ??= logIn()
    const used = session
    try {
      return await ask(await used)
    } catch (thrown) {
      if (!hasStatus(thrown, 401) || (await used.catch(() => null)) === null) throw thrown
      // Refused, so nothing was done: the token has expired. Calls that found it together log in once.
      if (session === used) session = logIn()
      return await ask(await session)
    }
  }

  function call<T>(path: Path, request: JsonRequest & { schema: ZodType<T> }): Promise<T> {
    return withSession(({ base, authorization, isTwo }) => {
      if (isTwo && (request.method === 'POST' || request.method === 'PUT')) throw onlyThree()
      const where = typeof path === 'string' ? path : path(isTwo)
      return requestJson(`${base}${where}`, { retries: 1, ...common, ...request, headers: { authorization } })
    })
  }

  async function logText(path: string): Promise<Tail> {
    return withSession(({ base, authorization, isTwo }) =>
      requestTail(`${base}${path}`, {
        ...common,
        retries: 0,
        timeoutMs: logMs,
        tailBytes: logTail,
        headers: { authorization, accept: isTwo ? 'application/json' : 'application/x-ndjson, application/json' },
      }),
    )
  }

  const orNull = async <T>(answer: Promise<T>): Promise<T | null> => {
    try {
      return await answer
    } catch (thrown) {
      if (hasStatus(thrown, 404)) return null
      throw thrown
    }
  }

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
      return found.filter(({ is_paused, is_stale }) => !is_paused && !is_stale)
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
    async taskInstances(dagId, runId, { task, states = [], limit = 100, orderBy }) {
      const runs = runId === 'any' ? `${path`/dags/${dagId}/dagRuns`}/~` : path`/dags/${dagId}/dagRuns/${runId}`
      const where = (isTwo: boolean) => {
        const query = new URLSearchParams({ limit: String(isTwo ? 100 : limit) })
        // Airflow 2 refuses a question with a word that it does not know.
        if (task && !isTwo) query.set('task_id', task)
        if (orderBy && !isTwo) query.set('order_by', orderBy)
        for (const state of states) query.append('state', state)
        return `${runs}/taskInstances?${query}`
      }
      const found = await orNull(call(where, { schema: TaskInstances }))
      return found && task ? found.filter((one) => one.task_id === task) : found
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
    async log({ dag_id, dag_run_id, task_id, try_number, map_index }) {
      const of = path`/dags/${dag_id}/dagRuns/${dag_run_id}/taskInstances/${task_id}/logs`
      const tail = await orNull(logText(`${of}/${try_number}?map_index=${map_index}`))
      return tail && linesOf(tail)
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
    clear: (dagId, body) =>
      call(path`/dags/${dagId}/clearTaskInstances`, {
        method: 'POST',
        body,
        schema: TaskInstances,
        idempotent: body.dry_run,
        timeoutMs: changeMs,
      }),
    async backfills(dagId) {
      const query = new URLSearchParams({ dag_id: dagId, limit: '50', order_by: '-id' })
      return call(`/backfills?${query}`, { schema: Backfills })
    },
    tryBackfill: (body) =>
      call('/backfills/dry_run', {
        method: 'POST',
        body,
        schema: BackfillTimes,
        idempotent: true,
        timeoutMs: changeMs,
      }),
    startBackfill: (body) => call('/backfills', { method: 'POST', body, schema: Backfill, timeoutMs: changeMs }),
    async cancelBackfill(id) {
      await call(path`/backfills/${String(id)}/cancel`, { method: 'PUT', schema: Anything, timeoutMs: changeMs })
    },
    trigger: (dagId, body) =>
      call(path`/dags/${dagId}/dagRuns`, {
        method: 'POST',
        body: { logical_date: null, ...body },
        schema: DagRun,
        timeoutMs: changeMs,
      }),
    async check() {
      const { version } = await call('/version', { schema: Version })
      const rights: [Path, string][] = [
        ['/dags?limit=1', 'DAGs (can_read on DAGs)'],
        ['/eventLogs?limit=1', 'the audit log (can_read on Audit Logs)'],
        ['/pools?limit=1', 'pools (can_read on Pools)'],
        ['/importErrors?limit=1', 'import errors (can_read on ImportError)'],
        [(isTwo) => `/${isTwo ? 'datasets' : 'assets'}?limit=1`, 'assets (can_read on Assets)'],
      ]
      const lacks = await Promise.all(
        rights.map(async ([where, name]) => {
          try {
            await call(where, { schema: Anything })
            return []
          } catch (thrown) {
            if (hasStatus(thrown, 403)) return [name]
            // Another release, or a stand-in, may not have it at all: that is no right.
            if (hasStatus(thrown, 404)) return []
            throw thrown
          }
        }),
      )
      return { version, missingRights: lacks.flat() }
    },
    redact: (text) => redact(text, secrets),
  }
}

/** How Airflow is spoken to: with a token, or as Airflow 2 wants it. */
interface Session {
  base: string
  authorization: string
  isTwo: boolean
}

/** Where to ask, where Airflow 2 differs. */
type Path = string | ((isTwo: boolean) => string)

function onlyThree(): AppError {
  return new AppError(
    'E_FIX_REFUSED',
    'This is Airflow 2, which is read and not changed.',
    'Fixes need Airflow 3; a person has to do it.',
  )
}

/** A log as it comes: a line of JSON each, or all of it as one JSON text. What was cut in half is left out. */
function linesOf({ text, isWhole }: Tail): LogLine[] {
  const whole = isWhole ? Log.safeParse(tryParseJson(text)) : null
  if (whole?.success) return whole.data
  return text
    .split('\n')
    .slice(isWhole ? 0 : 1)
    .flatMap((line) => {
      const parsed = LogLines.safeParse([tryParseJson(line)])
      return parsed.success ? parsed.data : []
    })
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
