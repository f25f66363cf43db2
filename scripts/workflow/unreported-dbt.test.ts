import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type StandInRun, startDbtCloud } from '../../tests/stand-ins/dbt-cloud.ts'
import { dbtManifest, dbtModel, dbtTest, writeArtifacts } from '../../tests/support/dbt-project.ts'
import { instanceOf } from '../../tests/support/systems.ts'
import { count, useWorlds } from '../../tests/support/workflow.ts'
import { dbt } from '../connectors/dbt.ts'
import { claimDispatch } from '../store/dispatch.ts'
import { sql } from '../store/sql.ts'
import { syncProject } from './sync-projects.ts'

const { world } = useWorlds()
const minute = 60_000
const Row = z.object({ alert: z.unknown() })
const ago = (minutes: number) => new Date(Date.now() - minutes * minute)

const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0)) await end()
})

describe('dbt Cloud', () => {
  const message = 'Database Error in model margin'
  const failed = (id: number, minutes: number): StandInRun => ({
    id,
    status: 20,
    results: [],
    finishedAt: ago(minutes),
    message,
  })
  const webhook = (run: number) => ({
    accountId: 7,
    eventType: 'job.run.errored',
    timestamp: ago(5).toISOString(),
    data: {
      jobId: '12',
      jobName: 'Nightly marts',
      runId: String(run),
      environmentName: 'Production',
      runStatus: 'Errored',
      runStatusCode: 20,
      runStatusMessage: message,
    },
  })

  async function arrange(runs: StandInRun[]) {
    const cloud = await startDbtCloud({ runs })
    endings.push(cloud.close)
    const one = await world({
      systems: `systems:\n  - {name: dbt_finance, kind: dbt_cloud, url: '${cloud.url}', account_id: 7, job_id: 12}\n`,
      settings: { SYSTEMS_CREDENTIALS: JSON.stringify({ dbt_finance: { token: cloud.tokens.readonly } }) },
    })
    return { one, cloud }
  }

  test('a run that failed and that nobody told of is taken in once, as its webhook would have told it', async () => {
    const { one } = await arrange([failed(40, 5)])
    await one.turn()
    await one.turn()
    expect(await count(one.store, 'alerts')).toBe(1)
    const { incident } = await claimDispatch(one.store)
    expect(await one.incident(incident ?? '')).toMatchObject({
      source: 'dbt-cloud',
      title: `dbt job Nightly marts: Errored, ${message}`,
      environment: 'production',
      asset: { kind: 'job', native: { job_id: '12' } },
    })
  })

  test.each(['before', 'after'])('its webhook, %s the poll, and the poll are one incident', async (when) => {
    const { one } = await arrange([failed(40, 5)])
    if (when === 'before') await one.fire(webhook(40))
    await one.turn()
    if (when === 'after') await one.fire(webhook(40))
    await one.turn()
    expect(await count(one.store, 'incidents')).toBe(1)
    expect(await count(one.store, 'alerts')).toBe(when === 'before' ? 1 : 2)
  })

  test('what failed while we were away is caught up with, over several pages', async () => {
    const { one, cloud } = await arrange([failed(1, 3_000)])
    await one.turn()
    expect(await count(one.store, 'alerts')).toBe(0)
    await one.store.transaction((query) =>
      query.run(sql`update marks set at = at - interval '20 hours' where name like 'failures/%'`),
    )
    for (let id = 2; id < 132; id += 1) cloud.runs.push(failed(id, 500 - id))
    await one.turn()
    expect(await count(one.store, 'alerts')).toBe(130)
    expect(await count(one.store, 'incidents')).toBe(1)
  })
})

describe('the artifacts of dbt Core', () => {
  const project = dbtManifest([
    dbtModel('stg_orders', []),
    dbtModel('margins', ['model.shop.stg_orders']),
    dbtTest('not_null_orders_id', 'model.shop.stg_orders'),
  ])
  const results = (at: Date, statuses: Record<string, string>, run = 'one') => ({
    metadata: { generated_at: at.toISOString(), invocation_id: run },
    args: { which: 'build' },
    results: Object.entries(statuses).map(([unique_id, status]) => ({
      unique_id,
      status,
      message: status === 'error' ? 'Database Error' : null,
      failures: status === 'fail' ? 7 : null,
      execution_time: 1,
    })),
  })
  const nothing = { metadata: { generated_at: ago(60).toISOString() }, results: [] }

  async function arrange(runResults: Record<string, unknown>) {
    const folder = await mkdtemp(join(tmpdir(), 'dim-dbt-'))
    endings.push(() => rm(folder, { recursive: true }))
    const write = (next: Record<string, unknown>) =>
      writeArtifacts(folder, { manifest: project, runResults: next, sources: nothing })
    await write(runResults)
    const one = await world({ settings: { DBT_ARTIFACTS: folder } })
    await syncProject(one.store, instanceOf(dbt, { DBT_ARTIFACTS: folder }))
    return { one, write }
  }

  test('what failed in the last run is taken in once; what was skipped, passed or is another command’s is not', async () => {
    const failing = { 'model.shop.stg_orders': 'error', 'model.shop.margins': 'skipped' }
    const { one, write } = await arrange(results(ago(5), { ...failing, 'test.shop.not_null_orders_id': 'fail' }))
    await one.turn()
    await one.turn()
    const rows = await one.store.transaction((query) =>
      query.rows(Row, sql`select alert from alerts order by alert ->> 'title'`),
    )
    const table = { kind: 'table', name: 'shop.main.stg_orders' }
    expect(rows.map(({ alert }) => alert)).toMatchObject([
      { source: 'plain', title: 'dbt model stg_orders failed', severity: 'HIGH', asset: table },
      { source: 'plain', title: 'dbt test not_null_orders_id failed', description: '7 failures', asset: table },
    ])
    await write({ ...results(ago(4), failing, 'two'), args: { which: 'generate' } })
    await one.turn()
    expect(await count(one.store, 'alerts')).toBe(2)
  })

  test('the next run that fails joins the incident, and so does whoever posts the same himself', async () => {
    const { one, write } = await arrange(results(ago(5), { 'model.shop.margins': 'error' }))
    await one.turn()
    await write(results(ago(3), { 'model.shop.margins': 'error' }, 'two'))
    await one.turn()
    const posted = { source: 'dbt', check: 'model.shop.margins', title: 'margins broke', table: 'shop.main.margins' }
    await one.fire({ ...posted, severity: 'high', status: 'failed' })
    expect(await count(one.store, 'alerts')).toBe(3)
    expect(await count(one.store, 'incidents')).toBe(1)
  })
})
