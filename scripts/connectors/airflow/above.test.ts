import { afterEach, expect, test } from 'vitest'
import { type AirflowStandIn, startAirflow } from '../../../tests/stand-ins/airflow.ts'
import {
  ended,
  run,
  type StandInDag,
  type StandInRun,
  sensor,
  trigger,
} from '../../../tests/stand-ins/airflow-state.ts'
import { contextOf } from '../../../tests/support/systems.ts'
import { airflow } from '../airflow.ts'
import type { Question } from '../connector.ts'

let server: AirflowStandIn
afterEach(() => server.close())

const at = (time: string) => new Date(`2026-11-20T${time}:00Z`)
const question: Question = {
  asset: { kind: 'dag', name: 'report', native: { dag_id: 'Report' } },
  category: 'pipeline_failure',
  environment: null,
  alerts: [],
  now: at('08:00'),
}

function dag(dag_id: string, ...runs: StandInRun[]): StandInDag {
  return { dag_id, is_paused: false, runs, recovery: { ends: 'success', looks: 1, ms: 0 } }
}

function ran(id: string, state: 'success' | 'failed', start: string, minutes: number): StandInRun {
  return run(id, at(start), [ended('load', state, at(start), minutes)])
}

/** The lineage of `Report` among these DAGs. */
async function lineage(dags: StandInDag[], arrange = (_: AirflowStandIn) => {}) {
  server = await startAirflow({ dags })
  arrange(server)
  const drafts = await airflow.gather(question, contextOf(airflow, server.settings))
  return drafts.find((one) => one.kind === 'lineage')
}

/** From 06:00 on `wait` waits for `Source`; it ended in this state at 06:30. */
function reportThatWaits(state: 'success' | 'failed', external = 'Source'): StandInDag {
  const wait = sensor('wait', external, { state, start_date: at('06:00'), end_date: at('06:30') })
  return dag('Report', run('r1', at('06:00'), [wait, ended('render', 'failed', at('06:31'), 1)]))
}

test('the DAG that a sensor waits for: when it failed first, and its run is looked into', async () => {
  const source = dag('Source', ran('s2', 'failed', '06:05', 20), ran('s1', 'success', '01:00', 20))
  const found = await lineage([reportThatWaits('failed'), source])
  expect(found?.summary).toBe(
    'Source failed at 06:25 UTC, before Report at 06:32 UTC, which waits for it in wait. Report waits for Source.',
  )
  expect(found?.data).toMatchObject({
    upstream: ['Source'],
    failed_first: [
      {
        dag_id: 'Source',
        run_id: 's2',
        failed_at: '2026-11-20T06:25:00.000Z',
        feeds: 'Report',
        tie: 'waits',
        by: ['wait'],
      },
    ],
    leads: [{ name: 'source', native: { dag_id: 'Source', run_id: 's2' } }],
  })
})

test('what a sensor has got explains nothing: it stands above, and its later failure is not told', async () => {
  const found = await lineage([reportThatWaits('success'), dag('Source', ran('s2', 'failed', '06:05', 20))])
  expect(found?.data).toMatchObject({ upstream: ['Source'], leads: [{ native: { dag_id: 'Source' } }] })
  expect(found?.data).not.toHaveProperty('failed_first')
})

test('a DAG that waits for itself, or for one that is not there, and a field that is no text', async () => {
  expect(await lineage([reportThatWaits('failed', 'Report')])).toBeUndefined()
  await server.close()
  expect((await lineage([reportThatWaits('failed', 'Gone')]))?.data).toMatchObject({ upstream: ['Gone'] })
  await server.close()
  const odd = sensor('wait', 'x', { state: 'failed', start_date: at('06:00'), end_date: at('06:30') })
  odd.rendered_fields = { external_dag_id: ['Source'], trigger_dag_id: 7, wait_for_completion: 'yes' }
  expect(await lineage([dag('Report', run('r1', at('06:00'), [odd]))])).toBeUndefined()
})

const children = dag('Child', ran('c2', 'success', '06:20', 5), ran('c1', 'failed', '06:05', 10))

test.each([
  ['waits for', true, { upstream: ['Child'], failed_first: [{ run_id: 'c1', tie: 'started', by: ['start'] }] }],
  ['goes on without', false, undefined],
])('of a DAG that a task started and %s, that very run', async (_, waits, data) => {
  const start = trigger('start', { dag: 'Child', run: 'c1', waits }, { state: 'failed', start_date: at('06:00') })
  start.end_date = at('06:40')
  const found = await lineage([dag('Report', run('r1', at('06:00'), [start])), children])
  if (data) expect(found?.data).toMatchObject(data)
  else expect(found).toBeUndefined()
})

/** `Night` starts `Report` a minute after it began, twice; the second time for `r1`. Another task of it fails before that. */
function night(): StandInDag[] {
  const starting = (id: string, start: string, started: string) =>
    run(id, at(start), [
      ended('extract', 'failed', at(start), 5),
      trigger(
        'start_report',
        { dag: 'Report', run: started, waits: false },
        { state: 'success', start_date: at(start), end_date: at(start) },
      ),
    ])
  const report = ran('r1', 'failed', '06:01', 30)
  report.triggered_by = 'operator'
  const other = trigger('other', { dag: 'Elsewhere', run: 'r1', waits: false }, { start_date: at('06:00') })
  return [
    dag('Report', report, { ...ran('r0', 'success', '05:01', 30), triggered_by: 'operator' }),
    dag('Night', starting('n2', '06:00', 'r1'), starting('n1', '05:00', 'r0')),
    dag('Other', run('o1', at('06:00'), [other])),
  ]
}

test('the run whose task started this one', async () => {
  const found = await lineage(night())
  expect(found?.summary).toBe(
    'Night failed at 06:05 UTC, before Report at 06:31 UTC, which it started by start_report. Report was started by Night.',
  )
  expect(found?.data).toMatchObject({
    upstream: ['Night'],
    failed_first: [{ dag_id: 'Night', run_id: 'n2', tie: 'started_by', by: ['start_report'] }],
    leads: [{ native: { dag_id: 'Night', run_id: 'n2' } }],
  })
})

test('where looking through all tasks takes too long, the rest is told without', async () => {
  server = await startAirflow({ dags: night() })
  server.fail('hang', { when: ({ path }) => path.includes('/dags/~/') })
  const drafts = await airflow.gather(question, contextOf(airflow, server.settings))
  expect(drafts.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['dag_run', 'task_failure', 'dag_state']))
  expect(drafts.map(({ kind }) => kind)).not.toContain('lineage')
})

test('a run that a person started has no DAG above it, and what a user may not read is missed alone', async () => {
  const [report, ...others] = night()
  if (report) for (const one of report.runs) delete one.triggered_by
  expect(await lineage([...(report ? [report] : []), ...others])).toBeUndefined()
  expect(server.requests.filter(({ path }) => path.includes('/dags/~/'))).toEqual([])
  await server.close()
  const forbidden = {
    times: Number.POSITIVE_INFINITY,
    when: ({ path }: { path: string }) => path.includes('xcomEntries'),
  }
  const found = await lineage(night(), (one) => one.fail({ status: 403, body: { detail: 'Forbidden' } }, forbidden))
  expect(found).toBeUndefined()
})
