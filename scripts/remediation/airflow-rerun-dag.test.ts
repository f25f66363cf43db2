import { afterEach, describe, expect, test } from 'vitest'
import { type AirflowStandIn, type StandInDag, startAirflow } from '../../tests/stand-ins/airflow.ts'
import { ended, run, type StandInRun, task } from '../../tests/stand-ins/airflow-state.ts'
import { unasked } from '../../tests/support/fixes.ts'
import type { Remediation } from '../domain/decision.ts'
import type { Evidence } from '../domain/evidence.ts'
import { airflowRerunDag as row } from './airflow-rerun-dag.ts'

let server: AirflowStandIn | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

const soon = () => AbortSignal.timeout(5_000)
const key = 'inc_7:1:airflow_rerun_dag:Sales.Load'
const start = (hour: number) => new Date(Date.UTC(2026, 10, 20, hour))
const remediation: Remediation = {
  template: 'airflow_rerun_dag',
  target: 'Sales.Load',
  params: { system: 'airflow', dag_id: 'Sales.Load', run_id: 'r2' },
}
const good = (id: string, hour: number) => run(id, start(hour), [ended('load', 'success', start(hour), 30)])
const bad = (id: string, hour: number) =>
  run(id, start(hour), [ended('load', 'failed', start(hour), 30)], { conf: { full: true } })

async function arrange(runs: StandInRun[], given: Partial<StandInDag> = {}): Promise<AirflowStandIn> {
  const recovery = { ends: 'success' as const, looks: 6, ms: 0 }
  server = await startAirflow({ dags: [{ dag_id: 'Sales.Load', is_paused: false, runs, recovery, ...given }] })
  return server
}

describe('plan', () => {
  const runOf = (data: Record<string, unknown>): Evidence => ({
    id: 'ev_1',
    source: 'airflow',
    kind: 'dag_run',
    summary: '',
    data: { dag_id: 'Sales.Load', run_id: 'r2', state: 'failed', start: '2026-11-20T06:00:00Z', ...data },
  })
  const other = (state: string, start: string | null) => runOf({ run_id: 'r3', state, start })

  test.each<[string, Evidence[], object | null]>([
    ['a run that failed', [runOf({ system: 'airflow' })], { system: 'airflow', dag_id: 'Sales.Load', run_id: 'r2' }],
    [
      'one after others that were well',
      [runOf({}), other('success', '2026-11-19T06:00:00Z')],
      { dag_id: 'Sales.Load', run_id: 'r2' },
    ],
    ['one with a success since', [runOf({}), other('success', '2026-11-20T07:00:00Z')], null],
    ['one with another at work', [runOf({}), other('running', '2026-11-20T07:00:00Z')], null],
    ['one with another in the queue', [runOf({}), other('queued', null)], null],
    ['a paused DAG', [runOf({ is_paused: true })], null],
    ['one that runs', [runOf({ state: 'running' })], null],
    ['another DAG', [runOf({ dag_id: 'sales.load' })], null],
  ])('%s', (_, evidence, expected) => {
    expect(row.plan('Sales.Load', evidence)).toEqual(expected)
  })
})

test('starts one run with the failed run’s configuration, and sees it end well', async () => {
  const { settings, triggers } = await arrange([bad('r2', 6), good('r1', 5)])
  expect(await row.dryRun(remediation, settings, soon())).toMatch(/A new run of Sales\.Load would start/)
  expect(triggers).toHaveLength(0)
  expect(await row.wasDone(remediation, key, settings, soon())).toBe(false)
  const said = await row.execute(remediation, key, settings, soon())
  expect(said).toMatch(/^started run dim_[0-9a-f]{32} of Sales\.Load$/)
  expect(triggers).toMatchObject([{ logical_date: null, conf: { full: true }, note: expect.stringContaining(key) }])
  expect(await row.wasDone(remediation, key, settings, soon())).toBe(true)
  // Again under the same key starts nothing, and says the same.
  expect(await row.execute(remediation, key, settings, soon())).toBe(said)
  expect(triggers).toHaveLength(1)
  const seen = []
  while (seen.at(-1) !== 'well' && seen.length < 9)
    seen.push((await row.verify(remediation, settings, soon(), unasked)).state)
  expect(seen).toContain('working')
  expect(seen.at(-1)).toBe('well')
})

test('a run that fails again is bad, and so is none at all', async () => {
  const { settings } = await arrange([bad('r2', 6)], { recovery: { ends: 'failed', looks: 1, ms: 0 } })
  expect(await row.verify(remediation, settings, soon(), unasked)).toEqual({
    state: 'bad',
    detail: 'Sales.Load has no run since r2 failed',
  })
  await row.execute(remediation, key, settings, soon())
  expect(await row.verify(remediation, settings, soon(), unasked)).toMatchObject({ state: 'bad' })
})

test('two calls at once start one run', async () => {
  const { settings, triggers } = await arrange([bad('r2', 6)])
  const said = await Promise.all([1, 2].map(() => row.execute(remediation, key, settings, soon())))
  expect(new Set(said).size).toBe(1)
  expect(triggers).toHaveLength(1)
})

test('an id that another run has is a conflict', async () => {
  const { settings, fail, triggers } = await arrange([bad('r2', 6)])
  fail(
    { status: 409, body: { detail: { reason: 'Unique constraint violation' } } },
    { when: ({ method, path }) => method === 'POST' && path.endsWith('/dagRuns') },
  )
  await expect(row.execute(remediation, key, settings, soon())).rejects.toMatchObject({ code: 'E_FIX_REFUSED' })
  expect(triggers).toHaveLength(0)
})

test.each<[string, StandInRun[], Partial<StandInDag>, RegExp]>([
  ['a paused DAG', [bad('r2', 6)], { is_paused: true }, /is paused/],
  ['a run that was cleared and is well', [good('r2', 6)], {}, /is success, not failed/],
  ['a run that is gone', [good('r1', 5)], {}, /is gone, not failed/],
  ['a success since', [good('r3', 7), bad('r2', 6)], {}, /r3, which is success/],
  [
    'another run at work',
    [run('r3', start(7), [task('load', { state: 'running' })]), bad('r2', 6)],
    {},
    /r3, which is running/,
  ],
])('refused: %s', async (_, runs, given, reason) => {
  const { settings, triggers } = await arrange(runs, given)
  for (const call of [
    () => row.dryRun(remediation, settings, soon()),
    () => row.execute(remediation, key, settings, soon()),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: 'E_FIX_REFUSED', message: expect.stringMatching(reason) })
  }
  expect(triggers).toHaveLength(0)
})
