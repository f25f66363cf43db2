import { afterEach, describe, expect, test } from 'vitest'
import { type AirflowStandIn, type StandInDag, startAirflow } from '../../tests/stand-ins/airflow.ts'
import { ended, run, type StandInRun } from '../../tests/stand-ins/airflow-state.ts'
import { unasked } from '../../tests/support/fixes.ts'
import type { Remediation } from '../domain/decision.ts'
import { Evidence } from '../domain/evidence.ts'
import { airflowBackfill as row } from './airflow-backfill.ts'

let server: AirflowStandIn | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

const soon = () => AbortSignal.timeout(5_000)
const key = 'INC-1:1:airflow_backfill:Sales.Load'
const day = (number: number) => new Date(Date.UTC(2026, 10, number, 6))
const idOf = (number: number) => `scheduled__${day(number).toISOString().replace('.000Z', '+00:00')}`
const bad = (number: number): StandInRun => run(idOf(number), day(number), [ended('load', 'failed', day(number), 5)])
const good = (number: number): StandInRun => run(idOf(number), day(number), [ended('load', 'success', day(number), 5)])

const remediation: Remediation = {
  template: 'airflow_backfill',
  target: 'Sales.Load',
  params: {
    system: 'airflow',
    dag_id: 'Sales.Load',
    run_id: idOf(19),
    from: day(17).toISOString(),
    to: day(19).toISOString(),
  },
}

async function arrange(runs: StandInRun[], given: Partial<StandInDag> = {}): Promise<AirflowStandIn> {
  const recovery = { ends: 'success' as const, looks: 1, ms: 0 }
  server = await startAirflow({ dags: [{ dag_id: 'Sales.Load', is_paused: false, runs, recovery, ...given }] })
  return server
}

async function lastHealth({ settings }: AirflowStandIn) {
  for (let looks = 0; looks < 9; looks += 1) {
    const health = await row.verify(remediation, settings, soon(), unasked)
    if (health.state !== 'working') return health
  }
  return expect.fail('It works for ever.')
}

const missed = () => [bad(19), good(18), bad(17), good(16)]

test('what failed between the first and the last runs again, once, and is verified', async () => {
  const airflow = await arrange(missed())
  const { settings } = airflow
  expect(await row.dryRun(remediation, settings, soon())).toMatch(/^2 runs of Sales\.Load would run again/)
  expect(airflow.backfills).toEqual([])
  expect(await row.wasDone(remediation, key, settings, soon())).toBe(false)
  expect(await row.execute(remediation, key, settings, soon())).toMatch(/^started backfill 1 of Sales\.Load/)
  expect(await row.wasDone(remediation, key, settings, soon())).toBe(true)
  expect(await row.wasDone(remediation, `${key}0`, settings, soon())).toBe(false)
  expect(await lastHealth(airflow)).toMatchObject({ state: 'well' })
  expect(airflow.backfills).toMatchObject([{ runs: [idOf(19), idOf(17)], max_active_runs: 1 }])
})

test('runs that fail again are bad', async () => {
  const airflow = await arrange(missed(), { recovery: { ends: 'failed', looks: 1, ms: 0 } })
  await row.execute(remediation, key, airflow.settings, soon())
  expect(await lastHealth(airflow)).toMatchObject({ state: 'bad', detail: expect.stringContaining('failed again') })
})

test('what has not run yet is cancelled, and again that changes nothing', async () => {
  const airflow = await arrange(missed(), { recovery: { ends: 'success', looks: 1000, ms: 0 } })
  await row.execute(remediation, key, airflow.settings, soon())
  expect(await row.undo?.(remediation, key, airflow.settings, soon())).toMatch(/backfill 1 was cancelled/)
  expect(await row.undo?.(remediation, key, airflow.settings, soon())).toMatch(/nothing of it was left/)
})

test('two calls at once start one', async () => {
  const airflow = await arrange(missed(), { recovery: { ends: 'success', looks: 1000, ms: 0 } })
  await Promise.allSettled([1, 2].map(() => row.execute(remediation, key, airflow.settings, soon())))
  expect(airflow.backfills).toHaveLength(1)
})

test.each<[string, StandInRun[], Partial<StandInDag>, RegExp]>([
  ['a paused DAG', missed(), { is_paused: true }, /is paused/],
  ['nothing failed any more', [good(19), good(18), good(17)], {}, /No run .* failed/],
])('refused: %s', async (_, runs, given, reason) => {
  const airflow = await arrange(runs, given)
  for (const call of [
    () => row.dryRun(remediation, airflow.settings, soon()),
    () => row.execute(remediation, key, airflow.settings, soon()),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: 'E_FIX_REFUSED', message: expect.stringMatching(reason) })
  }
  expect(airflow.backfills).toEqual([])
})

test('refused: another backfill is at work', async () => {
  const airflow = await arrange(missed(), { recovery: { ends: 'success', looks: 1000, ms: 0 } })
  await row.execute(remediation, 'another', airflow.settings, soon())
  await expect(row.execute(remediation, key, airflow.settings, soon())).rejects.toThrow(/backfill 1 at work/)
})

describe('plan', () => {
  const seen = (run_id: string, state = 'failed', more: object = {}): Evidence =>
    Evidence.parse({
      id: 'ev_1',
      source: 'airflow',
      kind: 'dag_run',
      summary: '',
      data: { dag_id: 'Sales.Load', run_id, state, system: 'airflow', ...more },
    })
  const planned = { system: 'airflow', dag_id: 'Sales.Load', run_id: idOf(19) }
  test.each<[string, Evidence[], object | null]>([
    [
      'two failures',
      [seen(idOf(19)), seen(idOf(17))],
      { ...planned, from: day(17).toISOString(), to: day(19).toISOString() },
    ],
    ['one failure', [seen(idOf(19))], { ...planned, from: day(19).toISOString(), to: day(19).toISOString() }],
    ['a run at work', [seen(idOf(19)), seen(idOf(20), 'running')], null],
    ['a run that nobody scheduled', [seen('manual__2026-11-19T06:00:00+00:00')], null],
    ['a paused DAG', [seen(idOf(19), 'failed', { is_paused: true })], null],
    ['two Airflows', [seen(idOf(19)), seen(idOf(17), 'failed', { system: 'airflow_us' })], null],
    ['another DAG', [seen(idOf(19), 'failed', { dag_id: 'sales.load' })], null],
  ])('%s', (_, evidence, expected) => {
    expect(row.plan('Sales.Load', evidence)).toEqual(expected)
  })
})
