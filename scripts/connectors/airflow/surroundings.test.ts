import { afterEach, describe, expect, test } from 'vitest'
import { type AirflowStandIn, startAirflow } from '../../../tests/stand-ins/airflow.ts'
import { ended, run } from '../../../tests/stand-ins/airflow-state.ts'
import { startStandIn } from '../../../tests/stand-ins/server.ts'
import { contextOf } from '../../../tests/support/systems.ts'
import type { EvidenceDraft, EvidenceKind } from '../../domain/evidence.ts'
import { airflow } from '../airflow.ts'
import type { Question } from '../connector.ts'

let server: AirflowStandIn
afterEach(() => server.close())

const now = new Date('2026-11-20T08:00:00Z')
const question: Question = {
  asset: { kind: 'dag', name: 'load', native: { dag_id: 'Load' } },
  category: 'pipeline_delay',
  environment: null,
  alerts: [],
  now,
}
const always = { times: Number.POSITIVE_INFINITY }

/** What Airflow answers at the end of a path, in place of the stand-in's own. */
async function gather(answers: Record<string, unknown>, about: Partial<Question> = {}): Promise<EvidenceDraft[]> {
  server = await startAirflow({
    dags: [
      {
        dag_id: 'Load',
        is_paused: false,
        runs: [
          run('r1', new Date('2026-11-20T06:00:00Z'), [ended('a', 'success', new Date('2026-11-20T06:00:00Z'), 5)]),
        ],
        recovery: { ends: 'success', looks: 1, ms: 0 },
      },
    ],
  })
  for (const [end, body] of Object.entries(answers)) {
    const answer = typeof body === 'number' ? { status: body } : { status: 200, body }
    server.fail(answer, { ...always, when: ({ path }) => path.endsWith(end) })
  }
  return airflow.gather({ ...question, ...about }, contextOf(airflow, server.settings))
}

function of(evidence: readonly EvidenceDraft[], kind: EvidenceKind): EvidenceDraft[] {
  return evidence.filter((item) => item.kind === kind)
}

const dag = { dag_id: 'Load', is_paused: true, has_import_errors: true, fileloc: '/dags/load.py', owners: ['data'] }

test('its schedule, its owners, and why it can not be imported', async () => {
  const trace = `Traceback\n${'x\n'.repeat(5_000)}ModuleNotFoundError: no pandas, password=hunter2hunter2`
  const evidence = await gather({
    '/dags/Load': { ...dag, timetable_description: 'At 05:00', next_dagrun_run_after: '2026-11-21T05:00:00Z' },
    '/importErrors': { import_errors: [{ filename: '/dags/load.py', stack_trace: trace }] },
  })
  const [state] = of(evidence, 'dag_state')
  expect(state?.summary).toBe('Load runs by the schedule At 05:00, is owned by data, is paused, can not be imported.')
  expect(state?.data).toMatchObject({ schedule: 'At 05:00', next_run_at: '2026-11-21T05:00:00Z', owners: ['data'] })
  const excerpt = String(state?.data.import_error)
  expect(excerpt).toMatch(/ModuleNotFoundError: no pandas, password=\[redacted\]$/)
  expect(excerpt.length).toBeLessThanOrEqual(1_500)
})

test('a version of late is a change; the first, and an old one, are not', async () => {
  const versions = (version_number: number, created_at: string) => ({
    '/dagVersions': { dag_versions: [{ version_number, created_at, bundle_version: 'abc123' }] },
  })
  const [change] = of(await gather(versions(4, '2026-11-20T05:00:00Z')), 'change')
  expect(change).toMatchObject({ data: { what: 'deploy', ref: 'abc123', at: '2026-11-20T05:00:00Z' } })
  expect(change?.summary).toBe('Load was changed 3 h before: version 4.')
  await server.close()
  expect(of(await gather(versions(1, '2026-11-20T05:00:00Z')), 'change')).toEqual([])
  await server.close()
  expect(of(await gather(versions(4, '2026-10-20T05:00:00Z')), 'change')).toEqual([])
})

