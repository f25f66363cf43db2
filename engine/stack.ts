import { randomBytes } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { z } from 'zod'
import {
  checkWebhookKeys,
  type Declared,
  kestraEnvironment,
  readSettings,
  type Settings,
} from '../scripts/lib/config.ts'
import { parseJson } from '../scripts/lib/json.ts'
import {
  checkTenantKeys,
  namespaceOf,
  rootNamespace,
  settingsOfTenant,
  tenantEnvironment,
  tenantsIn,
} from '../scripts/lib/tenant.ts'
import { migrate } from '../scripts/store/migrate.ts'
import { deployFlows } from '../scripts/workflow/deploy.ts'
import { buildTasks } from './bundle.ts'
import { type Engine, type EngineOptions, startEngine } from './engine.ts'
import { freePort } from './postgres/system.ts'
import { type Postgres, startPostgres } from './postgres.ts'
import { sharedFolder, stateFolder } from './state.ts'

const home = join(import.meta.dirname, '..')

type Role = NonNullable<EngineOptions['role']>

export interface StackOptions {
  /** Separates stacks of one checkout: `demo`, `start`, `test`. */
  name: string
  kestraVersion: string
  /** What the user set; missing keys, the log-in and the database are made up. */
  settings: Settings
  /** Start without what an earlier run left. */
  fresh: boolean
  port?: number
  host?: string
  /** Run Kestra's worker in a process of its own, so that it can be killed alone. */
  separateWorker?: boolean
  /** Start the engine again when it ends by itself, as a service manager would. */
  keepAlive?: boolean
  onProgress(text: string): void
}

/** The whole product on this machine: a PostgreSQL, the engine, the flows. */
export interface Stack {
  settings: Declared<'ALERT_WEBHOOK_KEY' | 'DATABASE_URL'>
  engine: Engine
  /** Kestra's worker, where it is a process of its own. */
  worker: Engine | null
  /** `null` when the user brought a database. */
  postgres: Postgres | null
  webhookUrl: string
  /** Of another tenant's; null while it has no key. */
  webhookOf(tenant: string): string | null
  /** The namespaces of the tenants that run: the root's, and those that have a folder of configuration. */
  tenants: string[]
  /** Where the engine logs. */
  logFile: string
  /** Starts the engine again, on the same port and state. */
  restartEngine(): Promise<void>
  /** Starts the worker again, where it is a process of its own. */
  restartWorker(): Promise<void>
  /** Starts a PostgreSQL that was stopped again, on the same port and data. */
  restartPostgres(): Promise<void>
  stop(): Promise<void>
}

