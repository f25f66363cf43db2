import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { count, lateTable, useWorlds, type World } from '../../tests/support/workflow.ts'
import { sql } from '../store/sql.ts'

const { world } = useWorlds()

const callback = (changes: object = {}) => ({
  dag_id: 'daily_sales',
  task_id: 'load',
  run_id: 'scheduled__2026-11-26T00:00:00+00:00',
  state: 'failed',
  ...changes,
})
const airflows = (...names: string[]) =>
  `systems:\n${names
    .map((name) => `  - {name: ${name}, kind: airflow, url: "https://${name.replace('_', '-')}.example.com"}\n`)
    .join('')}`
const logOf = (name: string) => ({ log_url: `https://${name.replace('_', '-')}.example.com/dags/daily_sales/grid` })
const open = ({ store }: World) =>
  store.transaction((query) =>
    query.rows(
      z.object({ system: z.string().nullable(), environment: z.string().nullable() }),
      sql`select asset ->> 'system' as system, environment from incidents where closed_at is null order by 1, 2`,
    ),
  )
const settle = async (one: World, name: string, text: string) =>
  writeFile(join(one.settings.DIM_CONFIG_DIR ?? '', `${name}.yaml`), text)
/** As the release before wrote them. */
const forgetReading = ({ store }: World) =>
  store.transaction((query) =>
    query.run(sql`update conditions set read_fingerprint = null, read_asset_key = null, instance = null`),
  )

describe('the same DAG', () => {
  test.each([
    ['that names its Airflow, configured or not', (name: string) => ({ system: name })],
    ['with a link into its Airflow', logOf],
  ])('of two Airflows, %s, never meets', async (_, naming) => {
    const one = await world({ settings: { AIRFLOW_URL: '' }, systems: airflows('airflow_a', 'airflow_b') })
    await one.fire(callback(naming('airflow_a')))
    await one.fire(callback(naming('airflow_b')))
    expect((await open(one)).map(({ system }) => system)).toEqual(['airflow_a', 'airflow_b'])
    await one.fire(callback({ ...naming('airflow_a'), state: 'success' }))
    expect((await open(one)).map(({ system }) => system)).toEqual(['airflow_b'])
  })

  test('of the only Airflow is one, whether or not a callback names it or links into it', async () => {
    const one = await world({ settings: { AIRFLOW_URL: '' }, systems: airflows('airflow_a') })
    await one.fire(callback())
    for (const naming of [{ system: 'airflow_a' }, logOf('airflow_a'), { log_url: 'http://localhost:8080/log' }]) {
      expect(await one.fire(callback(naming))).toMatchObject({ count: 0 })
    }
    expect(await open(one)).toEqual([{ system: null, environment: null }])
    // Another Airflow that is none of ours.
    expect(await one.fire(callback({ system: 'airflow_elsewhere' }))).toMatchObject({ count: 1 })
  })

  test('of staging never meets that of production, however the environment is told', async () => {
    const one = await world({
      settings: { AIRFLOW_URL: '' },
      systems: `systems:
  - {name: airflow_a, kind: airflow, url: "https://airflow-a.example.com", environment: production}
  - {name: airflow_b, kind: airflow, url: "https://airflow-b.example.com", environment: staging}
`,
    })
    await one.fire(callback(logOf('airflow_b')))
    await one.fire(callback({ environment: 'Production' }))
    expect(await one.fire(callback(logOf('airflow_a')))).toMatchObject({ count: 0 })
    expect(await one.fire(callback({ environment: 'staging', system: 'airflow_b' }))).toMatchObject({ count: 0 })
    expect(await open(one)).toEqual([
      { system: 'airflow_a', environment: 'production' },
      { system: 'airflow_b', environment: 'staging' },
    ])
  })

  test('is of the instance and environment that policy.yaml names for its source', async () => {
    const one = await world({
      settings: { AIRFLOW_URL: '' },
      systems: airflows('airflow_a', 'airflow_b'),
      policy: 'sources:\n  airflow: {system: airflow_b, environment: Staging}\n',
    })
    await one.fire(callback())
    expect(await open(one)).toEqual([{ system: 'airflow_b', environment: 'staging' }])
  })
})

test('the environment that only the catalogue names is part of the identity; of two it is left open', async () => {
  const one = await world({
    catalog: `assets:
  - {name: daily_sales, kind: dag, tier: 1, environment: production}
  - {name: shop.public.orders, kind: table, tier: 1, environment: production}
  - {name: shop.public.orders, kind: table, tier: 3, environment: staging}
`,
  })
  await one.fire(callback())
  expect(await one.fire(callback({ env: 'production' }))).toMatchObject({ count: 0 })
  expect(await one.fire(callback({ env: 'staging' }))).toMatchObject({ count: 1 })
  await one.fire(lateTable())
  expect((await open(one)).map(({ environment }) => environment)).toEqual(['production', 'staging', null])
})

