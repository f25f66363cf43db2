import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type AirflowStandIn, startAirflow } from '../../tests/stand-ins/airflow.ts'
import { ended, run, type StandInDag } from '../../tests/stand-ins/airflow-state.ts'
import { count, useWorlds, type World } from '../../tests/support/workflow.ts'
import { claimDispatch } from '../store/dispatch.ts'
import { sql } from '../store/sql.ts'

const { world } = useWorlds()
const minute = 60_000
const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0)) await end()
})

/** A DAG whose last run failed some minutes ago, in `load`, killed without a word. */
function killed(name: string, minutesAgo: number): StandInDag {
  const start = new Date(Date.now() - (minutesAgo + 10) * minute)
  return {
    dag_id: name,
    is_paused: false,
    runs: [run(`scheduled__${name}`, start, [ended('load', 'failed', start, 10)])],
    recovery: { ends: 'success', looks: 1, ms: 0 },
  }
}
/** What its callback posts. */
const callback = (name: string, changes: object = {}) => ({
  dag_id: name,
  task_id: 'load',
  run_id: `scheduled__${name}`,
  state: 'failed',
  exception: 'Killed',
  ...changes,
})
const failures = async (one: World) => count(one.store, 'incidents')

test('a failure that nobody reported is taken in, once', async () => {
  const one = await world()
  one.airflow.dags.push(killed('Orders.v2', 5))
  expect(await one.turn()).toMatchObject({ toAnalyze: 1 })
  await one.turn()
  expect(await failures(one)).toBe(1)
  const { incident } = await claimDispatch(one.store)
  expect(await one.incident(incident ?? '')).toMatchObject({
    source: 'airflow',
    asset: { kind: 'task', native: { dag_id: 'Orders.v2', task_id: 'load' } },
  })
})

test.each([
  ['first', async (one: World) => one.fire(callback('orders', { environment: 'production' })), async () => {}],
  ['later', async () => {}, async (one: World) => one.fire(callback('orders'))],
  ['of the whole pipeline', async (one: World) => one.fire(callback('orders', { task_id: undefined })), async () => {}],
])('a callback, %s, and the poll are one incident', async (_, before, after) => {
  const one = await world()
  one.airflow.dags.push(killed('orders', 5))
  await before(one)
  await one.turn()
  await after(one)
  await one.turn()
  expect(await failures(one)).toBe(1)
})

test('speaks of the environment that the pipeline’s own callbacks name', async () => {
  const one = await world()
  await one.fire(callback('orders', { run_id: 'earlier', environment: 'production', task_id: 'other' }))
  one.airflow.dags.push(killed('orders', 5))
  await one.turn()
  expect(await one.fire(callback('orders', { environment: 'production' }))).toMatchObject({ count: 0 })
  // The earlier callback's task is one of the same pipeline.
  expect(await failures(one)).toBe(1)
})

test('a callback that may still be on its way is waited for', async () => {
  const one = await world()
  one.airflow.dags.push(killed('orders', 1))
  await one.turn()
  expect(await failures(one)).toBe(0)
})

test('what failed while we were away is caught up with; a first look goes back an hour', async () => {
  const one = await world()
  one.airflow.dags.push(killed('old', 600))
  await one.turn()
  expect(await failures(one)).toBe(0)
  await one.store.transaction((query) =>
    query.run(sql`update marks set at = at - interval '20 hours' where name like 'failures/%'`),
  )
  for (let index = 0; index < 130; index += 1) one.airflow.dags.push(killed(`dag_${index}`, 30 + index))
  await one.turn()
  expect(await count(one.store, 'alerts')).toBe(131)
  one.airflow.forget()
  await one.turn()
  expect(await count(one.store, 'alerts')).toBe(131)
})

test('an Airflow that does not answer is said, keeps its mark, and holds up nothing', async () => {
  const one = await world()
  await one.turn()
  one.airflow.dags.push(killed('orders', 5))
  one.airflow.fail({ status: 500, body: {} }, { times: Number.POSITIVE_INFINITY })
  await one.turn()
  expect(one.logged).toEqual([expect.stringMatching(/^warn airflow was not asked what failed: E_HTTP_/)])
})