/** Starts everything; what had started is stopped again when a later step fails. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { onProgress } = options
  const folder = await stateFolder(home, options.name)
  if (options.fresh) await rm(join(folder, 'engine'), { recursive: true, force: true })
  const stops: (() => Promise<void>)[] = []
  let postgres: Postgres | null = null
  try {
    onProgress('Bundling the tasks')
    await buildTasks()
    const settings = await withDefaults(options.settings, join(folder, 'secrets.json'))
    checkWebhookKeys(settings)
    const tenants = await tenantsIn(settings.DIM_CONFIG_DIR)
    checkTenantKeys(settings, tenants)
    postgres = await database(settings)
    onProgress('Preparing the store')
    await migrate(settings.DATABASE_OWNER_URL ?? '')
    const port = options.port ?? (await steadyPort(join(folder, 'port')))
    settings.KESTRA_URL = `http://127.0.0.1:${port}`
    const boot = (role: Role) => bootEngine(role, settings, tenants, port)
    const role = options.separateWorker ? 'server' : 'all'
    let engine = await boot(role)
    stops.push(() => engine.stop())
    let worker = options.separateWorker ? await boot('worker') : null
    stops.push(async () => worker?.stop())
    onProgress('Deploying the flows')
    const namespaces = [rootNamespace, ...tenants.map(namespaceOf)]
    for (const namespace of namespaces) await deployFlows({ settings, namespace })
    const running = join(folder, 'running.json')
    await writeFile(running, JSON.stringify(settings), { mode: 0o600 })
    stops.push(() => rm(running, { force: true }))
    const webhookOf = (tenant: string) => {
      const { ALERT_WEBHOOK_KEY: key } = settingsOfTenant(settings, tenant)
      return key ? `${engine.url}/api/v1/main/executions/webhook/${tenant}/alert_ingestion/${key}` : null
    }
    const stack: Stack = {
      logFile: join(folder, 'engine.log'),
      settings: { ...settings, ...readSettings(['ALERT_WEBHOOK_KEY', 'DATABASE_URL'], settings) },
      engine,
      worker,
      postgres,
      tenants: namespaces,
      webhookUrl: webhookOf(rootNamespace) ?? '',
      webhookOf,
      async restartEngine() {
        engine = await boot(role)
        stack.engine = engine
        watch(engine)
      },
      async restartWorker() {
        if (!worker) return
        worker = await boot('worker')
        stack.worker = worker
      },
      async restartPostgres() {
        if (!postgres) return
        postgres = await startPostgres({ stateDir: folder, port: postgres.port, onProgress })
        stack.postgres = postgres
      },
      stop: () => stopAll(stops),
    }
    watch(engine)
    return stack

    function watch(running: Engine): void {
      if (!options.keepAlive) return
      running.died
        .then(async (died) => {
          if (!died) return
          onProgress(`The engine ended by itself (its log: ${stack.logFile}); starting it again`)
          await stack.restartEngine()
          onProgress('The engine is running again')
        })
        .catch((fault: Error) => {
          onProgress(`The engine can't be started again, stop and start the product: ${fault.message}`)
        })
    }
  } catch (thrown) {
    await stopAll(stops)
    throw thrown
  }

  async function database(settings: Record<string, string>): Promise<Postgres | null> {
    if (settings.DATABASE_URL && settings.DATABASE_OWNER_URL) return null
    onProgress('Starting PostgreSQL')
    const started = await startPostgres({ stateDir: folder, fresh: options.fresh, onProgress })
    stops.push(async () => postgres?.stop())
    settings.DATABASE_URL = started.appUrl
    settings.DATABASE_OWNER_URL = started.ownerUrl
    return started
  }

  async function bootEngine(
    role: Role,
    settings: Record<string, string>,
    tenants: string[],
    port: number,
  ): Promise<Engine> {
    const cache = join(folder, 'node-cache')
    return startEngine({
      role,
      kestraVersion: options.kestraVersion,
      stateDir: join(folder, 'engine'),
      outputDir: await sharedFolder('engine'),
      port,
      ...(options.host === undefined ? {} : { host: options.host }),
      username: settings.KESTRA_USERNAME ?? '',
      password: settings.KESTRA_PASSWORD ?? '',
      environment: {
        ...kestraEnvironment(settings),
        ...tenantEnvironment(settings, tenants),
        ENV_DIM_HOME: home,
        NODE_COMPILE_CACHE: cache,
        // The Node that this runs on is the one the tasks run on.
        PATH: [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter),
      },
      logFile: join(folder, role === 'worker' ? 'worker.log' : 'engine.log'),
      onProgress,
    })
  }
}

/** The settings of a stack of that name that runs on this machine; empty when none does. */
export async function runningStack(name: string): Promise<Settings> {
  const file = join(await stateFolder(home, name), 'running.json')
  try {
    return z.record(z.string(), z.string()).parse(parseJson(await readFile(file, 'utf8')))
  } catch {
    return {}
  }
}

/** What the user left out is made up once and kept, so that a webhook URL stays the same over restarts. */
async function withDefaults(settings: Settings, file: string): Promise<Record<string, string>> {
  const set = Object.entries(settings).flatMap(([name, value]) => (value ? [[name, value] as const] : []))
  const kept = await keptSecrets(file)
  return { DIM_CONFIG_DIR: join(home, 'config'), ...kept, ...Object.fromEntries(set) }
}

async function keptSecrets(file: string): Promise<Record<string, string>> {
  try {
    return z.record(z.string(), z.string()).parse(parseJson(await readFile(file, 'utf8')))
  } catch {
    const made = {
      ALERT_WEBHOOK_KEY: randomBytes(24).toString('hex'),
      KESTRA_USERNAME: 'admin@example.com',
      KESTRA_PASSWORD: `A1${randomBytes(12).toString('hex')}`,
    }
    await writeFile(file, JSON.stringify(made), { mode: 0o600 })
    return made
  }
}

/** The port of the start before, while it is free, so that monitors keep their URL. */
async function steadyPort(file: string): Promise<number> {
  const before = Number(await readFile(file, 'utf8').catch(() => '0'))
  const port = await freePort(Number.isInteger(before) && before < 65_536 ? before : 0)
  await writeFile(file, String(port))
  return port
}

async function stopAll(stops: (() => Promise<void>)[]): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop()
}
