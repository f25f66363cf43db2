import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type AirflowStandIn, dailyEltPipeline, startAirflow } from './airflow.ts'

/** What Airflow 3.3.2 itself answered to these calls, 2026-11. */

let airflow: AirflowStandIn
let token: string
beforeEach(async () => {
  airflow = await startAirflow({ dags: [dailyEltPipeline()] })
  token = await logIn('dim', 'stand-in-password')
})
afterEach(() => airflow.close())

async function logIn(username: string, password: string): Promise<string> {
  const response = await fetch(`${airflow.url}/auth/token`, {
    method: 'POST',
    body: JSON.stringify({ username, password }),
  })
  if (response.status !== 201) return `${response.status}`
  return z.object({ access_token: z.string() }).parse(await response.json()).access_token
}

const Body = z.looseObject({
  state: z.string().optional(),
  total_entries: z.number().optional(),
  task_instances: z.array(z.looseObject({ task_id: z.string() })).optional(),
  event_logs: z.array(z.looseObject({ extra: z.string() })).optional(),
  content: z.array(z.looseObject({ event: z.string() })).optional(),
})

async function call(path: string, body?: unknown, authorization = `Bearer ${token}`) {
  const response = await fetch(`${airflow.url}/api/v2${path}`, {
    headers: { authorization },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
  return { status: response.status, body: Body.parse(await response.json()) }
}

const dag = '/dags/daily_elt_pipeline'
const runId = () => airflow.dags[0]?.runs[0]?.dag_run_id ?? ''

test('log-in and tokens', async () => {
  expect(await logIn('dim', 'wrong')).toBe('401')
  expect(await call('/version', undefined, '')).toMatchObject({ status: 200, body: { version: '3.3.2' } })
  expect(await call(dag, undefined, '')).toEqual({ status: 401, body: { detail: 'Not authenticated' } })
  expect(await call(dag, undefined, 'Bearer x')).toEqual({ status: 403, body: { detail: 'Invalid JWT token' } })
  expect((await call(dag)).status).toBe(200)
  airflow.expireTokens()
  expect(await call(dag)).toEqual({ status: 401, body: { detail: 'Token Expired' } })
})

test.each([
  ['/dags/nope', 'The Dag with ID: `nope` was not found'],
  ['/dags/nope/dagRuns', 'The Dag with ID: `nope` was not found'],
  [`${dag}/dagRuns/nope`, 'The DagRun with dag_id: `daily_elt_pipeline` and run_id: `nope` was not found'],
])('%s is not found', async (path, detail) => {
  expect(await call(path)).toEqual({ status: 404, body: { detail } })
})

test('a clear is a dry run of what failed, unless it says otherwise', async () => {
  const clear = `${dag}/clearTaskInstances`
  const stuck = { dag_run_id: runId(), task_ids: ['load_warehouse'] }
  expect((await call(clear, stuck)).body.task_instances).toEqual([])
  expect((await call(clear, { ...stuck, only_failed: false })).body.task_instances).toHaveLength(1)
  expect(airflow.clears).toHaveLength(0)
  const done = await call(clear, { ...stuck, only_failed: false, dry_run: false, note: 'why' })
  expect(done.body.task_instances).toMatchObject([{ task_id: 'load_warehouse', state: 'restarting', note: 'why' }])
  expect((await call(clear, { ...stuck, task_ids: ['nope'], dry_run: false })).body.total_entries).toBe(0)
  expect((await call(clear, { dag_run_id: 'nope' })).status).toBe(404)
  expect((await call(clear, { ...stuck, dry: false })).status).toBe(422)
  const log = await call('/eventLogs?dag_id=daily_elt_pipeline&event=post_clear_task_instances')
  expect(log.body.event_logs?.[1]?.extra).toContain('why')
})

test('what was cleared ends after some looks, and what waited for it too', async () => {
  await call(`${dag}/clearTaskInstances`, {
    dag_run_id: runId(),
    only_failed: false,
    only_running: true,
    dry_run: false,
  })
  const path = `${dag}/dagRuns/${encodeURIComponent(runId())}`
  expect((await call(path)).body.state).toBe('running')
  expect((await call(path)).body.state).toBe('success')
  const { body } = await call(`${path}/taskInstances?state=success`)
  expect(body.task_instances).toMatchObject([
    {},
    {},
    { task_id: 'load_warehouse', try_number: 2 },
    { task_id: 'publish_marts' },
  ])
})

test('a run wants its logical date and an id of its own, and waits while the DAG is paused', async () => {
  const runs = `${dag}/dagRuns`
  expect((await call(runs, { dag_run_id: 'a' })).status).toBe(422)
  expect((await call(runs, { logical_date: null, dag_run_id: 'a', why: 1 })).status).toBe(422)
  expect(await call(runs, { logical_date: null, dag_run_id: 'a' })).toMatchObject({
    status: 200,
    body: { state: 'queued' },
  })
  expect(await call(runs, { logical_date: null, dag_run_id: 'a' })).toMatchObject({
    status: 409,
    body: { detail: { reason: 'Unique constraint violation' } },
  })
  for (const one of airflow.dags) one.is_paused = true
  for (let count = 0; count < 5; count += 1) expect((await call(`${runs}/a`)).body.state).toBe('queued')
})

test('a log belongs to a try', async () => {
  const logs = `${dag}/dagRuns/${encodeURIComponent(runId())}/taskInstances/load_warehouse/logs`
  expect((await call(`${logs}/1`)).body.content?.at(-1)?.event).toBe('Waiting for the answer to batch 42')
  expect(await call(`${logs}/2`)).toEqual({ status: 404, body: { detail: 'TaskInstance not found' } })
})