describe('an incident that is open', () => {
  test('since before a release is found by the firing, the resolve and the success that come after it', async () => {
    const one = await world({ settings: { AIRFLOW_URL: '' }, systems: 'systems: []\n' })
    await one.fire(callback())
    await forgetReading(one)
    await settle(one, 'systems', airflows('airflow_a', 'airflow_b'))
    expect(await one.fire(callback({ ...logOf('airflow_a'), try_number: 2 }))).toMatchObject({ count: 0 })
    expect(await open(one)).toEqual([{ system: 'airflow_a', environment: null }])
    // The other one's is no longer the same.
    expect(await one.fire(callback(logOf('airflow_b')))).toMatchObject({ count: 1 })
    await one.fire(callback({ ...logOf('airflow_a'), state: 'success' }))
    expect(await open(one)).toEqual([{ system: 'airflow_b', environment: null }])
  })

  test('is ended by its resolve when the catalogue has named an environment since', async () => {
    const one = await world({ catalog: 'assets: []\n' })
    await one.fire(callback())
    await settle(one, 'catalog', 'assets:\n  - {name: daily_sales, kind: dag, tier: 1, environment: production}\n')
    await one.fire(callback({ state: 'success' }))
    expect(await open(one)).toEqual([])
    expect(await count(one.store, 'incidents')).toBe(1)
  })

  test('of the only Airflow is still found when a second one is configured, and not by the second one’s', async () => {
    const one = await world({ settings: { AIRFLOW_URL: '' }, systems: airflows('airflow_a') })
    await one.fire(callback())
    await settle(one, 'systems', airflows('airflow_a', 'airflow_b'))
    await one.fire(callback({ ...logOf('airflow_b'), state: 'success' }))
    expect(await open(one)).toHaveLength(1)
    await one.fire(callback({ ...logOf('airflow_a'), state: 'success' }))
    expect(await open(one)).toEqual([])
  })
})

test('a broken systems.yaml keeps nothing from being taken in, and leaves what was known in force', async () => {
  const one = await world({ settings: { AIRFLOW_URL: '' }, systems: airflows('airflow_a', 'airflow_b') })
  await one.fire(callback(logOf('airflow_a')))
  await settle(one, 'systems', 'systems: [{name: 1}]\n')
  expect(await one.fire(callback({ task_id: 'other', ...logOf('airflow_a') }))).toMatchObject({ count: 0 })
})

describe('a breaker', () => {
  const down = ({ store }: World, system: string) =>
    store.transaction((query) =>
      query.run(
        sql`insert into system_health (tenant, system, failures, code, paused_until, reason)
            values (current_setting('dim.tenant'), ${system}, 5, 'E_HTTP_TIMEOUT', now() + interval '5 minutes', 'timeout')`,
      ),
    )
  const platforms = ({ store }: World) =>
    store.transaction((query) =>
      query.rows(
        z.object({ title: z.string(), platform: z.string().nullable() }),
        sql`select title, platform from incidents where closed_at is null`,
      ),
    )
  const dag = (name: string) => callback({ dag_id: name, run_id: `r-${name}` })
  const table = (database: string) => (name: string) => ({
    title: `${name} is late`,
    table: `${database}.public.${name}`,
  })
  test.each([
    ['airflow', '', 'airflow', dag],
    ['the only, named Airflow', airflows('airflow_prod'), 'airflow_prod', dag],
    [
      'one of two Airflows',
      airflows('airflow_prod', 'airflow_test'),
      'airflow_prod',
      (name: string) => ({ ...dag(name), ...logOf('airflow_prod') }),
    ],
    [
      'the PostgreSQL of a database',
      `systems:
  - {name: shop_db, kind: postgres, host: db, database: shop}
  - {name: lake, kind: postgres, host: lake, database: lake}\n`,
      'shop_db',
      table('shop'),
    ],
    [
      'a Snowflake of many databases',
      'systems:\n  - {name: snowflake_eu, kind: snowflake, account: a-b}\n',
      'snowflake_eu',
      (name: string) => ({ ...table(name)('orders'), platform: 'snowflake' }),
    ],
  ])('of %s that is open opens one incident of it', async (name, systems, system, body) => {
    const one = await world({
      settings: name === 'airflow' ? {} : { AIRFLOW_URL: '' },
      systems: systems || 'systems: []\n',
    })
    await down(one, system)
    for (const of of ['a1', 'b2', 'c3']) await one.fire(body(of))
    expect(await platforms(one)).toEqual([{ title: `${system} does not answer`, platform: `${system}|` }])
  })

  test('says nothing of what lives elsewhere, or may do so', async () => {
    const one = await world({ settings: { AIRFLOW_URL: '' }, systems: airflows('airflow_a', 'airflow_b') })
    await down(one, 'airflow_a')
    await one.fire(callback(logOf('airflow_b')))
    await one.fire(callback({ dag_id: 'other' }))
    expect((await platforms(one)).map(({ platform }) => platform)).toEqual([null, null])
  })
})
