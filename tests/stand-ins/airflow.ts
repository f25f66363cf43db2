import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { tryParseJson } from '../../scripts/lib/json.ts'
import { ClearBody, eventJson, runJson, TriggerBody, taskJson } from './airflow-shapes.ts'
import { look, run, type StandInDag, type StandInRun, selectTasks, startAgain, task } from './airflow-state.ts'
import { type Answer, type Received, type StandIn, startStandIn } from './server.ts'

export { dailyEltPipeline, type StandInDag } from './airflow-state.ts'

const LogIn = z.strictObject({ username: z.string(), password: z.string() })

export interface AirflowStandIn extends StandIn {
  /** What a product is configured with to reach it. */
  readonly settings: { AIRFLOW_URL: string; AIRFLOW_USERNAME: string; AIRFLOW_PASSWORD: string }
  /** Every clear that was done, dry runs not among them; and every run that was started. */
  readonly clears: readonly (ClearBody & { dag_id: string })[]
  readonly triggers: readonly (TriggerBody & { dag_id: string })[]
  readonly backfills: readonly StandInBackfill[]
  /** Its state, for tests to read and to change. */
  readonly dags: StandInDag[]
  /** Makes every token handed out so far an expired one. */
  expireTokens(): void
}

const BackfillGiven = z.strictObject({
  dag_id: z.string(),
  from_date: z.string(),
  to_date: z.string(),
  reprocess_behavior: z.literal('failed'),
  max_active_runs: z.number().int(),
  run_backwards: z.boolean(),
  dag_run_conf: z.record(z.string(), z.unknown()),
})

export type StandInBackfill = z.infer<typeof BackfillGiven> & {
  id: number
  is_paused: boolean
  completed_at: string | null
  runs: string[]
}

/** A user; a viewer may not write. */
interface User {
  username: string
  password: string
  role: 'admin' | 'viewer'
}
const onlyUser: User = { username: 'dim', password: 'stand-in-password', role: 'admin' }

