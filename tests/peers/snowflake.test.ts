import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres } from '../../engine/postgres.ts'
import { checkSystems } from '../../scripts/connectors/gathering/check.ts'
import { gatherEvidence } from '../../scripts/connectors/gathering/gather.ts'
import { snowflake } from '../../scripts/connectors/snowflake.ts'
import { draftCatalog } from '../../scripts/domain/catalog-draft.ts'
import type { EvidenceKind } from '../../scripts/domain/evidence.ts'
import type { System } from '../../scripts/domain/system.ts'
import { openStore, type Store } from '../../scripts/store/connection.ts'
import { migrate } from '../../scripts/store/migrate.ts'
import { libraryIn } from '../../scripts/workflow/library.ts'
import { surveySystems } from '../../scripts/workflow/survey.ts'
import { syncTables } from '../../scripts/workflow/sync-tables.ts'
import { instanceOf, systemsOf } from '../support/systems.ts'
import { type FakeSnowflake, startFakeSnowflake } from './support/snowflake.ts'

/**
 * Snowflake's own driver against fakesnow, with the store that the clock keeps tables in. What fakesnow can't answer
 * (locks, table functions, resource monitors) is stated as not seen, which is tested here too.
 */
let account: FakeSnowflake
let store: Store
const close: (() => Promise<unknown>)[] = []
let folder: string
beforeAll(async () => {
  account = await startFakeSnowflake()
  close.push(() => account.stop())
  // Not by mkdtemp, whose folders nobody else may enter: as root, the server runs as another user.
  const stateDir = join(tmpdir(), `dim-fakesnow-store-${process.pid}`)
  const server = await startPostgres({ stateDir, durable: false })
  close.push(
    () => server.stop(),
    () => rm(stateDir, { recursive: true, force: true }),
  )
  await migrate(server.ownerUrl)
  store = openStore(server.appUrl, 'peers')
  close.unshift(() => store.close())
  folder = await mkdtemp(join(tmpdir(), 'dim-catalog-'))
  close.push(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'catalog.yaml'), 'assets: [{ name: shop.raw.orders, kind: table, tier: 1 }]')
  for (const statement of setUp) await account.sql(statement)
})
afterAll(async () => {
  for (const one of close) await one()
})

const setUp = [
  'create database shop',
  'create schema shop.raw',
  'create table shop.raw.orders (id int, amount number(10,2), "Stück" varchar(20))',
  `insert into shop.raw.orders select seq4(), 1.5, 'a' from table(generator(rowcount => 1000))`,
  'create database snowflake',
  'create schema snowflake.account_usage',
  `create table snowflake.account_usage.query_history (query_id varchar, query_type varchar, query_text varchar,
     user_name varchar, role_name varchar, execution_status varchar, error_code varchar, start_time timestamp_ltz)`,
]

const system = () => instanceOf(snowflake, account.settings, { limitMs: 30_000 })

async function gather(name: string) {
  const { evidence } = await gatherEvidence(
    { asset: { kind: 'table', name }, category: 'schema_change', environment: null, alerts: [], now: new Date() },
    { systems: systemsOf(system()), totalMs: 30_000, from: [snowflake], library: libraryIn(store) },
  )
  return (kind: EvidenceKind) =>
    evidence.filter((one) => one.kind === kind).map(({ data, summary }) => ({ ...data, summary }))
}

