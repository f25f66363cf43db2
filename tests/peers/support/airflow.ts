import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { until } from '../../e2e/product.ts'
import { run } from './command.ts'
import { type Peer, startPeer } from './process.ts'
import { pythonEnvironment } from './python.ts'

const Run = z.object({ dag_run_id: z.string(), state: z.string() })
const Imported = z.object({ has_import_errors: z.boolean() })
const Tries = z.object({ task_instances: z.array(z.object({ try_number: z.number(), state: z.string().nullable() })) })

/** A real Airflow on 127.0.0.1, with the DAGs of `projects/airflow`. */
export interface RealAirflow {
  /** Starts a run, which sees `conf`; its id. `at` is the time that it stands for, where it stands for one. */
  trigger(dagId: string, conf?: Record<string, unknown>, at?: Date): Promise<string>
  /** The run of a DAG that is the only one. */
  onlyRun(dagId: string): Promise<string>
  /** Resolves once a task of a run is in this state. */
  taskState(dagId: string, runId: string, taskId: string, state: string): Promise<string>
  /** The state of a run, once it is one of these. */
  runState(dagId: string, runId: string, accept: readonly string[]): Promise<string>
  /** How each try of a task ended, the first first. */
  tries(dagId: string, runId: string, taskId: string): Promise<(string | null)[]>
  /** Makes a pool. */
  pool(name: string, slots: number): Promise<void>
  /** Has the file of `Stock.Brittle` fail to import from now on; resolves once Airflow has noticed. */
  breakFile(): Promise<void>
  stop(): Promise<void>
}

const dags = join(import.meta.dirname, '..', 'projects', 'airflow')
const requirements = ['apache-airflow==3.3.2']
/** Its own user may only look, the fixes' user may also run; Airflow's simple log-in knows no more than that. */
const users = { eye: 'viewer', hand: 'op', root: 'admin' } as const

/** What the product is configured with to reach it. */
export function airflowSettings(port: number) {
  return {
    AIRFLOW_URL: `http://127.0.0.1:${port}`,
    AIRFLOW_USERNAME: 'eye',
    AIRFLOW_PASSWORD: passwordOf('eye'),
    AIRFLOW_WRITE_USERNAME: 'hand',
    AIRFLOW_WRITE_PASSWORD: passwordOf('hand'),
  }
}

/**
 * @param options.webhookUrl where the DAGs' failure callback posts to
 * @param options.environment what its tasks see besides
 */
export async function startRealAirflow(options: {
  port: number
  webhookUrl: string
  environment?: Record<string, string>
}): Promise<RealAirflow> {
  const { port, webhookUrl } = options
  const python = await pythonEnvironment({ name: 'airflow', requirements })
  const folder = await mkdtemp(join(tmpdir(), 'dim-airflow-'))
  const url = `http://127.0.0.1:${port}`
  const passwords = join(folder, 'passwords.json')
  await writeFile(
    passwords,
    JSON.stringify(Object.fromEntries(Object.keys(users).map((user) => [user, passwordOf(user)]))),
  )
  const own = environmentOf({ folder, url, port, passwords })
  const environment = { ...options.environment, ...own, INCIDENT_WEBHOOK_URL: webhookUrl }
  const program = python.program('airflow')
  const migrated = await run(program, ['db', 'migrate'], environment)
  if (migrated.status !== 0) throw new Error(`airflow db migrate failed:\n${migrated.output.slice(-2000)}`)
  const peers: Peer[] = []
  const stop = async () => {
    await Promise.all(peers.map((peer) => peer.stop()))
    await rm(folder, { recursive: true, force: true })
  }
  const start = async (...args: [string, ...string[]]) => {
    const logFile = join(folder, `${args[0]}.log`)
    const readyUrl = `${url}/api/v2/version`
    const wish = { command: program, args, environment, folder, logFile, readyUrl, readyWithinMs: 120_000 }
    peers.push(await startPeer({ name: `Airflow's ${args[0]}`, ...wish }))
  }
  try {
    // Its log server would listen on every address; the API server reads logs from the folder.
    await Promise.all([start('api-server'), start('scheduler', '--skip-serve-logs'), start('dag-processor')])
    const call = await logIn(url)
    await until('Airflow knows the DAGs', async () => {
      const known = z.object({ total_entries: z.number() }).parse(await call('/dags'))
      return { done: known.total_entries === 15, value: known, seen: `${known.total_entries} DAGs` }
    })
    return operations(call, folder, stop)
  } catch (thrown) {
    await stop()
    throw thrown
  }
}