/** Airflow 3's REST API v2 as far as the product calls it: paths, status codes, shapes and defaults of 3.3. */
export async function startAirflow(options: {
  dags: StandInDag[]
  users?: User[]
  port?: number
}): Promise<AirflowStandIn> {
  const { dags, users = [onlyUser] } = options
  const tokens = new Map<string, User | 'expired'>()
  const clears: (ClearBody & { dag_id: string })[] = []
  const triggers: (TriggerBody & { dag_id: string })[] = []
  const events: Record<string, unknown>[] = []
  const backfills: StandInBackfill[] = []

  function answer(request: Received): Answer {
    const { method, path, query, body } = request
    if (path === '/auth/token' && method === 'POST') return logIn(body)
    if (path === '/api/v2/version') return ok({ version: '3.3.2', git_version: null })
    const user = userOf(request)
    if ('status' in user) return user
    const parts = path.split('/').slice(1).map(decodeURIComponent)
    if (parts[0] !== 'api' || parts[1] !== 'v2') return noRoute
    if (parts[2] === 'backfills') return answerBackfill(request, parts[3], parts[4], user)
    if (parts[2] === 'eventLogs' && method === 'GET') return eventLogs(query)
    if (parts.slice(2).join('/') === 'dags/~/dagRuns/~/taskInstances' && method === 'GET')
      return tasksOfAll(dags, query)
    if (method === 'GET' && parts.slice(2).join('/') === 'dags/~/dagRuns') return listAllRuns(dags, query)
    if (method === 'GET' && parts.slice(2).join('/') === 'dags') return listDags(dags, query)
    if (method === 'GET' && parts.slice(2).join('/') === 'assets') return ok({ assets: [], total_entries: 0 })
    const dag = dags.find((one) => one.dag_id === parts[3])
    if (parts[2] !== 'dags') return noRoute
    if (!dag) return notFound(`The Dag with ID: \`${parts[3]}\` was not found`)
    const [, , , , kind, runId, below, taskId, what, last] = parts
    if (method === 'POST' && user.role === 'viewer') return detail(403, 'Forbidden')
    if (method === 'POST' && kind === 'clearTaskInstances') return clear(dag, body)
    if (method === 'POST' && kind === 'dagRuns' && !runId) return trigger(dag, body)
    if (method !== 'GET') return detail(405, 'Method Not Allowed')
    if (!kind) return ok(dagJson(dag))
    if (kind !== 'dagRuns') return noRoute
    if (!runId) return listRuns(dag, query)
    const found = dag.runs.find((one) => one.dag_run_id === runId)
    if (below === 'taskInstances' && !taskId && (found || runId === '~'))
      return listTasks(dag, found ? [found] : dag.runs, query)
    if (!found) return notFound(`The DagRun with dag_id: \`${dag.dag_id}\` and run_id: \`${runId}\` was not found`)
    if (!below) {
      look(dag, found)
      return ok(runJson(dag, found))
    }
    if (what === 'logs') return log(request, found, taskId, Number(last))
    if (what === 'xcomEntries' && last) return xcom(found, taskId, last, Number(query.get('map_index') ?? -1))
    return noRoute
  }

  function logIn(body: string): Answer {
    const given = LogIn.safeParse(tryParseJson(body))
    if (!given.success) return invalid(given.error)
    const user = users.find((one) => one.username === given.data.username && one.password === given.data.password)
    if (!user) return detail(401, 'Invalid credentials')
    const token = randomUUID()
    tokens.set(token, user)
    return { status: 201, body: { access_token: token } }
  }

  function userOf({ headers }: Received): User | Answer {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
    if (!token) return detail(401, 'Not authenticated')
    const user = tokens.get(token)
    if (user === 'expired') return detail(401, 'Token Expired')
    return user ?? detail(403, 'Invalid JWT token')
  }

  function clear(dag: StandInDag, body: string): Answer {
    const given = ClearBody.safeParse(tryParseJson(body))
    if (!given.success) return invalid(given.error)
    const wanted = given.data
    if (!wanted.dry_run) events.push(eventJson(dag, 'post_clear_task_instances', wanted.dag_run_id, body))
    const found = dag.runs.find((one) => one.dag_run_id === wanted.dag_run_id)
    if (!found) return notFound(`Dag Run id ${wanted.dag_run_id} not found in dag ${dag.dag_id}`)
    const tasks = selectTasks(found, wanted)
    if (wanted.prevent_running_task && tasks.some((one) => one.state === 'running')) {
      return detail(409, 'AirflowClearRunningTaskException')
    }
    if (!wanted.dry_run && tasks.length > 0) {
      startAgain(dag, found, tasks, wanted.note ?? null)
      clears.push({ ...wanted, dag_id: dag.dag_id })
    }
    return ok({ task_instances: tasks.map((one) => taskJson(dag, found, one)), total_entries: tasks.length })
  }

  function trigger(dag: StandInDag, body: string): Answer {
    const given = TriggerBody.safeParse(tryParseJson(body))
    if (!given.success) return invalid(given.error)
    const id = given.data.dag_run_id ?? `manual__${new Date().toISOString()}`
    events.push(eventJson(dag, 'trigger_dag_run', id, body))
    if (dag.runs.some((one) => one.dag_run_id === id)) {
      return {
        status: 409,
        body: { detail: { reason: 'Unique constraint violation', statement: 'hidden', orig_error: 'hidden' } },
      }
    }
    const tasks = [...new Set(dag.runs.flatMap((one) => one.tasks.map(({ task_id }) => task_id)))].map((name) =>
      task(name),
    )
    const started = run(id, new Date(), tasks, {
      state: 'queued',
      start_date: null,
      note: given.data.note ?? null,
      conf: given.data.conf ?? {},
    })
    dag.runs.unshift(started)
    startAgain(dag, started, tasks, null)
    triggers.push({ ...given.data, dag_id: dag.dag_id })
    return ok(runJson(dag, started))
  }

  /** https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html#tag/Backfill */
  function answerBackfill({ method, query, body }: Received, id = '', verb = '', user: User): Answer {
    if (method === 'GET') {
      const dagId = query.get('dag_id')
      if (dagId === null) return detail(422, 'dag_id: Field required')
      const found = backfills.filter((one) => one.dag_id === dagId).reverse()
      for (const one of found) lookAtBackfill(one)
      return ok({ backfills: found, total_entries: found.length })
    }
    if (user.role === 'viewer') return detail(403, 'Forbidden')
    if (method === 'PUT' && verb === 'cancel') {
      const found = backfills.find((one) => String(one.id) === id)
      if (!found) return notFound('Backfill not found')
      if (found.completed_at) return detail(409, 'Backfill is already completed.')
      found.completed_at = new Date().toISOString()
      return ok(found)
    }
    const given = BackfillGiven.safeParse(tryParseJson(body))
    if (!given.success) return invalid(given.error)
    const dag = dags.find((one) => one.dag_id === given.data.dag_id)
    if (!dag) return notFound(`Could not find dag ${given.data.dag_id}`)
    const failed = failedBetween(dag, given.data)
    if (id === 'dry_run') {
      const times = failed.map((one) => ({ logical_date: one.run_after.toISOString() }))
      return ok({ backfills: times, total_entries: times.length })
    }
    if (backfills.some((one) => one.dag_id === dag.dag_id && !one.completed_at)) {
      return detail(409, `There is already a running backfill for dag ${dag.dag_id}`)
    }
    for (const one of failed) startAgain(dag, one, one.tasks, null)
    const started: StandInBackfill = {
      ...given.data,
      id: backfills.length + 1,
      is_paused: false,
      completed_at: null,
      runs: failed.map((one) => one.dag_run_id),
    }
    backfills.push(started)
    return ok(started)
  }

  function lookAtBackfill(one: StandInBackfill): void {
    const dag = dags.find(({ dag_id }) => dag_id === one.dag_id)
    const runs = dag?.runs.filter((run) => one.runs.includes(run.dag_run_id)) ?? []
    for (const run of runs) if (dag) look(dag, run)
    if (runs.every(({ state }) => state === 'success' || state === 'failed')) {
      one.completed_at ??= new Date().toISOString()
    }
  }

  function eventLogs(query: URLSearchParams): Answer {
    const found = events
      .filter((one) => one.dag_id === query.get('dag_id') && one.event === query.get('event'))
      .reverse()
    return ok({ event_logs: found, total_entries: found.length })
  }

  const server = await startStandIn(answer, options.port === undefined ? {} : { port: options.port })
  const [user = onlyUser] = users
  return {
    ...server,
    settings: { AIRFLOW_URL: server.url, AIRFLOW_USERNAME: user.username, AIRFLOW_PASSWORD: user.password },
    clears,
    triggers,
    backfills,
    dags,
    expireTokens() {
      for (const token of tokens.keys()) tokens.set(token, 'expired')
    },
  }
}

