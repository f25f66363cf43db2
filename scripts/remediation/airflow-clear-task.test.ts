import { afterEach, describe, expect, test, vi } from 'vitest'
import { type AirflowStandIn, dailyEltPipeline, type StandInDag, startAirflow } from '../../tests/stand-ins/airflow.ts'
import { ended, run, type StandInTask, task } from '../../tests/stand-ins/airflow-state.ts'
import { unasked } from '../../tests/support/fixes.ts'
import type { Remediation } from '../domain/decision.ts'
import { Evidence } from '../domain/evidence.ts'
import { AppError } from '../lib/errors.ts'
import { airflowClearTask as row } from './airflow-clear-task.ts'

let server: AirflowStandIn | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

const soon = () => AbortSignal.timeout(5_000)
const key = 'inc_7:1:airflow_clear_task:daily_elt_pipeline.load_warehouse'

/** A stand-in with one DAG, and the plan to clear a task of its newest run. */
async function arrange(dag: StandInDag, params: Partial<Remediation['params']> = {}) {
  server = await startAirflow({ dags: [dag] })
  const [newest] = dag.runs
  if (!newest) throw new Error('The DAG has no run.')
  const task_id = params.task_id ?? 'load_warehouse'
  const remediation: Remediation = {
    template: 'airflow_clear_task',
    target: `${dag.dag_id}.${task_id}`,
    params: { system: 'airflow', dag_id: dag.dag_id, run_id: newest.dag_run_id, task_id, ...params },
  }
  return { server, settings: server.settings, remediation, newest }
}

function dagOf(tasks: StandInTask[]): StandInDag {
  return {
    dag_id: 'Sales.Load',
    is_paused: false,
    runs: [run('manual__1:a+b', new Date('2026-11-20T06:00:00Z'), tasks)],
    recovery: { ends: 'success', looks: 1, ms: 0 },
  }
}
const start = new Date('2026-11-20T06:00:00Z')
const failedDag = () =>
  dagOf([
    ended('extract', 'success', start, 5),
    ended('load', 'failed', start, 5),
    { ...ended('publish', 'success', start, 0), state: 'upstream_failed', try_number: 0 },
  ])

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'it went through',
    (thrown: unknown) => (thrown instanceof AppError ? `${thrown.code} ${thrown.message}` : String(thrown)),
  )
}

describe('plan', () => {
  const failure = (data: Record<string, unknown>, given: { id?: string; kind?: string } = {}): Evidence =>
    Evidence.parse({
      id: 'ev_1',
      source: 'airflow',
      kind: 'task_failure',
      summary: '',
      observed_at: '2026-11-20T08:00:00Z',
      data: { dag_id: 'Sales.Load', task_id: 'load', run_id: 'r1', state: 'failed', ...data },
      ...given,
    })
  const runs = (typical_duration_s: number) =>
    failure({ state: 'running', typical_duration_s }, { id: 'ev_9', kind: 'dag_run' })
  const running = { state: 'running', start: '2026-11-20T06:00:00Z' }
  const plain = { dag_id: 'Sales.Load', run_id: 'r1', task_id: 'load' }

  test.each<[string, Evidence[], object | null]>([
    ['a task that failed', [failure({ system: 'airflow' })], { system: 'airflow', ...plain }],
    ['one that runs twice its time', [failure({ ...running, typical_duration_s: 3600 })], plain],
    ['one that runs twice the time of its whole run', [failure(running), runs(3600)], plain],
    ['one that is called stuck, with no time to compare', [failure(running)], plain],
    ['one that is slow', [failure({ ...running, typical_duration_s: 3700 })], null],
    [
      'a quick one that runs for some seconds',
      [failure({ state: 'running', duration_s: 50, typical_duration_s: 1 })],
      null,
    ],
    ['one that Airflow tries again by itself', [failure({ state: 'up_for_retry' })], null],
    ['one without its run', [failure({ run_id: null })], null],
    ['another task', [failure({ task_id: 'Load' })], null],
    ['one mapped instance', [failure({ map_index: 3 })], { ...plain, map_index: 3 }],
    ['several mapped instances', [failure({ map_index: 3 }), failure({ map_index: 4 })], plain],
    ['two runs', [failure({}), failure({ run_id: 'r2' })], null],
    ['ids that read alike', [failure({}), failure({ dag_id: 'Sales', task_id: 'Load.load' })], null],
  ])('%s', (_, evidence, expected) => {
    expect(row.plan('Sales.Load.load', evidence)).toEqual(expected)
  })

  test('policy speaks of its DAG', () => {
    expect(row.policyName({ template: 'airflow_clear_task', target: 'Sales.Load.load', params: plain })).toBe(
      'Sales.Load',
    )
  })
})

