import { expect, test } from 'vitest'
import { exampleAlert } from '../../../tests/support/store.ts'
import { Evidence } from '../evidence.ts'
import { FlowFix } from '../flow-fix.ts'
import { offeredFlows, planFlow } from './offered-flows.ts'
import { assess } from './situation.ts'

const flow = FlowFix.parse({
  name: 'reload_orders',
  flow: 'company.team.reload_orders',
  what: 'Loads the day again.',
  assets: ['Shop.public.*'],
  mends: ['volume'],
  inputs: { table: { from: 'asset' }, why: { from: 'category' }, rows: 500, full: false },
})
const alerts = [exampleAlert({ category: 'volume', asset: { kind: 'table', name: 'shop.public.orders' } })]
const empty = (given: object = {}) =>
  Evidence.parse({
    id: 'ev_1',
    source: 'postgres',
    kind: 'table_state',
    asset: 'shop.public.orders',
    summary: '',
    data: { table: 'shop.public.orders', row_count: 0, previous_row_count: 900 },
    ...given,
  })
const situationOf = (evidence: Evidence[]) =>
  assess({ alerts, evidence, now: new Date('2026-11-20T08:00:00Z'), severity: 'HIGH' })

test('is offered for what a connector sees of its assets, with its inputs in their types', () => {
  const situation = situationOf([empty()])
  const [offered] = offeredFlows(situation, [flow])
  expect(offered?.target).toBe('reload_orders(shop.public.orders)')
  expect(planFlow(offered ?? expect.fail(), situation)).toMatchObject({
    flow: 'company.team.reload_orders',
    inputs: { table: 'shop.public.orders', why: 'volume', rows: 500, full: false },
    asset: { kind: 'table', name: 'shop.public.orders' },
    category: 'volume',
  })
})

test.each<[string, Evidence, Partial<FlowFix>]>([
  ['what only the alert claims', empty({ source: 'alert' }), {}],
  ['another asset', empty(), { assets: ['shop.private.*'] }],
  ['another trouble', empty(), { mends: ['freshness'] }],
  [
    'a table that is well',
    empty({ data: { table: 'shop.public.orders', row_count: 900, previous_row_count: 900 } }),
    {},
  ],
])('is not offered for %s', (_, evidence, changes) => {
  expect(offeredFlows(situationOf([evidence]), [{ ...flow, ...changes }])).toEqual([])
})

test.each([
  { flow: 'incident_management.clock' },
  { flow: 'incident_management.acme.alert_ingestion' },
  { flow: 'no-namespace' },
  { flow: 'company.team/../x' },
  { name: 'Reload Orders' },
  { assets: [] },
  { mends: ['sadness'] },
  { inputs: { 'a b': 1 } },
  { inputs: { table: { from: 'payload' } } },
])('policy refuses %j', (changes) => {
  expect(FlowFix.safeParse({ ...flow, ...changes }).success).toBe(false)
})
