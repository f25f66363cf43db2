import { describe, expect, it } from 'vitest'
import { nodesOf } from './dbt-artifacts.ts'
import { readDelivery } from './index.ts'

const result = (unique_id: string, status: string, relation_name: string | null = null, message = 'told') => ({
  unique_id,
  status,
  message,
  relation_name,
  execution_time: 1,
  timing: [],
})
const runResults = (results: unknown[], which = 'build') => ({
  metadata: {
    dbt_schema_version: 'https://schemas.getdbt.com/dbt/run-results/v6.json',
    generated_at: '2026-11-20T04:10:00.000Z',
    invocation_id: 'i1',
  },
  args: { which, target: 'prod' },
  elapsed_time: 3,
  results,
})
const read = (body: unknown) => readDelivery({ body, headers: {}, receivedAt: '2026-11-20T08:00:00.000Z' })

const orders = 'model.shop.orders'
const refunds = 'model.shop.refunds'

describe('run_results.json', () => {
  it('tells of each node that failed, and of no other', () => {
    const body = runResults([
      result(orders, 'success', 'prod.sales.orders', 'OK'),
      result(refunds, 'error', '"prod"."sales"."refunds"', 'Database Error: no such column'),
      result('test.shop.not_null_orders_id.1f2e', 'fail', null, 'Got 4 results'),
      result('test.shop.coupons_are_few.77aa', 'warn'),
      result('model.shop.vouchers', 'skipped', 'prod.sales.vouchers'),
    ])
    const { monitor, alerts } = read(body)
    expect(monitor).toBe('plain')
    expect(alerts).toMatchObject([
      { status: 'firing', severity: 'HIGH', environment: 'prod', asset: { kind: 'table', name: 'prod.sales.refunds' } },
      { status: 'firing', title: 'dbt test not_null_orders_id failed', asset: { name: 'prod.sales.orders' } },
      { status: 'firing', severity: 'MEDIUM', asset: { kind: 'model', name: 'test.shop.coupons_are_few.77aa' } },
    ])
    expect(alerts[0]?.labels.reported_source).toBe('dbt')
  })

  it('ends what it told of when all is well again', () => {
    const [failed] = read(runResults([result(orders, 'error', 'prod.sales.orders')])).alerts
    const { alerts } = read(runResults([result(orders, 'success', 'prod.sales.orders'), result(refunds, 'success')]))
    expect(alerts.map(({ status }) => status)).toEqual(['resolved', 'resolved'])
    expect(alerts[0]?.fingerprint).toBe(failed?.fingerprint)
  })

  it('keeps targets and nodes apart', () => {
    const body = runResults([result(orders, 'error')])
    const prints = [
      body,
      { ...body, args: { which: 'build', target: 'ci' } },
      runResults([result(refunds, 'error')]),
    ].map((one) => read(one).alerts[0]?.fingerprint)
    expect(new Set(prints).size).toBe(3)
  })

  it('makes no alert of a run that ran nothing', () => {
    expect(read(runResults([result(orders, 'success')], 'generate')).alerts).toEqual([])
    expect(read(runResults([])).alerts).toEqual([])
    expect(read(runResults([result(orders, 'skipped')])).alerts).toEqual([])
  })
})

it('reads sources.json', () => {
  const body = {
    metadata: {
      dbt_schema_version: 'https://schemas.getdbt.com/dbt/sources/v3.json',
      generated_at: '2026-11-20T04:10:00Z',
    },
    results: [
      { unique_id: 'source.shop.raw.orders', status: 'error', max_loaded_at: '2026-11-18T04:00:00Z' },
      { unique_id: 'source.shop.raw.refunds', status: 'pass' },
    ],
  }
  expect(read(body).alerts).toMatchObject([
    { status: 'firing', title: 'dbt source raw.orders failed', asset: { name: 'source.shop.raw.orders' } },
  ])
})

it.each([null, 5, 'x', [], {}, { results: [] }, { metadata: {}, results: [{ unique_id: 'a', status: 'error' }] }])(
  'takes %j for no artifact of dbt',
  (body) => {
    expect(nodesOf(body)).toBeUndefined()
  },
)