test('who feeds it, and what it makes, is asked about next', async () => {
  const assets = [
    {
      name: 'raw.orders',
      scheduled_dags: [{ dag_id: 'Load' }],
      producing_tasks: [{ dag_id: 'Ingest' }],
      last_asset_event: { timestamp: '2026-11-19T04:00:00Z' },
    },
    { name: 'dwh.orders', scheduled_dags: [{ dag_id: 'Report' }], producing_tasks: [{ dag_id: 'Load' }] },
  ]
  const [lineage] = of(await gather({ '/assets': { assets } }), 'lineage')
  expect(lineage?.data).toMatchObject({
    upstream: ['raw.orders', 'Ingest'],
    downstream: ['dwh.orders', 'Report'],
    leads: [
      { kind: 'dag', name: 'ingest', native: { dag_id: 'Ingest' } },
      { kind: 'table', name: 'dwh.orders', native: { table: 'dwh.orders' } },
    ],
  })
  expect(lineage?.summary).toBe(
    'Load reads what Ingest make; makes dwh.orders; last updated: raw.orders at 2026-11-19T04:00:00Z.',
  )
})

describe('of the DAGs that feed it, by what it waits for or reads', () => {
  const by = (name: string, maker: string) => ({ name, scheduled_dags: [], producing_tasks: [{ dag_id: maker }] })
  const assets = [
    { ...by('raw.orders', 'Ingest'), scheduled_dags: [{ dag_id: 'Load' }] },
    { ...by('raw.prices', 'Prices'), consuming_tasks: [{ dag_id: 'Load' }] },
    { ...by('raw.shops', 'Shops'), consuming_tasks: [{ dag_id: 'Load' }] },
    { ...by('raw.other', 'Other'), consuming_tasks: [{ dag_id: 'Elsewhere' }] },
  ]
  const ran = (dag_id: string, dag_run_id: string, state: string, end: string) => ({
    dag_id,
    dag_run_id,
    state,
    start_date: '2026-11-20T01:00:00Z',
    end_date: `2026-11-20T${end}:00Z`,
  })
  const runs = {
    '/dags/Ingest/dagRuns': {
      dag_runs: [
        // After ours: it explains nothing of it.
        ran('Ingest', 'i9', 'success', '07:00'),
        { ...ran('Ingest', 'i8', 'running', '07:00'), end_date: null },
        ran('Ingest', 'i7', 'failed', '02:10'),
      ],
    },
    '/dags/Prices/dagRuns': {
      dag_runs: [ran('Prices', 'p2', 'success', '02:00'), ran('Prices', 'p1', 'failed', '01:00')],
    },
    '/dags/Shops/dagRuns': 500,
  }

  test('that which failed first is told, with when and by what, and its failed run is looked into', async () => {
    const failed = { dag_runs: [ran('Load', 'l1', 'failed', '02:31')] }
    const [lineage] = of(await gather({ '/assets': { assets }, '/dags/Load/dagRuns': failed, ...runs }), 'lineage')
    expect(lineage?.summary).toMatch(
      /^Ingest failed at 02:10 UTC, before Load at 02:31 UTC, and feeds it by raw\.orders\. Load reads what /,
    )
    expect(lineage?.data).toMatchObject({
      failed_first: [
        {
          dag_id: 'Ingest',
          run_id: 'i7',
          failed_at: '2026-11-20T02:10:00Z',
          feeds: 'Load',
          by: ['raw.orders'],
          before: '2026-11-20T02:31:00Z',
        },
      ],
      leads: [
        { name: 'ingest', native: { dag_id: 'Ingest', run_id: 'i7' } },
        { name: 'prices', native: { dag_id: 'Prices' } },
        { name: 'shops', native: { dag_id: 'Shops' } },
      ],
    })
  })

  test('one that has been well again since is not told', async () => {
    const [lineage] = of(await gather({ '/assets': { assets }, ...runs }), 'lineage')
    expect(lineage?.summary).toMatch(/^Load reads what Ingest, Prices, Shops make/)
    expect(lineage?.data).not.toHaveProperty('failed_first')
  })
})

