import { afterEach, describe, expect, test } from 'vitest'
import { type AirflowStandIn, dailyEltPipeline, type StandInDag, startAirflow } from '../../tests/stand-ins/airflow.ts'
import { ended, run, type StandInRun, task } from '../../tests/stand-ins/airflow-state.ts'
import { exampleAlert } from '../../tests/support/store.ts'
import { contextOf, instanceOf, systemsOf } from '../../tests/support/systems.ts'
import type { Alert, Asset } from '../domain/alert.ts'
import type { EvidenceDraft, EvidenceKind } from '../domain/evidence.ts'
import { airflow, airflowRecovered } from './airflow.ts'

let server: AirflowStandIn | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

const now = new Date('2026-11-20T08:00:00Z')
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000)
const dagOf = (runs: StandInRun[], given: Partial<StandInDag> = {}): StandInDag => ({
  dag_id: 'Sales.Load',
  is_paused: false,
  runs,
  recovery: { ends: 'success', looks: 1, ms: 0 },
  ...given,
})
/** A run that took an hour and ended some minutes ago. */
const past = (id: string, minutesAgo: number, state: 'success' | 'failed' = 'success') =>
  run(id, ago(minutesAgo + 60), [
    ended('extract', 'success', ago(minutesAgo + 60), 20),
    ended('load', state, ago(minutesAgo + 40), 40),
  ])

const salesLoad: Asset = { kind: 'dag', name: 'sales.load', native: { dag_id: 'Sales.Load' } }

async function gather(dags: StandInDag[], asset: Asset = salesLoad, alerts: Alert[] = []): Promise<EvidenceDraft[]> {
  server = await startAirflow({ dags })
  const question = { asset, category: 'pipeline_failure' as const, environment: null, alerts, now }
  return airflow.gather(question, contextOf(airflow, server.settings))
}

function data(evidence: readonly EvidenceDraft[], kind: EvidenceKind): unknown[] {
  return evidence.filter((item) => item.kind === kind).map((item) => item.data)
}

const loadTask: Asset = { kind: 'task', name: 'Sales.Load.load', native: { dag_id: 'Sales.Load', task_id: 'load' } }
const told = exampleAlert({ source: 'airflow', external_id: 'now', asset: loadTask })

test('a failure that its own callback told of before Airflow noted it', async () => {
  const load = task('load', { state: 'running', try_number: 1, start_date: ago(1) })
  const gathering = gather([dagOf([run('now', ago(1), [load])])], loadTask, [told])
  await expect
    .poll(() => server?.requests.filter(({ path, query }) => path.endsWith('/now/taskInstances') && query.has('state')))
    .toHaveLength(1)
  load.state = 'failed'
  expect(data(await gathering, 'task_failure')).toMatchObject([{ task_id: 'load', state: 'failed' }])
})

test('a task that stays at work is not waited for, but where its callback told that it failed, and then not for long', async () => {
  const looksWith = async (alerts: Alert[]) => {
    const load = task('load', { state: 'running', try_number: 1, start_date: ago(1) })
    expect(data(await gather([dagOf([run('now', ago(1), [load])])], loadTask, alerts), 'task_failure')).toEqual([])
    const looks = server?.requests.filter(
      ({ path, query }) => path.endsWith('/now/taskInstances') && query.has('state'),
    ).length
    await server?.close()
    server = undefined
    return looks
  }
  expect(await looksWith([])).toBe(1)
  expect(await looksWith([{ ...told, category: 'pipeline_delay' }])).toBe(1)
  expect(await looksWith([{ ...told, external_id: 'before' }])).toBe(1)
  expect(await looksWith([told])).toBe(13)
})

test('a task that failed: its run, its tries, what its log says', async () => {
  const failed = ended('load', 'failed', ago(40), 30)
  failed.log = ['connecting with password=hunter2hunter2', "ValueError: column 'amount' does not exist"]
  const evidence = await gather([
    dagOf([
      run('manual__1:a+b', ago(60), [ended('extract', 'success', ago(60), 20), failed]),
      past('r3', 1500),
      past('r2', 3000, 'failed'),
      past('r1', 4500),
    ]),
  ])
  expect(data(evidence, 'dag_run')).toEqual([
    {
      dag_id: 'Sales.Load',
      run_id: 'manual__1:a+b',
      state: 'failed',
      start: ago(60).toISOString(),
      end: ago(10).toISOString(),
      duration_s: 3000,
      typical_duration_s: 3600,
      is_paused: false,
    },
  ])
  expect(data(evidence, 'task_failure')).toEqual([
    {
      dag_id: 'Sales.Load',
      task_id: 'load',
      run_id: 'manual__1:a+b',
      map_index: null,
      state: 'failed',
      try_number: 1,
      max_tries: 0,
      retries_left: 0,
      log_excerpt: "ERROR connecting with password=[redacted]\nERROR ValueError: column 'amount' does not exist",
      start: ago(40).toISOString(),
      duration_s: 1800,
      typical_duration_s: 2400,
    },
  ])
  expect(data(evidence, 'task_history')).toMatchObject([{ recent: ['failed', 'success', 'failed', 'success'] }])
  expect(evidence[1]?.summary).toBe('Task load of Sales.Load failed after 30 min, at try 1; 40 min is usual.')
})

