import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { useTestStore } from '../../tests/support/store.ts'
import { instanceOf, systemsOf } from '../../tests/support/systems.ts'
import { createWarehouse, type Warehouse } from '../../tests/support/warehouse.ts'
import { gatherEvidence } from '../connectors/gathering/gather.ts'
import { postgres } from '../connectors/postgres.ts'
import type { System } from '../domain/system.ts'
import type { Store } from '../store/connection.ts'
import { keptTables, tableBefore, tableChangesOf } from '../store/warehouses.ts'
import { dueWork } from './due-work.ts'
import { libraryIn } from './library.ts'
import { syncTables } from './sync-tables.ts'

const { tenant } = useTestStore()
const now = new Date()
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000)
let folder = ''
let warehouse: Warehouse
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dim-tables-'))
  warehouse = await createWarehouse()
  await warehouse.sql('create schema raw')
  await writeFile(
    join(folder, 'catalog.yaml'),
    `assets:
  - { name: raw.orders, kind: table, tier: 1, sla: { deadline: '07:00', zone: Europe/Berlin } }
  - { name: raw.notes, kind: table, tier: 3 }
  - { name: raw.elsewhere, kind: table, tier: 1, system: another }
`,
  )
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await warehouse.drop()
})

const settings = () => ({ DIM_CONFIG_DIR: folder, WAREHOUSE_URL: warehouse.url })
const system = () => instanceOf(postgres, settings())
const name = () => `${warehouse.name}.raw.orders`
const sync = (store: Store, at: Date) => syncTables(store, system(), settings(), at)

async function fresh(): Promise<Store> {
  await warehouse.sql(`drop table if exists raw.orders, raw.notes, raw.elsewhere;
    create table raw.orders (id int, amount numeric); create table raw.notes (); create table raw.elsewhere ();
    insert into raw.orders select n, n from generate_series(1, 100) as n; analyze raw.orders`)
  return tenant()
}

test('tables of tier 1 and 2 are kept, with their rows a day before and what they promise', async () => {
  const store = await fresh()
  expect(await sync(store, ago(26 * 60))).toBe(false)
  await warehouse.sql('delete from raw.orders where id > 10; analyze raw.orders')
  expect(await sync(store, ago(5))).toBe(false)
  expect(await keptTables(store, 'postgres')).toEqual([name()])
  expect(await tableBefore(store, 'postgres', name().toUpperCase(), now)).toMatchObject({
    rowsBefore: 100,
    promised: { deadline: '07:00', zone: 'Europe/Berlin' },
    state: { rows: 10, columns: { id: 'integer', amount: 'numeric' } },
  })
})

test('what became of its columns is kept, once', async () => {
  const store = await fresh()
  await sync(store, ago(20))
  await warehouse.sql('alter table raw.orders drop column amount')
  expect(await sync(store, ago(15))).toBe(true)
  expect(await sync(store, ago(10))).toBe(false)
  expect(await tableChangesOf(store, 'postgres', name(), ago(60))).toEqual([
    { at: ago(15), change: { what: 'column', change: 'dropped', column: 'amount', before: 'numeric', after: null } },
  ])
})

test('a table that is gone is told of, by whoever asks for it next', async () => {
  const store = await fresh()
  await sync(store, ago(10))
  await warehouse.sql('drop table raw.orders')
  const asset = { kind: 'table' as const, name: name() }
  const ask = () =>
    postgres.gather(
      { asset, category: 'data_quality', environment: null, alerts: [], now },
      { system: system(), signal: AbortSignal.timeout(5_000), library: libraryIn(store) },
    )
  const dropped = [{ kind: 'schema_change', data: { table: name(), change: 'dropped', column: null } }]
  expect(await ask()).toMatchObject(dropped)
  expect(await sync(store, ago(5))).toBe(true)
  expect(await keptTables(store, 'postgres')).toEqual([])
  expect(await ask()).toMatchObject(dropped)
})

test.each(['raw.orders', 'ORDERS'])('a table that is gone is told of also by the name %s', async (short) => {
  const store = await fresh()
  await sync(store, ago(10))
  await warehouse.sql('alter table raw.orders drop column amount')
  await sync(store, ago(5))
  await warehouse.sql('drop table raw.orders')
  const ask = () =>
    postgres.gather(
      { asset: { kind: 'table', name: short }, category: 'data_quality', environment: null, alerts: [], now },
      { system: system(), signal: AbortSignal.timeout(5_000), library: libraryIn(store) },
    )
  expect((await ask()).map(({ data }) => data)).toMatchObject([
    { table: name(), change: 'dropped', column: null },
    { table: name(), change: 'dropped', column: 'amount' },
  ])
  await sync(store, ago(1))
  expect((await ask()).map(({ data }) => data)).toMatchObject([{ column: null }, { column: 'amount' }])
})

test('a table that is only out of sight stays as it was kept', async () => {
  const store = await fresh()
  await sync(store, ago(10))
  const elsewhere = {
    ...settings(),
    WAREHOUSE_URL: Object.assign(new URL(warehouse.url), { pathname: '/postgres' }).href,
  }
  expect(await syncTables(store, instanceOf(postgres, elsewhere), elsewhere, ago(5))).toBe(false)
  expect(await keptTables(store, 'postgres')).toEqual([name()])
  expect(await tableChangesOf(store, 'postgres', name(), ago(60))).toEqual([])
})

test('that a table is not there is told by the only warehouse that there is, and by one of two only where it is at home', async () => {
  await fresh()
  const own = system()
  const told = async (asset: string, ...systems: System[]) => {
    const question = { asset: { kind: 'table' as const, name: asset }, category: 'freshness' as const }
    const about = { ...question, environment: null, alerts: [], now }
    const { evidence } = await gatherEvidence(about, { systems: systemsOf(...systems), from: [postgres] })
    return evidence.map(({ data, kind }) => (kind === 'unavailable' ? data.code : kind))
  }
  expect(await told('raw.nothing', own)).toEqual(['E_ASSET_UNKNOWN'])
  const other = { ...own, name: 'other' }
  expect(await told('raw.nothing', own, other)).toEqual([])
  expect(await told(`${warehouse.name}.raw.nothing`, own, other)).toContain('E_ASSET_UNKNOWN')
})

test('a warehouse that is down costs the clock a warning; what was kept stays', async () => {
  const store = await fresh()
  await sync(store, ago(10))
  const told: string[] = []
  const url = Object.assign(new URL(warehouse.url), { port: '2' }).href
  const due = { kind: 'sync' as const, subject: 'warehouses', due_at: now, attempt: 1, lease_token: 'x' }
  const worked = await dueWork.sync(store, due, {
    settings: { ...settings(), WAREHOUSE_URL: url },
    log: (_, text) => void told.push(text),
  })
  expect(worked.againInMs).toBeGreaterThan(0)
  expect(told).toEqual([expect.stringMatching(/postgres: its tables can't be read: E_HTTP_NETWORK/)])
  expect(told.join()).not.toContain(new URL(warehouse.url).password)
  expect(await keptTables(store, 'postgres')).toHaveLength(1)
})
