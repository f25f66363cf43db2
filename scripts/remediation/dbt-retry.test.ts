import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type StandInRun, startDbtCloud } from '../../tests/stand-ins/dbt-cloud.ts'
import { unasked } from '../../tests/support/fixes.ts'
import type { Remediation } from '../domain/decision.ts'
import { Evidence } from '../domain/evidence.ts'
import { dbtRetry as row } from './dbt-retry.ts'

const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const soon = () => AbortSignal.timeout(5_000)
const key = 'INC-1:1:dbt_retry:model.shop.fct_revenue'
const target = 'model.shop.fct_revenue'
const remediation: Remediation = {
  template: 'dbt_retry',
  target,
  params: { system: 'dbt_finance', job_id: '12', run_id: '41' },
}
const good: StandInRun = { id: 40, status: 10, results: [{ unique_id: target, status: 'success' }] }
const bad = (): StandInRun => ({
  id: 41,
  status: 20,
  results: [
    { unique_id: 'model.shop.stg_orders', status: 'success' },
    { unique_id: target, status: 'error' },
    { unique_id: 'model.shop.margins', status: 'skipped' },
  ],
})

/** A dbt Cloud, and the settings of a product that knows it from `systems.yaml`: for reading, and for fixes. */
async function arrange(given: Parameters<typeof startDbtCloud>[0]) {
  const cloud = await startDbtCloud(given)
  const folder = await mkdtemp(join(tmpdir(), 'dim-dbt-retry-'))
  endings.push(cloud.close, () => rm(folder, { recursive: true }))
  await writeFile(
    join(folder, 'systems.yaml'),
    `systems:\n  - {name: dbt_finance, kind: dbt_cloud, url: '${cloud.url}', account_id: 7, job_id: 12}\n`,
  )
  const reading = {
    DIM_CONFIG_DIR: folder,
    SYSTEMS_CREDENTIALS: JSON.stringify({ dbt_finance: { token: cloud.tokens.readonly } }),
  }
  const fixing = {
    ...reading,
    SYSTEMS_WRITE_CREDENTIALS: JSON.stringify({ dbt_finance: { token: cloud.tokens.runner } }),
  }
  return { cloud, reading, fixing }
}

async function lastHealth(settings: Awaited<ReturnType<typeof arrange>>['reading']) {
  for (let looks = 0; looks < 9; looks += 1) {
    const health = await row.verify(remediation, settings, soon(), unasked)
    if (health.state !== 'working') return health
  }
  return expect.fail('It works for ever.')
}

test('what failed and was skipped runs again, once, and is verified with the token that reads', async () => {
  const { cloud, reading, fixing } = await arrange({ runs: [good, bad()] })
  expect(await row.dryRun(remediation, fixing, soon())).toBe(
    'Of run 41 of job 12 these would run again: model.shop.fct_revenue (error), model.shop.margins (skipped). The whole run took 00:12:31.',
  )
  expect(cloud.retried).toEqual([])
  expect(await row.wasDone(remediation, key, fixing, soon())).toBe(false)
  expect(await row.execute(remediation, key, fixing, soon())).toBe('retried run 41 of job 12 as run 42')
  expect(await row.wasDone(remediation, key, fixing, soon())).toBe(true)
  expect(await lastHealth(reading)).toEqual({ state: 'well', detail: `${target} was built by run 42 of job 12` })
  expect(cloud.retried).toEqual([41])
})

test('a retry that fails again is bad', async () => {
  const { reading, fixing } = await arrange({ runs: [bad()], recovery: { ends: 'error', looks: 1 } })
  await row.execute(remediation, key, fixing, soon())
  expect(await lastHealth(reading)).toEqual({ state: 'bad', detail: 'run 42 of job 12 failed' })
})

test('a run that ends well and leaves the model out mends nothing', async () => {
  const other: StandInRun = { id: 42, status: 10, results: [{ unique_id: 'model.shop.other', status: 'success' }] }
  const { reading } = await arrange({ runs: [bad(), other] })
  expect(await row.verify(remediation, reading, soon(), unasked)).toMatchObject({
    state: 'bad',
    detail: expect.stringContaining(`${target} is not part of it`),
  })
})

test('without a run since there is nothing to verify', async () => {
  const { reading } = await arrange({ runs: [bad()] })
  expect(await row.verify(remediation, reading, soon(), unasked)).toMatchObject({ state: 'bad' })
})

test('the token that reads retries nothing', async () => {
  const { cloud, reading } = await arrange({ runs: [bad()] })
  await expect(row.execute(remediation, key, reading, soon())).rejects.toMatchObject({
    code: 'E_FIX_REFUSED',
    message: 'dbt Cloud refused it with 403.',
  })
  expect(cloud.retried).toEqual([])
})

test.each<[string, StandInRun[], Remediation['params'], RegExp]>([
  ['another run since', [bad(), { ...good, id: 42 }], {}, /has run 42 since/],
  ['a run at work', [bad(), { ...good, id: 42, status: 3 }], {}, /has run 42 since/],
  ['a run that did not fail', [{ ...good, id: 41 }], {}, /is not one that failed/],
  ['a run that is gone', [good], {}, /knows no run 41/],
  ['nothing left to take up', [{ ...bad(), results: [] }], {}, /left nothing/],
  ['another job', [bad()], { job_id: '13' }, /is job 12 by now/],
  ['an instance that is not configured', [bad()], { system: 'dbt_marketing' }, /No dbt Cloud is configured as/],
])('refused: %s', async (_, runs, params, reason) => {
  const { cloud, fixing } = await arrange({ runs })
  const planned = { ...remediation, params: { ...remediation.params, ...params } }
  await expect(row.dryRun(planned, fixing, soon())).rejects.toMatchObject({
    code: 'E_FIX_REFUSED',
    message: expect.stringMatching(reason),
  })
  expect(cloud.retried).toEqual([])
})

describe('plan', () => {
  const seen = (data: object, given: object = {}): Evidence =>
    Evidence.parse({
      id: 'ev_1',
      source: 'dbt',
      kind: 'dbt_model',
      summary: '',
      data: { unique_id: target, status: 'error', system: 'dbt_finance', job_id: '12', run_id: '41', ...data },
      ...given,
    })
  test.each<[string, Evidence[], object | null]>([
    ['a model that failed in dbt Cloud', [seen({})], remediation.params],
    ['one that was built', [seen({ status: 'success' })], null],
    ['artifacts in a folder', [seen({ job_id: null, run_id: null })], null],
    ['another model', [seen({ unique_id: 'model.shop.margins' })], null],
    ['two projects', [seen({}), seen({ system: 'dbt_marketing' })], null],
    ['a project that may be another', [seen({ is_certain: false })], null],
    ['what an alert claims', [seen({}, { source: 'alert' })], null],
  ])('%s', (_, evidence, expected) => {
    expect(row.plan(target, evidence)).toEqual(expected)
  })
})
