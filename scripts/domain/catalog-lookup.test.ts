import { expect, test } from 'vitest'
import type { Asset } from './alert.ts'
import { Catalog } from './catalog.ts'
import { expectedLoad, findCatalogAsset, maintenanceAt } from './catalog-lookup.ts'

const catalog = Catalog.parse({
  assets: [
    { name: 'prod.sales.orders', kind: 'table', tier: 3 },
    { name: 'prod.sales.orders', kind: 'table', tier: 1, environment: 'production' },
    { name: 'prod.sales.orders', kind: 'dashboard', tier: 4 },
    { name: 'Nightly.Load', kind: 'dag', tier: 1, system: 'airflow_eu' },
    { name: 'nightly.load', kind: 'dag', tier: 2, system: 'airflow_us' },
    { name: 'worker-3', kind: 'host', tier: 4, expected: [{ metric: 'memory*', up_to: 90, pattern: 'weekly batch' }] },
  ],
  maintenance: [
    { name: 'resize', asset: 'worker-*', from: '2026-11-20T00:00:00+01:00', until: '2026-11-20T02:00:00+01:00' },
  ],
})
const orders: Asset = { kind: 'table', name: 'prod.sales.orders' }

test.each<[string, Asset, string | null, number | null]>([
  ['the entry of the environment', orders, 'production', 1],
  ['without an environment the general one', orders, null, 3],
  ['of another environment the general one', orders, 'staging', 3],
  ['a model is the table it makes', { kind: 'model', name: 'PROD.sales.orders' }, 'production', 1],
  ['another kind', { kind: 'dashboard', name: 'prod.sales.orders' }, null, 4],
  ['the entry of the system', { kind: 'dag', name: 'nightly.load', system: 'airflow_us' }, null, 2],
  ['never that of another system', { kind: 'dag', name: 'nightly.load', system: 'airflow_asia' }, null, null],
  ['no entry', { kind: 'table', name: 'prod.sales.order' }, null, null],
  [
    'a task has that of its DAG',
    { kind: 'task', name: 'nightly.load.copy.all', native: { dag_id: 'Nightly.Load', task_id: 'copy.all' } },
    null,
    1,
  ],
  ['a task whose DAG is not named has none', { kind: 'task', name: 'nightly.load.copy' }, null, null],
])('%s', (_, asset, environment, tier) => {
  expect(findCatalogAsset(catalog, asset, environment)?.tier ?? null).toBe(tier)
})

test('maintenance covers its hours and its assets only', () => {
  const worker: Asset = { kind: 'host', name: 'worker-3' }
  const at = (asset: Asset, time: string) => maintenanceAt(catalog, asset, new Date(time)).map((window) => window.name)
  expect(at(worker, '2026-11-19T23:00:00Z')).toEqual(['resize'])
  expect(at(worker, '2026-11-20T01:00:00Z')).toEqual([])
  expect(at(worker, '2026-11-19T22:59:59Z')).toEqual([])
  expect(at(orders, '2026-11-19T23:30:00Z')).toEqual([])
})

test('load is expected up to its highest normal value', () => {
  const worker = findCatalogAsset(catalog, { kind: 'host', name: 'worker-3' }, null)
  if (!worker) throw new Error('the fixture has no worker')
  expect(expectedLoad(worker, 'memory_usage', 90)?.pattern).toBe('weekly batch')
  expect(expectedLoad(worker, 'memory_usage', 90.1)).toBeNull()
  expect(expectedLoad(worker, 'cpu_usage', 1)).toBeNull()
})

test('a zone that does not exist is refused', () => {
  const entry = { name: 'a', kind: 'table', tier: 1, sla: { deadline: '08:00', zone: 'Europe/Berlim' } }
  expect(Catalog.safeParse({ assets: [entry] }).error?.issues[0]?.message).toMatch(/IANA/)
})