const noRoute: Answer = { status: 404, body: { error: 'API route not found' } }

function ok(body: unknown): Answer {
  return { status: 200, body }
}

function detail(status: number, text: string): Answer {
  return { status, body: { detail: text } }
}

function notFound(text: string): Answer {
  return detail(404, text)
}

/** As FastAPI says it, what was sent included. */
function invalid({ issues }: z.ZodError): Answer {
  return {
    status: 422,
    body: { detail: issues.map(({ path, message }) => ({ type: 'invalid', loc: ['body', ...path], msg: message })) },
  }
}

function failedBetween(dag: StandInDag, { from_date, to_date }: { from_date: string; to_date: string }): StandInRun[] {
  const [from, to] = [Date.parse(from_date), Date.parse(to_date)]
  return dag.runs.filter(
    (one) => one.state === 'failed' && one.run_after.getTime() >= from && one.run_after.getTime() <= to,
  )
}

function listRuns(dag: StandInDag, query: URLSearchParams): Answer {
  const states = query.getAll('state')
  const found = dag.runs
    .filter((one) => states.length === 0 || states.includes(one.state))
    .sort((a, b) => b.run_after.getTime() - a.run_after.getTime())
  for (const one of found) look(dag, one)
  return ok({ dag_runs: page(found, query).map((one) => runJson(dag, one)), total_entries: found.length })
}

function listAllRuns(dags: readonly StandInDag[], query: URLSearchParams): Answer {
  const found = dags.flatMap((dag) => dag.runs.map((one) => runJson(dag, one)))
  return ok({ dag_runs: page(found, query), total_entries: found.length })
}

function listTasks(dag: StandInDag, runs: readonly StandInRun[], query: URLSearchParams): Answer {
  const states = query.getAll('state')
  const name = query.get('task_id')
  const found = runs
    .flatMap((one) => one.tasks.map((instance) => ({ one, instance })))
    .filter(
      ({ instance }) =>
        (name === null || instance.task_id === name) &&
        (states.length === 0 || states.includes(instance.state ?? 'no_status')),
    )
  if (query.get('order_by') === '-start_date') {
    found.sort((a, b) => (b.instance.start_date?.getTime() ?? 0) - (a.instance.start_date?.getTime() ?? 0))
  }
  return ok({
    task_instances: page(found, query).map(({ one, instance }) => taskJson(dag, one, instance)),
    total_entries: found.length,
  })
}

