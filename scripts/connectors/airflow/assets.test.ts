import { expect, test } from 'vitest'
import { startedBy, tableLineage, tableOf } from './assets.ts'

const asset = (name: string, uri: string, makers: string[] = [], readers: string[] = []) => ({
  name,
  uri,
  producing_tasks: makers.map((dag_id) => ({ dag_id })),
  scheduled_dags: readers.map((dag_id) => ({ dag_id })),
})

test.each([
  ['its address', 'revenue', 'postgres://db.example:5432/shop/analytics/fct_revenue', 'shop.analytics.fct_revenue'],
  ['an address in another case', 'x', 'snowflake://acme/PROD/SALES/Orders?role=r', 'prod.sales.orders'],
  ['a project', 'x', 'bigquery://acme-data/sales/orders', 'acme-data.sales.orders'],
  ['escaped parts', 'x', 'postgres://h/shop/raw/my%20orders', 'shop.raw.my orders'],
  ['its name', 'raw.orders', 'raw.orders', 'raw.orders'],
])('one of Airflow’s assets is a table by %s', (_, name, uri, expected) => {
  expect(tableOf({ name, uri })?.name).toBe(expected)
})

test.each([
  ['a file', 's3://bucket/orders/2026', 's3://bucket/orders/2026'],
  ['a plain name', 'orders', 'orders'],
  ['an address without a table', 'x', 'postgres://h/'],
  ['a broken escape is kept as it is, and costs nothing', 'x y', 'http://h/%E0%A4%A'],
])('%s is none', (_, name, uri) => {
  expect(tableOf({ name, uri })).toBeNull()
})

test('a table leads to the DAGs that make it, by the end of its name, and not by a namesake elsewhere', () => {
  const assets = [
    asset('revenue', 'postgres://h:5432/shop/analytics/fct_revenue', ['Shop.Daily'], ['Board']),
    asset('old', 'postgres://h:5432/shop/archive/fct_revenue', ['Archive']),
  ]
  const found = tableLineage({ kind: 'table', name: 'analytics.fct_revenue' }, assets)
  expect(found).toMatchObject([
    {
      summary: 'analytics.fct_revenue is made by the DAG Shop.Daily.',
      data: {
        upstream: ['Shop.Daily'],
        downstream: ['Board'],
        leads: [{ name: 'shop.daily', native: { dag_id: 'Shop.Daily' } }],
      },
    },
  ])
  expect(tableLineage({ kind: 'table', name: 'shop.raw.orders' }, assets)).toEqual([])
})

test('a run that waited for assets leads to the runs that wrote them', () => {
  const run = { dag_id: 'Report', dag_run_id: 'asset_triggered__1' }
  const event = (source_dag_id: string | null, source_run_id: string | null) => ({
    name: 'revenue',
    uri: 'postgres://h:5432/shop/analytics/fct_revenue',
    source_dag_id,
    source_run_id,
    timestamp: '2026-11-20T05:00:00Z',
  })
  const [found] = startedBy(run, [event('Shop.Daily', 'scheduled__7'), event(null, null), event('Report', 'own')])
  expect(found).toEqual({
    kind: 'lineage',
    summary:
      'Run asset_triggered__1 of Report was started by shop.analytics.fct_revenue, which Shop.Daily wrote at 2026-11-20T05:00:00Z.',
    data: {
      upstream: ['shop.analytics.fct_revenue', 'Shop.Daily'],
      leads: [{ kind: 'dag', name: 'shop.daily', native: { dag_id: 'Shop.Daily', run_id: 'scheduled__7' } }],
    },
  })
  expect(startedBy(run, [event(null, null)])).toEqual([])
})