describe('Snowflake’s driver against a stand-in of Snowflake', { timeout: 120_000 }, () => {
  test('a table: rows, when it was last written to, and how many columns', async () => {
    const started = new Date()
    await account.sql(`insert into shop.raw.orders values (1001, 2.5, 'b'), (1002, 2.5, 'c')`)
    const states = (await gather('shop.raw.orders'))('table_state')
    expect(states).toMatchObject([
      { table: 'SHOP.RAW.ORDERS', row_count: 1002, columns: 3, last_altered: expect.any(String) },
    ])
    expect(states.map((one) => Object(one).last_altered > started.toISOString())).toEqual([true])
  })

  test('a catalogue is drafted from its tables, the largest first; views and Snowflake’s own are none', async () => {
    await account.sql('create table shop.raw.customers (id int)')
    await account.sql('create view shop.raw.orders_today as select * from shop.raw.orders')
    await account.sql('create database other')
    await account.sql('create schema other.raw')
    await account.sql('create table other.raw.clicks (id int)')
    const found = async (changes: Partial<System> = {}) => {
      const [surveyed] = await surveySystems([{ ...system(), ...changes }])
      expect(surveyed?.fault ?? null).toBeNull()
      return surveyed?.findings ?? []
    }
    const own = await found()
    expect(own.map(({ asset, because }) => [asset.name, because])).toEqual([
      ['shop.raw.orders', 'snowflake: about 1002 rows'],
      ['shop.raw.customers', 'snowflake: about 0 rows'],
    ])
    expect(draftCatalog(own, { assets: [] }).map(({ entry }) => entry)).toContainEqual({
      name: 'SHOP.RAW.ORDERS',
      kind: 'table',
      tier: 3,
    })
    const { database: _, ...options } = system().options
    const everywhere = await found({ name: 'lake', options })
    expect(everywhere.map(({ asset, says }) => [asset.name, says.system])).toEqual([
      ['shop.raw.orders', 'lake'],
      ['other.raw.clicks', 'lake'],
      ['shop.raw.customers', 'lake'],
    ])
  })

  test('a column that was dropped and one that was widened since the clock looked, and who did it', async () => {
    expect(await syncTables(store, system(), { DIM_CONFIG_DIR: folder }, new Date())).toBe(false)
    await account.sql('alter table shop.raw.orders drop column "Stück"')
    await account.sql('alter table shop.raw.orders alter column amount type number(12,2)')
    await account.sql(`insert into snowflake.account_usage.query_history select 'q1', 'ALTER_TABLE_DROP_COLUMN',
      'alter table raw.orders drop column "Stück"', 'ADA', 'LOADER', 'SUCCESS', null, dateadd(hour, -1, current_timestamp())`)
    await account.sql(`insert into snowflake.account_usage.query_history select 'q2', 'ALTER_TABLE_DROP_COLUMN',
      'alter table other.orders drop column x', 'BOB', 'LOADER', 'SUCCESS', null, dateadd(hour, -1, current_timestamp())`)
    const found = await gather('shop.raw.orders')
    expect(found('schema_change')).toMatchObject([
      { change: 'type_changed', column: 'AMOUNT', before: 'NUMBER(10,2)', after: 'NUMBER(12,2)' },
      { change: 'dropped', column: 'Stück', before: 'VARCHAR(20)', by: 'ADA', ref: 'q1' },
    ])
    expect(found('change')).toMatchObject([{ ref: 'q1', by: 'ADA' }])
    // The function of the information schema is not there: the last hours were not seen.
    expect(found('unavailable')).toMatchObject([{ reason: expect.any(String), hint: expect.any(String) }])
  })

  test('a table that is not there, and one that the clock saw before it was dropped', async () => {
    expect((await gather('shop.raw.nowhere'))('unavailable')).toMatchObject([{ code: 'E_ASSET_UNKNOWN' }])
    await account.sql('drop table shop.raw.orders')
    expect((await gather('shop.raw.orders'))('schema_change')).toMatchObject([{ change: 'dropped', column: null }])
    expect(await syncTables(store, system(), { DIM_CONFIG_DIR: folder }, new Date())).toBe(true)
  })

  test('checks address, log-in and rights', async () => {
    const [checked] = await checkSystems([system()], { limitMs: 30_000 })
    expect(checked).toMatchObject({ fault: null, health: { version: expect.stringMatching(/^Snowflake \d/) } })
  })
})