/** Of all DAGs: the filters and the orders that the product uses, and offset paging. */
function tasksOfAll(dags: readonly StandInDag[], query: URLSearchParams): Answer {
  const order = query.get('order_by') ?? ''
  const key = order === '-start_date' ? 'start_date' : 'end_date'
  if (order !== '' && order !== 'end_date' && order !== '-start_date')
    return detail(400, 'Ordering with this is disallowed')
  const [states, operators] = [query.getAll('state'), query.getAll('operator')]
  const since = Date.parse(query.get('end_date_gte') ?? '1970-01-01')
  const until = Date.parse(query.get('start_date_lte') ?? '9999-01-01')
  const found = dags
    .flatMap((dag) => dag.runs.flatMap((one) => one.tasks.map((instance) => ({ dag, one, instance }))))
    .filter(({ instance: { state, operator } }) => {
      return (
        (states.length === 0 || states.includes(state ?? '')) &&
        (operators.length === 0 || operators.includes(operator))
      )
    })
    .filter(({ instance: { start_date, end_date } }) => {
      return (end_date?.getTime() ?? 0) >= since && (start_date?.getTime() ?? Number.POSITIVE_INFINITY) <= until
    })
    .sort((a, b) => (a.instance[key]?.getTime() ?? 0) - (b.instance[key]?.getTime() ?? 0))
  if (order.startsWith('-')) found.reverse()
  const offset = Number(query.get('offset') ?? 0)
  return ok({
    task_instances: page(found.slice(offset), query).map(({ dag, one, instance }) => taskJson(dag, one, instance)),
    total_entries: found.length,
  })
}

function page<T>(items: readonly T[], query: URLSearchParams): T[] {
  return items.slice(0, Math.min(100, Number(query.get('limit') ?? 50)))
}

/** Lines of JSON, or all as one JSON. As the real one: always from its start, whatever range is asked for. */
function log({ query, headers }: Received, found: StandInRun, taskId: string | undefined, tryNumber: number): Answer {
  const accept = headers.accept ?? '*/*'
  if (!/json|\*/.test(accept)) return detail(406, 'Only application/json or application/x-ndjson is supported')
  const mapIndex = Number(query.get('map_index') ?? -1)
  const instance = found.tasks.find((one) => one.task_id === taskId && one.map_index === mapIndex)
  if (!instance || tryNumber < 1 || tryNumber > instance.try_number) return notFound('TaskInstance not found')
  const lines = instance.log.map((event) => ({
    timestamp: instance.start_date,
    event,
    level: instance.state === 'failed' ? 'error' : 'info',
  }))
  const content = [{ event: '::group::Log message source details' }, { event: '::endgroup::' }, ...lines]
  if (!accept.includes('ndjson')) return ok({ content, continuation_token: null })
  const type = { 'content-type': 'application/x-ndjson' }
  if (instance.longLog) return { status: 200, headers: type, stream: instance.longLog() }
  return { status: 200, headers: type, body: content.map((line) => `${JSON.stringify(line)}\n`).join('') }
}

function xcom(found: StandInRun, taskId: string | undefined, key: string, mapIndex: number): Answer {
  const left = found.tasks.find((one) => one.task_id === taskId && one.map_index === mapIndex)?.xcoms ?? {}
  if (!Object.hasOwn(left, key)) return notFound(`XCom entry with key: \`${key}\` not found`)
  return ok({ key, value: left[key], dag_run_id: found.dag_run_id, task_id: taskId, map_index: mapIndex })
}

function dagJson(dag: StandInDag) {
  return {
    dag_id: dag.dag_id,
    dag_display_name: dag.dag_id,
    is_paused: dag.is_paused,
    is_stale: false,
    has_import_errors: false,
    owners: ['data-platform'],
    tags: [{ name: 'tier2' }],
    timetable_summary: '0 5 * * *',
    timetable_description: 'At 05:00',
    max_active_runs: 16,
  }
}

function listDags(dags: readonly StandInDag[], query: URLSearchParams): Answer {
  const from = Number(query.get('offset') ?? 0)
  const page = dags.slice(from, from + Number(query.get('limit') ?? 50))
  return ok({ dags: page.map(dagJson), total_entries: dags.length })
}