describe('a stuck task', () => {
  test('is cleared alone, once, under its key, and ends well', async () => {
    const { server, settings, remediation, newest } = await arrange(dailyEltPipeline())
    const { dag_run_id } = newest
    expect(await row.dryRun(remediation, settings, soon())).toBe(
      `In run ${dag_run_id} of daily_elt_pipeline these would run again: load_warehouse (running).`,
    )
    expect(server.clears).toHaveLength(0)
    expect(await row.wasDone(remediation, key, settings, soon())).toBe(false)
    expect(await row.execute(remediation, key, settings, soon())).toBe(
      `cleared load_warehouse in run ${dag_run_id} of daily_elt_pipeline`,
    )
    expect(server.clears).toEqual([
      expect.objectContaining({
        dag_id: 'daily_elt_pipeline',
        dag_run_id,
        task_ids: ['load_warehouse'],
        only_failed: false,
        only_running: true,
        include_downstream: true,
        note: expect.stringContaining(key),
      }),
    ])
    expect(await row.wasDone(remediation, key, settings, soon())).toBe(true)
    expect(await row.wasDone(remediation, `${key}0`, settings, soon())).toBe(false)
    expect(await row.verify(remediation, settings, soon(), unasked)).toMatchObject({ state: 'working' })
    expect(await row.verify(remediation, settings, soon(), unasked)).toEqual({
      state: 'well',
      detail: `run ${dag_run_id} of daily_elt_pipeline ended well`,
    })
  })

  test('that fails again is bad', async () => {
    const { settings, remediation } = await arrange(dailyEltPipeline({ recovery: { ends: 'failed', looks: 1 } }))
    await row.execute(remediation, key, settings, soon())
    await row.verify(remediation, settings, soon(), unasked)
    expect(await row.verify(remediation, settings, soon(), unasked)).toMatchObject({
      state: 'bad',
      detail: 'load_warehouse failed again, at try 2',
    })
  })

  test('that ended by itself in the meantime is left alone', async () => {
    const { server, settings, remediation, newest } = await arrange(dailyEltPipeline())
    for (const one of newest.tasks) one.state = 'success'
    const refused = /^E_FIX_REFUSED .* it is success/
    expect(await codeOf(row.dryRun(remediation, settings, soon()))).toMatch(refused)
    expect(await codeOf(row.execute(remediation, key, settings, soon()))).toMatch(refused)
    expect(server.clears).toHaveLength(0)
  })
})

describe('a failed task', () => {
  test('is cleared with what its failure kept from running', async () => {
    const { server, settings, remediation } = await arrange(failedDag(), { task_id: 'load' })
    expect(await row.dryRun(remediation, settings, soon())).toContain('load (failed), publish (upstream_failed)')
    await row.execute(remediation, key, settings, soon())
    expect(server.clears).toMatchObject([{ task_ids: ['load'], only_failed: true, only_running: false }])
    await row.verify(remediation, settings, soon(), unasked)
    expect(await row.verify(remediation, settings, soon(), unasked)).toMatchObject({ state: 'well' })
  })

  test('is left until its run has taken note of the failure, and then cleared with what waited for it', async () => {
    const failed = { ...ended('load', 'failed', start, 5), end_date: new Date() }
    const dag = { ...dagOf([failed, task('publish')]), recovery: { ends: 'failed' as const, looks: 1, ms: 0 } }
    const { server, settings, remediation, newest } = await arrange(dag, { task_id: 'load' })
    newest.pending = { tasks: [], looksLeft: 2, notBefore: 0 }
    expect(newest.state).toBe('running')
    expect(await row.dryRun(remediation, settings, soon())).toContain('load (failed), publish (upstream_failed)')
    expect(newest.state).toBe('failed')
    expect(server.clears).toHaveLength(0)
  })

  test('of a run that goes on with other things is cleared without a wait', async () => {
    const dag = dagOf([ended('load', 'failed', start, 5), task('other', { state: 'running' })])
    const { settings, remediation, newest } = await arrange(dag, { task_id: 'load' })
    expect(await row.dryRun(remediation, settings, AbortSignal.timeout(5_000))).toContain('load (failed)')
    expect(newest.state).toBe('running')
  })

  test('one mapped instance alone', async () => {
    const parts = [0, 1, 2].map((map_index) => ({
      ...ended('part', map_index === 0 ? 'success' : 'failed', start, 5),
      map_index,
    }))
    const { server, settings, remediation } = await arrange(dagOf(parts), { task_id: 'part', map_index: 2 })
    await row.execute(remediation, key, settings, soon())
    expect(server.clears).toMatchObject([{ task_ids: [['part', 2]] }])
    await row.verify(remediation, settings, soon(), unasked)
    // The other instance that failed was no part of this fix, and its run has not ended well.
    expect(await row.verify(remediation, settings, soon(), unasked)).toMatchObject({ state: 'bad' })
  })
})