type Call = (path: string, body?: unknown) => Promise<unknown>

function operations(call: Call, folder: string, stop: () => Promise<void>): RealAirflow {
  return {
    async trigger(dagId, conf = {}, at) {
      const body = { logical_date: at?.toISOString() ?? null, conf }
      return Run.parse(await call(`/dags/${dagId}/dagRuns`, body)).dag_run_id
    },
    async onlyRun(dagId) {
      const { dag_runs: runs } = z.object({ dag_runs: z.array(Run) }).parse(await call(`/dags/${dagId}/dagRuns`))
      const [run] = runs
      if (!run || runs.length > 1) throw new Error(`${dagId} has ${runs.length} runs, not one.`)
      return run.dag_run_id
    },
    taskState(dagId, runId, taskId, wanted) {
      return until(`${taskId} of run ${runId} of ${dagId} is ${wanted}`, async () => {
        const path = `/dags/${dagId}/dagRuns/${encodeURIComponent(runId)}/taskInstances/${taskId}`
        const { state } = z.object({ state: z.string().nullable() }).parse(await call(path))
        return { done: state === wanted, value: state, seen: state ?? 'waiting' }
      })
    },
    runState(dagId, runId, accept) {
      return until(`run ${runId} of ${dagId} is ${accept.join(' or ')}`, async () => {
        const { state } = Run.parse(await call(`/dags/${dagId}/dagRuns/${encodeURIComponent(runId)}`))
        return { done: accept.includes(state), value: state, seen: state }
      })
    },
    async tries(dagId, runId, taskId) {
      const path = `/dags/${dagId}/dagRuns/${encodeURIComponent(runId)}/taskInstances/${taskId}/tries`
      const { task_instances } = Tries.parse(await call(path))
      return task_instances.toSorted((a, b) => a.try_number - b.try_number).map(({ state }) => state)
    },
    async pool(name, slots) {
      await call('/pools', { name, slots })
    },
    async breakFile() {
      await writeFile(join(folder, 'broken'), '')
      await until('Airflow can not import the file', async () => {
        const { has_import_errors: isBroken } = Imported.parse(await call('/dags/Stock.Brittle'))
        return { done: isBroken, value: isBroken, seen: 'a DAG that imports' }
      })
    },
    stop,
  }
}

async function logIn(url: string): Promise<Call> {
  const send = async (path: string, body: unknown, headers: Record<string, string>) => {
    const response = await fetch(`${url}${path}`, {
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`Airflow answered ${response.status} to ${path}: ${await response.text()}`)
    return response.json()
  }
  const answer = await send('/auth/token', { username: 'root', password: passwordOf('root') }, {})
  const { access_token: token } = z.object({ access_token: z.string() }).parse(answer)
  return (path, body) => send(`/api/v2${path}`, body, { authorization: `Bearer ${token}` })
}

function environmentOf(where: {
  folder: string
  url: string
  port: number
  passwords: string
}): Record<string, string> {
  return {
    AIRFLOW_HOME: where.folder,
    AIRFLOW__CORE__DAGS_FOLDER: dags,
    AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
    AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION: 'False',
    AIRFLOW__CORE__PARALLELISM: '2',
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `${where.url}/execution/`,
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS: Object.entries(users)
      .map((pair) => pair.join(':'))
      .join(),
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE: where.passwords,
    AIRFLOW__API__HOST: '127.0.0.1',
    AIRFLOW__API__PORT: String(where.port),
    AIRFLOW__API__BASE_URL: where.url,
    AIRFLOW__API_AUTH__JWT_SECRET: randomBytes(64).toString('hex'),
    AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES: '1',
    AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL: '10',
    PYTHONDONTWRITEBYTECODE: '1',
    // What is on this machine is not reached through a proxy.
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
  }
}

function passwordOf(user: string): string {
  return `${user}-of-a-test`
}