test('a task that is stuck, and not the one that is at work as usual', async () => {
  const stuck = task('load', { state: 'running', try_number: 1, start_date: ago(200) })
  const fresh = task('notify', { state: 'running', try_number: 1, start_date: ago(1) })
  const earlier = past('r1', 1500)
  earlier.tasks.push(ended('notify', 'success', ago(1500), 5))
  const evidence = await gather([dagOf([run('now', ago(220), [stuck, fresh]), earlier])])
  expect(data(evidence, 'task_failure')).toMatchObject([{ task_id: 'load', state: 'running', duration_s: 12_000 }])
  expect(data(evidence, 'dag_run')).toMatchObject([
    { run_id: 'now', state: 'running', duration_s: 13_200 },
    { run_id: 'r1' },
  ])
})

test('a run that is within its time has no task in trouble', async () => {
  const load = task('load', { state: 'running', try_number: 1, start_date: ago(10) })
  const evidence = await gather([dagOf([run('now', ago(30), [load]), past('r1', 1500)])])
  expect(evidence.map(({ kind }) => kind)).toEqual(['dag_run', 'dag_run', 'dag_state'])
})

test('the run that failed comes first, one at work beside it too', async () => {
  const queued = run('later', ago(2), [task('load')], { state: 'queued', start_date: null })
  const evidence = await gather([dagOf([queued, past('r2', 30, 'failed'), past('r1', 1500)])])
  expect(data(evidence, 'dag_run')).toMatchObject([
    { run_id: 'r2', state: 'failed' },
    { run_id: 'later', state: 'queued', duration_s: null },
  ])
})

test('the run that the alert names is looked at, however old', async () => {
  const runs = [
    past('r9', 30),
    ...Array.from({ length: 30 }, (_, index) => past(`r${index + 10}`, 1500 * (index + 1))),
    past('old', 90_000, 'failed'),
  ]
  const asset = { ...salesLoad, native: { dag_id: 'Sales.Load', run_id: 'old' } }
  const evidence = await gather([dagOf(runs)], asset)
  expect(data(evidence, 'dag_run')).toMatchObject([
    { run_id: 'old', state: 'failed' },
    { run_id: 'r9', state: 'success' },
  ])
  expect(data(evidence, 'task_failure')).toMatchObject([{ run_id: 'old', task_id: 'load' }])
})

test('mapped instances are told apart, and few are looked into', async () => {
  const parts = Array.from({ length: 9 }, (_, index) => ({
    ...ended('part', 'failed', ago(60 - index), 5),
    map_index: index,
  }))
  const evidence = await gather([dagOf([run('r', ago(60), parts)])])
  expect(data(evidence, 'task_failure').length).toBe(5)
  expect(data(evidence, 'task_failure')[0]).toMatchObject({ task_id: 'part', map_index: 0 })
})

test('a log that can not be read takes nothing else with it', async () => {
  server = await startAirflow({ dags: [dagOf([past('r2', 30, 'failed')])] })
  server.fail({ status: 500 }, { times: Number.POSITIVE_INFINITY, when: ({ path }) => path.includes('/logs/') })
  const question = { asset: salesLoad, category: 'pipeline_failure' as const, environment: null, alerts: [], now }
  const evidence = await airflow.gather(question, contextOf(airflow, server.settings))
  expect(data(evidence, 'task_failure')).toMatchObject([{ log_excerpt: null, log_problem: 'Airflow answered 500.' }])
})

test('a DAG that has never run is only described', async () => {
  expect((await gather([dagOf([])])).map(({ kind }) => kind)).toEqual(['dag_state'])
})