describe('refused, and nothing changed', () => {
  test.each<[string, (dag: StandInDag) => void, Partial<Remediation['params']>, RegExp]>([
    ['a paused DAG', (dag) => Object.assign(dag, { is_paused: true }), {}, /is paused/],
    ['a DAG that is gone', () => {}, { dag_id: 'gone' }, /knows no DAG gone/],
    ['a run that is gone', () => {}, { run_id: 'gone' }, /it is gone/],
    ['another Airflow', () => {}, { system: 'airflow_us' }, /No Airflow is configured as airflow_us/],
    ['a plan without a run', () => {}, { run_id: '' }, /names no run/],
    ['a task that waits', (dag) => dag.runs[0]?.tasks.push(task('later')), { task_id: 'later' }, /it is waiting/],
  ])('%s', async (_, change, params, reason) => {
    const dag = dailyEltPipeline()
    change(dag)
    const { server, settings, remediation } = await arrange(dag, params)
    for (const call of [
      () => row.dryRun(remediation, settings, soon()),
      () => row.execute(remediation, key, settings, soon()),
    ]) {
      const code = await codeOf(call())
      expect(code).toMatch(/^E_FIX_REFUSED/)
      expect(code).toMatch(reason)
    }
    expect(server.clears).toHaveLength(0)
  })

  test('a user that may only read; one that may write is used when there is one', async () => {
    const users = [
      { username: 'reader', password: 'reading-password', role: 'viewer' as const },
      { username: 'writer', password: 'writing-password', role: 'admin' as const },
    ]
    const dag = dailyEltPipeline()
    server = await startAirflow({ dags: [dag], users })
    const params = { dag_id: dag.dag_id, run_id: dag.runs[0]?.dag_run_id ?? '', task_id: 'load_warehouse' }
    const remediation: Remediation = {
      template: 'airflow_clear_task',
      target: 'daily_elt_pipeline.load_warehouse',
      params,
    }
    expect(await codeOf(row.execute(remediation, key, server.settings, soon()))).toBe(
      'E_FIX_REFUSED Airflow refused it with 403.',
    )
    const both = { ...server.settings, AIRFLOW_WRITE_USERNAME: 'writer', AIRFLOW_WRITE_PASSWORD: 'writing-password' }
    await row.execute(remediation, key, both, soon())
    expect(server.clears).toHaveLength(1)
  })

  test('without an Airflow', async () => {
    const { remediation } = await arrange(dailyEltPipeline())
    expect(await codeOf(row.execute(remediation, key, {}, soon()))).toMatch(/^E_SETTING_MISSING/)
  })
})

describe('an unknown outcome', () => {
  const isClear = ({ method, path, body }: { method: string; path: string; body: string }) =>
    method === 'POST' && path.endsWith('/clearTaskInstances') && body.includes('"dry_run":false')

  test('an answer that comes too late: it was done, and looking finds it', async () => {
    const { server, settings, remediation } = await arrange(dailyEltPipeline())
    server.fail({ delayMs: 300 }, { when: isClear })
    const impatient = new AbortController()
    const call = row.execute(remediation, key, settings, impatient.signal)
    const failed = expect(call).rejects.toMatchObject({ code: 'E_HTTP_TIMEOUT', retryable: true })
    await server.waitFor(isClear)
    impatient.abort()
    await failed
    await vi.waitFor(() => expect(server.clears).toHaveLength(1), { timeout: 5_000 })
    expect(await row.wasDone(remediation, key, settings, soon())).toBe(true)
  })

  test.each([
    ['a connection that breaks', 'reset' as const, 'E_HTTP_NETWORK'],
    ['a 502', { status: 502, body: '<html>' }, 'E_HTTP_BUSY'],
    ['an answer that makes no sense', { status: 200, body: '<html>' }, 'E_HTTP_ANSWER'],
  ])('%s is retryable, sent once, and looking tells that nothing was done', async (_, fault, code) => {
    const { server, settings, remediation } = await arrange(dailyEltPipeline())
    server.fail(fault, { when: isClear })
    await expect(row.execute(remediation, key, settings, soon())).rejects.toMatchObject({ code, retryable: true })
    expect(server.requests.filter(isClear)).toHaveLength(1)
    expect(await row.wasDone(remediation, key, settings, soon())).toBe(false)
  })

  test('a later note does not hide it: the audit trail has it', async () => {
    const { settings, remediation, newest } = await arrange(dailyEltPipeline())
    await row.execute(remediation, key, settings, soon())
    for (const one of newest.tasks) one.note = 'cleared by hand'
    expect(await row.wasDone(remediation, key, settings, soon())).toBe(true)
  })
})
