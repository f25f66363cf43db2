import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { startAirbyte } from '../../tests/stand-ins/airbyte.ts'
import { dailyEltPipeline, startAirflow } from '../../tests/stand-ins/airflow.ts'
import { ended, run } from '../../tests/stand-ins/airflow-state.ts'
import { startDbtCloud } from '../../tests/stand-ins/dbt-cloud.ts'
import { startKestra } from '../../tests/stand-ins/kestra.ts'
import type { Fault, Received, StandIn } from '../../tests/stand-ins/server.ts'
import type { Remediation } from '../domain/decision.ts'
import { toAppError } from '../lib/errors.ts'
import { plannedRow, remediationRows } from './index.ts'
import type { Settings } from './remediation.ts'

const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** A system as a fix finds it: the plan, the one call that changes something, and how often that was done. */
interface Scene {
  server: StandIn
  settings: Settings
  remediation: Remediation
  isCall(request: Received): boolean
  done(): number
}

const start = new Date('2026-11-20T06:00:00Z')
const failedRun = () => run('scheduled__2026-11-20T06:00:00+00:00', start, [ended('load', 'failed', start, 5)])
const isPost =
  (end: string) =>
  ({ method, path, body }: Received) =>
    method === 'POST' && path.endsWith(end) && !body.includes('"dry_run":true')

async function airflow(
  template: Remediation['template'],
  params: object,
  target: string,
): Promise<Omit<Scene, 'isCall' | 'done'> & { state: Awaited<ReturnType<typeof startAirflow>> }> {
  const recovery = { ends: 'success' as const, looks: 1, ms: 0 }
  const sales = { dag_id: 'Sales', is_paused: false, runs: [failedRun()], recovery }
  const state = await startAirflow({ dags: [dailyEltPipeline(), sales] })
  endings.push(state.close)
  const remediation = { template, target, params: { dag_id: 'Sales', run_id: failedRun().dag_run_id, ...params } }
  return { server: state, state, settings: state.settings, remediation }
}

/** One scene a row whose system speaks HTTP; release_lock speaks PostgreSQL, and has its own. */
const scenes: Partial<Record<Remediation['template'], () => Promise<Scene>>> = {
  async airflow_clear_task() {
    const scene = await airflow('airflow_clear_task', { task_id: 'load' }, 'Sales.load')
    return { ...scene, isCall: isPost('/clearTaskInstances'), done: () => scene.state.clears.length }
  },
  async airflow_rerun_dag() {
    const scene = await airflow('airflow_rerun_dag', {}, 'Sales')
    return { ...scene, isCall: isPost('/dagRuns'), done: () => scene.state.triggers.length }
  },
  async airflow_backfill() {
    const scene = await airflow('airflow_backfill', { from: start.toISOString(), to: start.toISOString() }, 'Sales')
    return { ...scene, isCall: isPost('/backfills'), done: () => scene.state.backfills.length }
  },
  async dbt_retry() {
    const target = 'model.shop.orders'
    const server = await startDbtCloud({
      runs: [{ id: 41, status: 20, results: [{ unique_id: target, status: 'error' }] }],
    })
    const folder = await mkdtemp(join(tmpdir(), 'dim-refusals-'))
    endings.push(server.close, () => rm(folder, { recursive: true }))
    const entry = `{name: dbt_finance, kind: dbt_cloud, url: '${server.url}', account_id: 7, job_id: 12}`
    await writeFile(join(folder, 'systems.yaml'), `systems:\n  - ${entry}\n`)
    return {
      server,
      settings: {
        DIM_CONFIG_DIR: folder,
        SYSTEMS_CREDENTIALS: JSON.stringify({ dbt_finance: { token: server.tokens.runner } }),
      },
      remediation: { template: 'dbt_retry', target, params: { system: 'dbt_finance', job_id: '12', run_id: '41' } },
      isCall: isPost('/retry/'),
      done: () => server.retried.length,
    }
  },
  async airbyte_sync() {
    const target = 'b4d3ad5b-7c2f-4f0e-9d1b-0a1f6f7c8d9e'
    const syncs = [{ jobId: 41, status: 'failed' }]
    const server = await startAirbyte({
      connections: [{ connectionId: target, name: 'Billing', status: 'active', syncs }],
    })
    const folder = await mkdtemp(join(tmpdir(), 'dim-refusals-'))
    endings.push(server.close, () => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'systems.yaml'), `systems:\n  - {name: lake, kind: airbyte, url: '${server.api}'}\n`)
    return {
      server,
      settings: { DIM_CONFIG_DIR: folder, SYSTEMS_CREDENTIALS: JSON.stringify({ lake: server.credentials.runner }) },
      remediation: {
        template: 'airbyte_sync',
        target,
        params: { system: 'lake', connection: 'Billing', job_id: '41' },
      },
      isCall: isPost('/jobs'),
      done: () => server.synced.length,
    }
  },
  async run_flow() {
    const server = await startKestra()
    endings.push(server.close)
    server.flows.push({ namespace: 'company.team', id: 'reload', inputs: [] })
    const asset = { kind: 'table' as const, name: 'orders' }
    return {
      server,
      settings: server.settings,
      remediation: {
        template: 'run_flow',
        target: 'reload(orders)',
        params: { flow: 'company.team.reload', inputs: {}, asset, category: 'freshness' },
      },
      isCall: isPost('/company.team/reload'),
      done: () => server.executions.length,
    }
  },
}

test('each row whose system speaks HTTP has its scene', () => {
  const rows = remediationRows.map(({ template }) => template).filter((template) => template !== 'release_lock')
  expect(Object.keys(scenes).sort()).toEqual(rows.sort())
})

const key = 'INC-1:1:fix'
const shortly = () => AbortSignal.timeout(1_000)
const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Sign in</html>' }

describe.each(Object.entries(scenes))('%s', (_, open) => {
  test('is done once where nothing goes wrong', async () => {
    const { settings, remediation, done } = await open()
    await plannedRow(remediation).execute(remediation, key, settings, AbortSignal.timeout(5_000))
    expect(done()).toBe(1)
  })

  test.each([401, 403, 404, 409, 422])('answered %i is refused for good, and nothing was done', async (status) => {
    const { server, settings, remediation, isCall, done } = await open()
    server.fail({ status, body: { detail: 'secret-detail' } }, { times: 2, when: isCall })
    const error = await plannedRow(remediation).execute(remediation, key, settings, shortly()).catch(toAppError)
    expect(error).toMatchObject({ code: 'E_FIX_REFUSED', retryable: false, hint: expect.stringMatching(/./) })
    expect(String(error)).not.toContain('secret-detail')
    expect(done()).toBe(0)
  })

  test.each<[string, Fault]>([
    ['429', { status: 429, headers: { 'retry-after': '120' }, body: '' }],
    ['500', { status: 500, body: '' }],
    ['503', { status: 503, body: '' }],
    ['nothing in time', 'hang'],
    ['a connection that breaks', 'reset'],
    ['half an answer', { status: 200, headers: { 'content-type': 'application/json' }, body: '{"data": {"id":' }],
    ['a page', page],
  ])('answered %s leaves it open whether it was done, and is asked once', async (_name, fault) => {
    const { server, settings, remediation, isCall, done } = await open()
    server.fail(fault, { when: isCall })
    const error = await plannedRow(remediation).execute(remediation, key, settings, shortly()).catch(toAppError)
    expect(error).toMatchObject({ retryable: true })
    expect(server.requests.filter(isCall)).toHaveLength(1)
    expect(done()).toBe(0)
  })
})