test.each<[string, Asset, boolean]>([
  ['a DAG by its name', { kind: 'dag', name: 'sales' }, true],
  ['a task with its native parts', { kind: 'task', name: 'a.b', native: { dag_id: 'a', task_id: 'b' } }, true],
  ['a task whose name would have to be split', { kind: 'task', name: 'a.b' }, false],
  ['a table, whose maker it may know', { kind: 'table', name: 'a.b' }, true],
  ['a host', { kind: 'host', name: 'a.b' }, false],
])('concerns: %s', (_, asset, expected) => {
  expect(airflow.concerns({ asset, category: 'unknown', environment: null, alerts: [], now })).toBe(expected)
})

test.each(['..', '.', '~', '../../auth/token?x='])(
  'an id that is a path (%s) reaches nothing but its DAG',
  async (id) => {
    await expect(gather([dagOf([])], { kind: 'dag', name: 'x', native: { dag_id: id } })).rejects.toThrow(/Airflow/)
    const paths = server?.requests.map(({ path }) => path).filter((path) => path !== '/auth/token') ?? []
    for (const path of paths) expect(path).toMatch(/^\/api\/v2\/dags\/\.\.%2F\.\.%2Fauth%2Ftoken%3Fx%3D/)
  },
)

test('an expired token is replaced, once', async () => {
  server = await startAirflow({ dags: [dailyEltPipeline({ now })] })
  server.fail({ status: 401, body: { detail: 'Token Expired' } }, { when: ({ path }) => path.startsWith('/api/v2') })
  const question = {
    asset: { kind: 'dag' as const, name: 'daily_elt_pipeline' },
    category: 'pipeline_delay' as const,
    environment: null,
    alerts: [],
    now,
  }
  const evidence = await airflow.gather(question, contextOf(airflow, server.settings))
  expect(data(evidence, 'task_failure')).toMatchObject([{ task_id: 'load_warehouse' }])
  expect(server.requests.filter(({ path }) => path === '/auth/token')).toHaveLength(2)
})

describe('recovered', () => {
  const loadTask: Asset = { kind: 'task', name: 'sales.load.load', native: { dag_id: 'Sales.Load', task_id: 'load' } }
  const recovering = (settings: Record<string, string>) => ({
    systems: systemsOf(instanceOf(airflow, settings)),
    signal: AbortSignal.timeout(5_000),
  })
  async function recovered(runs: StandInRun[], asset: Asset, since: Date) {
    server = await startAirflow({ dags: [dagOf(runs)] })
    return airflowRecovered(asset, since, recovering(server.settings))
  }

  test.each<[string, StandInRun[], boolean]>([
    ['a later run succeeded', [past('r2', 10), past('r1', 200, 'failed')], true],
    ['nothing ended since', [past('r1', 200)], false],
    ['the last one to end failed again', [past('r3', 5, 'failed'), past('r2', 40), past('r1', 200, 'failed')], false],
    [
      'one at work says nothing yet',
      [run('r2', ago(5), [task('load', { state: 'running' })]), past('r1', 200, 'failed')],
      false,
    ],
  ])('%s', async (_, runs, expected) => {
    expect((await recovered(runs, salesLoad, ago(100)))?.recovered).toBe(expected)
    await server?.close()
    expect((await recovered(runs, loadTask, ago(100)))?.recovered).toBe(expected)
  })

  test('null where nobody can know', async () => {
    expect(await recovered([], { ...salesLoad, native: { dag_id: 'gone' } }, now)).toBeNull()
    expect(
      await airflowRecovered(salesLoad, now, { ...recovering(server?.settings ?? {}), systems: systemsOf() }),
    ).toBeNull()
    expect(await airflowRecovered(null, now, recovering(server?.settings ?? {}))).toBeNull()
  })
})

test.each([
  ['/api/v2/dags/', 'E_ASSET_DENIED'],
  ['/auth/token', 'E_ACCESS_DENIED'],
])('a 403 at %s is %s: only a refused log-in speaks of the whole Airflow', async (path, code) => {
  server = await startAirflow({ dags: [dagOf([past('a', 10)])] })
  server.fail(
    { status: 403, body: {} },
    { times: Number.POSITIVE_INFINITY, when: (request) => request.path.startsWith(path) },
  )
  const question = { asset: salesLoad, category: 'pipeline_failure' as const, environment: null, alerts: [], now }
  const asked = airflow.gather(question, contextOf(airflow, server.settings))
  await expect(asked).rejects.toMatchObject({ code, message: expect.stringContaining('answered 403') })
})
