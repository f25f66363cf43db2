import { randomBytes } from 'node:crypto'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startPostgres } from '../../../engine/postgres.ts'
import { type Ended, run } from './command.ts'
import { pythonEnvironment } from './python.ts'

/** A dbt project over a PostgreSQL of its own, with the raw table that it is made from. */
export interface Shop {
  /** The project's `target` folder: where dbt leaves its artifacts. */
  artifacts: string
  /** The warehouse, as its owner. */
  warehouseUrl: string
  /** How somebody else runs dbt on it, its subcommand left out, and the environment that this needs. */
  command: string
  environment: Record<string, string>
  /** Runs dbt; its exit code is 1 when a model, a test or a freshness check failed. */
  dbt(...words: string[]): Promise<Ended>
  /** Changes the warehouse, as whoever loads it would. */
  sql(statement: string): Promise<void>
  stop(): Promise<void>
}

const project = join(import.meta.dirname, '..', 'projects', 'shop')

/** dbt 1.11 is the newest that installs from the package index alone. */
const requirements = ['dbt-core==1.11.16', 'dbt-postgres==1.11.0']

export async function startShop(): Promise<Shop> {
  const python = await pythonEnvironment({ name: 'dbt', requirements })
  // Not by mkdtemp, whose folders nobody else may enter: as root, the server runs as another user.
  const stateDir = join(tmpdir(), `dim-shop-${randomBytes(6).toString('hex')}`)
  const folder = await mkdtemp(join(tmpdir(), 'dim-dbt-'))
  await cp(project, folder, { recursive: true })
  const server = await startPostgres({ stateDir, durable: false, ownerCreatesDatabases: true })
  const warehouse = new URL(server.ownerUrl)
  const environment = {
    SHOP_PORT: warehouse.port,
    SHOP_USER: decodeURIComponent(warehouse.username),
    SHOP_PASSWORD: decodeURIComponent(warehouse.password),
    SHOP_DATABASE: 'shop',
    DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
  }
  await query(server.ownerUrl, 'create database shop')
  warehouse.pathname = '/shop'
  const places = ['--project-dir', folder, '--profiles-dir', folder, '--no-use-colors']
  await query(warehouse.href, raw)
  return {
    artifacts: join(folder, 'target'),
    warehouseUrl: warehouse.href,
    // dbt takes its places from the environment as well, so that the subcommand can stand last.
    command: python.program('dbt'),
    environment: { ...environment, DBT_PROJECT_DIR: folder, DBT_PROFILES_DIR: folder, DBT_USE_COLORS: 'false' },
    dbt: (...words) => run(python.program('dbt'), [...words, ...places], environment),
    sql: (statement) => query(warehouse.href, statement),
    async stop() {
      await server.stop()
      await rm(stateDir, { recursive: true, force: true })
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const raw = `
  create schema raw;
  create table raw.orders (order_id int, customer_id int, amount numeric, loaded_at timestamptz not null default now());
  insert into raw.orders (order_id, customer_id, amount) select n, n % 10, n * 1.5 from generate_series(1, 100) as n;
`

async function query(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
