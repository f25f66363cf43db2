import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Postgres, startPostgres } from '../../engine/postgres.ts'
import { gatherEvidence } from '../../scripts/connectors/gathering/gather.ts'
import { postgres } from '../../scripts/connectors/postgres.ts'
import type { EvidenceKind } from '../../scripts/domain/evidence.ts'
import { openStore, type Store } from '../../scripts/store/connection.ts'
import { migrate } from '../../scripts/store/migrate.ts'
import { libraryIn } from '../../scripts/workflow/library.ts'
import { syncTables } from '../../scripts/workflow/sync-tables.ts'
import { instanceOf, systemsOf } from '../support/systems.ts'

const hourMs = 3_600_000
const now = new Date()
/** Promised two hours ago. */
const promised = new Date(now.getTime() - 2 * hourMs).toISOString()

let stateDir: string
let folder: string
let server: Postgres
let store: Store
let url: string
beforeAll(async () => {
  // Not by mkdtemp, whose folders nobody else may enter: as root, the server runs as another user.
  stateDir = join(tmpdir(), `dim-warehouse-${randomBytes(6).toString('hex')}`)
  server = await startPostgres({ stateDir, durable: false, ownerCreatesDatabases: true })
  await migrate(server.ownerUrl)
  store = openStore(server.appUrl, 'peers')
  folder = await mkdtemp(join(tmpdir(), 'dim-catalog-'))
  const sla = `{ deadline: '${promised.slice(11, 16)}', zone: UTC }`
  await writeFile(join(folder, 'catalog.yaml'), `assets: [{ name: raw.orders, kind: table, tier: 1, sla: ${sla} }]`)
  await sql(server.ownerUrl, 'create database shop')
  url = Object.assign(new URL(server.ownerUrl), { pathname: '/shop' }).href
  await sql(
    url,
    `create schema raw; create table raw.orders (id int, amount numeric);
     insert into raw.orders select n, n from generate_series(1, 1000) as n; analyze raw.orders`,
  )
}, 120_000)
afterAll(async () => {
  await store?.close()
  await server?.stop()
  await rm(stateDir, { recursive: true, force: true })
  await rm(folder, { recursive: true, force: true })
})

async function sql(to: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: to })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}

const system = () => instanceOf(postgres, { WAREHOUSE_URL: url })
const look = (hoursAgo: number) =>
  syncTables(store, system(), { DIM_CONFIG_DIR: folder }, new Date(now.getTime() - hoursAgo * hourMs))

async function gather() {
  const asset = { kind: 'table' as const, name: 'shop.raw.orders' }
  const { evidence } = await gatherEvidence(
    { asset, category: 'freshness', environment: null, alerts: [], now },
    { systems: systemsOf(system()), from: [postgres], library: libraryIn(store) },
  )
  return (kind: EvidenceKind) =>
    evidence.filter((one) => one.kind === kind).map(({ data, summary }) => ({ ...data, summary }))
}

describe('a real PostgreSQL as warehouse', { timeout: 60_000 }, () => {
  test('with a table that is late, and lost rows: when it was written to, when it was promised, what it held', async () => {
    await look(26.1)
    await sql(url, 'delete from raw.orders where id > 900; analyze raw.orders')
    await look(26)
    await look(0.1)
    expect((await gather())('table_state')).toMatchObject([
      {
        table: 'shop.raw.orders',
        row_count: 900,
        previous_row_count: 1000,
        last_altered: new Date(now.getTime() - 26 * hourMs).toISOString(),
        expected_by: `${promised.slice(0, 16)}:00.000Z`,
      },
    ])
  })

  test('whose column was dropped and another one widened: before and after, before the clock has seen it', async () => {
    await sql(url, 'alter table raw.orders drop column amount, alter column id type bigint')
    expect((await gather())('schema_change')).toMatchObject([
      { change: 'type_changed', column: 'id', before: 'integer', after: 'bigint' },
      { change: 'dropped', column: 'amount', before: 'numeric', after: null },
    ])
  })

  test('with a session that holds a lock and does nothing: who, for whom, and not what it wrote', async () => {
    const zombie = new pg.Client({ connectionString: url, application_name: 'nightly-load' })
    const waiter = new pg.Client({ connectionString: url })
    await zombie.connect()
    await waiter.connect()
    try {
      await zombie.query('begin')
      await zombie.query('lock table raw.orders in access exclusive mode')
      await zombie.query("select 'card 4111-1111'")
      const waiting = waiter.query('select count(*) from raw.orders')
      await expect
        .poll(async () => (await gather())('lock'), { timeout: 20_000 })
        .toMatchObject([
          {
            table: 'shop.raw.orders',
            holder: expect.stringContaining('nightly-load'),
            mode: 'AccessExclusiveLock',
            statement: 'idle in transaction',
            last_statement: 'select ?',
            waiting: 1,
          },
        ])
      // The rest is known all the same: nothing that is asked waits for the lock.
      expect((await gather())('table_state')).toHaveLength(1)
      await zombie.query('rollback')
      await waiting
      expect((await gather())('lock')).toEqual([])
    } finally {
      await Promise.all([zombie.end(), waiter.end()])
    }
  })

  test('asked as a role that may see nothing of others: what is missing, and what to grant', async () => {
    const asApp = Object.assign(new URL(server.appUrl), { pathname: '/shop' }).href
    await sql(url, 'grant connect on database shop to dim_app')
    const zombie = new pg.Client({ connectionString: url })
    await zombie.connect()
    try {
      await zombie.query('begin')
      await zombie.query('lock table raw.orders')
      const asset = { kind: 'table' as const, name: 'raw.orders' }
      const { evidence } = await gatherEvidence(
        { asset, category: 'lock', environment: null, alerts: [], now },
        { systems: systemsOf(instanceOf(postgres, { WAREHOUSE_URL: asApp })), from: [postgres] },
      )
      expect(evidence.find(({ kind }) => kind === 'unavailable')?.data).toMatchObject({
        code: 'E_ACCESS_DENIED',
        hint: expect.stringContaining('pg_read_all_stats'),
      })
    } finally {
      await zombie.end()
    }
  })
})