describe('two Airflows with the same DAG', () => {
  const runId = 'scheduled__2026-11-26T00:00:00+00:00'
  const failed = (minutesAgo: number): StandInDag => {
    const [first] = killed('daily_sales', minutesAgo).runs
    return { ...killed('daily_sales', minutesAgo), runs: first ? [{ ...first, dag_run_id: runId }] : [] }
  }
  const told = (changes: object) => callback('daily_sales', { run_id: runId, ...changes })

  /** A world with `airflow_a` and `airflow_b`; of each what `systems.yaml` says beyond its URL. */
  async function arrange({ a = '', b = '', dags = [failed(5)] }: { a?: string; b?: string; dags?: StandInDag[] } = {}) {
    const [first, second] = [await startAirflow({ dags: [...dags] }), await startAirflow({ dags: [...dags] })]
    endings.push(first.close, second.close)
    const of = ({ settings }: AirflowStandIn) => ({
      url: settings.AIRFLOW_URL,
      credentials: { username: settings.AIRFLOW_USERNAME, password: settings.AIRFLOW_PASSWORD },
    })
    const one = await world({
      settings: {
        AIRFLOW_URL: '',
        SYSTEMS_CREDENTIALS: JSON.stringify({ airflow_a: of(first).credentials, airflow_b: of(second).credentials }),
      },
      systems: `systems:
  - {name: airflow_a, kind: airflow, url: "${of(first).url}"${a}}
  - {name: airflow_b, kind: airflow, url: "${of(second).url}"${b}}
`,
    })
    return { one, log: (which: 'a' | 'b') => `${of(which === 'a' ? first : second).url}/dags/daily_sales/grid` }
  }
  const systems = ({ store }: World) =>
    store.transaction((query) =>
      query.rows(
        z.object({ system: z.string().nullable(), environment: z.string().nullable() }),
        sql`select asset ->> 'system' as system, environment from incidents order by 1, 2`,
      ),
    )

  test('that nobody reported are two failures', async () => {
    const { one } = await arrange()
    await one.turn()
    await one.turn()
    expect(await systems(one)).toEqual([
      { system: 'airflow_a', environment: null },
      { system: 'airflow_b', environment: null },
    ])
  })

  const environments = { a: ', environment: production', b: ', environment: staging' }
  test('a callback of the one, staging, hides nothing of the other, production', async () => {
    const { one } = await arrange(environments)
    await one.fire(told({ environment: 'staging' }))
    await one.turn()
    expect(await systems(one)).toEqual([
      { system: 'airflow_a', environment: 'production' },
      { system: 'airflow_b', environment: 'staging' },
    ])
  })

  test.each([
    ['its name', {}, () => ({ system: 'airflow_a' })],
    ['its alias, as `instance`', { a: ', aliases: [Main]' }, () => ({ instance: 'main' })],
    ['a link into it', {}, (log: string) => ({ log_url: log })],
    [
      'an alias that is a host',
      { a: ', aliases: [air.example.com]' },
      () => ({ log_url: 'https://air.example.com/x' }),
    ],
    ['its environment', environments, () => ({ environment: 'production' })],
  ])(
    'a callback that names its own by %s, and the poll, are one incident, and the other’s is another',
    async (...args) => {
      const [, options, naming] = args
      const { one, log } = await arrange(options)
      await one.fire(told(naming(log('a'))))
      await one.turn()
      expect((await systems(one)).map(({ system }) => system)).toEqual(['airflow_a', 'airflow_b'])
      await one.fire(told({ ...naming(log('a')), state: 'success' }))
      const open = await one.store.transaction((query) =>
        query.rows(z.object({ id: z.string() }), sql`select id from incidents where closed_at is null`),
      )
      expect(open).toHaveLength(1)
    },
  )

  test('a callback that names neither is not taken for the one that is asked', async () => {
    const { one } = await arrange()
    await one.fire(told({}))
    await one.turn()
    expect((await systems(one)).map(({ system }) => system)).toEqual(['airflow_a', 'airflow_b', null])
  })
})