test('pools that are full, and parts of Airflow that are not well', async () => {
  const slots = { slots: 4, queued_slots: 7, scheduled_slots: 2 }
  const evidence = await gather({
    '/pools': {
      pools: [
        { name: 'etl', ...slots, occupied_slots: 4, open_slots: 0 },
        { name: 'idle', ...slots, occupied_slots: 1, open_slots: 3 },
      ],
    },
    '/monitor/health': {
      metadatabase: { status: 'healthy' },
      scheduler: { status: 'unhealthy', latest_scheduler_heartbeat: '2026-11-20T07:00:00Z' },
      triggerer: { status: null },
      dag_processor: null,
    },
  })
  expect(of(evidence, 'pool_state')).toMatchObject([{ data: { pool: 'etl', slots: 4, occupied: 4, waiting: 9 } }])
  expect(of(evidence, 'system_health')).toMatchObject([
    { summary: "Airflow's own scheduler is not well, for 1 h.", data: { part: 'scheduler', status: 'unhealthy' } },
  ])
})

test('what can not be read is missed alone, and of a lead less is asked', async () => {
  const faults = { '/dagVersions': 403, '/assets': 500, '/pools': { pools: 7 }, '/monitor/health': 404 }
  expect((await gather(faults)).map(({ kind }) => kind)).toEqual(['dag_run', 'dag_state'])
  server.forget()
  await airflow.gather({ ...question, isLead: true }, contextOf(airflow, server.settings))
  expect(server.requests.filter(({ path }) => /assets|pools|dagVersions|health/.test(path))).toEqual([])
})

test('Airflow 2 is read by its own API, with a password, and not changed', async () => {
  server = await startAirflow({ dags: [] })
  const state = { dag_id: 'Load', dag_run_id: 'manual__1', execution_date: '2026-11-20T06:00:00Z' }
  const two = await startStandIn(({ path, headers, query }) => {
    if (path === '/auth/token') return { status: 404, body: '<html>Airflow 404</html>' }
    const pair = Buffer.from('dim:stand-in-password').toString('base64')
    if (headers.authorization !== `Basic ${pair}`) return { status: 401, body: { title: 'Unauthorized' } }
    // Words that it does not know are refused.
    if (path.endsWith('taskInstances') && (query.has('task_id') || query.has('order_by'))) return { status: 400 }
    if (path === '/api/v1/dags/Load') {
      return { status: 200, body: { dag_id: 'Load', is_paused: false, timetable_description: 'At 05:00' } }
    }
    if (path === '/api/v1/dags/Load/dagRuns') {
      expect(query.get('order_by')).toBe('-execution_date')
      const times = { start_date: '2026-11-20T06:00:00Z', end_date: '2026-11-20T06:30:00Z' }
      return { status: 200, body: { dag_runs: [{ ...state, state: 'failed', ...times }] } }
    }
    if (path === '/api/v1/dags/Source/dagRuns') {
      const ran = { dag_id: 'Source', dag_run_id: 'scheduled__1', state: 'failed' }
      return { status: 200, body: { dag_runs: [{ ...ran, end_date: '2026-11-20T06:20:00Z' }] } }
    }
    if (path.endsWith('/taskInstances')) {
      const one = { ...state, map_index: -1, state: 'failed', try_number: 1, max_tries: 0 }
      const rendered_fields = { external_dag_id: 'Source' }
      const both = [
        { ...one, task_id: 'load', rendered_fields },
        { ...one, task_id: 'other', rendered_fields: {} },
      ]
      return { status: 200, body: { task_instances: both } }
    }
    if (path.includes('/logs/1')) {
      expect(headers.accept).toBe('text/plain')
      return { status: 200, body: `host\n${'a line\n'.repeat(50_000)}ValueError: no such column\n` }
    }
    return { status: 404, body: { title: 'Not found' } }
  })
  const settings = { ...server.settings, AIRFLOW_URL: two.url }
  const evidence = await airflow.gather(question, contextOf(airflow, settings))
  await two.close()
  expect(of(evidence, 'dag_run')).toMatchObject([{ data: { state: 'failed', duration_s: 1800 } }])
  expect(of(evidence, 'task_failure').map(({ data }) => data.task_id)).toEqual(['load', 'other'])
  expect(of(evidence, 'lineage')[0]?.data.failed_first).toMatchObject([
    { dag_id: 'Source', tie: 'waits', by: ['load'] },
  ])
  expect(of(evidence, 'task_failure')[0]?.data.log_excerpt).toContain('ValueError: no such column')
  expect(of(evidence, 'task_failure')[0]?.data.log_cut).toBe('of 342 KiB the last 256 KiB were read')
  expect(of(evidence, 'dag_state')[0]?.data).toMatchObject({ schedule: 'At 05:00' })
})
