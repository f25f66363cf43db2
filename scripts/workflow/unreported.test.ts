import { expect, test } from 'vitest'
import { ended, run, type StandInDag } from '../../tests/stand-ins/airflow-state.ts'
import { count, useWorlds, type World } from '../../tests/support/workflow.ts'
import { claimDispatch } from '../store/dispatch.ts'
import { sql } from '../store/sql.ts'

const { world } = useWorlds()
const minute = 60_000

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
