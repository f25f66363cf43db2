import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exampleAlert } from '../../tests/support/example-incidents.ts'
import { contextOf } from '../../tests/support/systems.ts'
import type { Alert, AlertFact, Asset, Category } from '../domain/alert.ts'
import { Catalog } from '../domain/catalog.ts'
import { readYamlFile } from '../lib/yaml-file.ts'
import { catalog } from './catalog.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catalog-'))
  await writeFile(
    join(folder, 'catalog.yaml'),
    `
assets:
  - name: prod.sales.orders
    kind: table
    tier: 1
    owner: sales-data
    channel: '#sales-data'
    sla: { deadline: '08:00', zone: Europe/Berlin }
    consumers: [sales_dashboard, finance_close]
    revenue_per_hour: 500
    runbook: https://wiki.example.com/orders
  - { name: worker-3, kind: host, tier: 4, consumers: [], expected: [{ metric: memory*, up_to: 90, pattern: weekly batch }] }
maintenance:
  - { name: resize, asset: worker-*, from: 2026-11-22T03:00:00Z, until: 2026-11-22T05:00:00Z }
`,
  )
})
afterAll(() => rm(folder, { recursive: true }))

const orders: Asset = { kind: 'table', name: 'prod.sales.orders' }
const worker: Asset = { kind: 'host', name: 'worker-3' }

function gather(asset: Asset, now: string, category: Category = 'unknown', alerts: Alert[] = []) {
  const question = { asset, category, environment: null, alerts, now: new Date(now) }
  return catalog.gather(question, contextOf(catalog, { DIM_CONFIG_DIR: folder }))
}

test('an entry in full', async () => {
  expect(await gather(orders, '2026-11-20T05:00:00Z')).toEqual([
    {
      source: 'catalog',
      kind: 'catalog_entry',
      asset: 'prod.sales.orders',
      observed_at: '2026-11-20T05:00:00.000Z',
      summary:
        'prod.sales.orders is tier 1, owned by sales-data, promised by 08:00 Europe/Berlin, 2 h left, read by 2.',
      data: {
        asset: 'prod.sales.orders',
        owner: 'sales-data',
        tier: 1,
        sla_minutes: null,
        sla_deadline: '2026-11-20T07:00:00.000Z',
        sla_minutes_left: 120,
        sla_since: '2026-11-19T07:00:00.000Z',
        breached: null,
        consumers: ['sales_dashboard', 'finance_close'],
        revenue_per_hour: 500,
        runbook: 'https://wiki.example.com/orders',
        channel: '#sales-data',
        environment: null,
      },
    },
  ])
})

test.each<[Category, string]>([
  ['freshness', '2026-11-20T07:00:00.000Z'],
  ['schema_change', '2026-11-21T07:00:00.000Z'],
])('three hours behind the deadline, %s is about %s', async (category, deadline) => {
  const [entry] = await gather(orders, '2026-11-20T10:00:00Z', category)
  expect(entry?.data).toMatchObject({ sla_deadline: deadline })
})

describe('what stands around an asset', () => {
  const world = `
assets:
  - { name: raw.orders, kind: table, tier: 2, owner: ingest, dag: Load.Orders }
  - { name: raw.items, kind: table, tier: 3, dag: Load.Orders }
  - { name: dwh.orders, kind: table, tier: 3, upstream: [raw.orders] }
  - { name: board, kind: dashboard, tier: 1, owner: finance, upstream: [dwh.orders], sla: { deadline: '09:00', calendar: weekdays } }
  - { name: staging_board, kind: dashboard, tier: 1, environment: staging, upstream: [dwh.orders], sla: { minutes: 5 } }
`
  const ask = async (asset: Asset, below: string[] = []) => {
    const file = join(folder, 'world')
    await mkdir(file, { recursive: true })
    await writeFile(join(file, 'catalog.yaml'), world)
    const context = contextOf(catalog, { DIM_CONFIG_DIR: file })
    const lineage = async () => ({ up: new Map(), down: new Map(below.map((name) => [name, 1])) })
    const now = new Date('2026-11-20T05:00:00Z')
    const question = { asset, category: 'freshness' as const, environment: 'production', alerts: [], now }
    return catalog.gather(question, { ...context, library: { ...context.library, lineage } })
  }

  test('the promises below it, however far, and the DAG that makes it', async () => {
    const [own, made, board, ...more] = await ask({ kind: 'table', name: 'raw.orders' })
    expect(own?.data).toMatchObject({ asset: 'raw.orders' })
    expect(made).toMatchObject({
      kind: 'lineage',
      data: { leads: [{ kind: 'dag', native: { dag_id: 'Load.Orders' } }] },
    })
    expect(board).toMatchObject({
      summary:
        'board, made from raw.orders, is tier 1, owned by finance, promised by 09:00 UTC on mon, tue, wed, thu, fri, 4 h left.',
      data: { asset: 'board', below: 'raw.orders', sla_minutes_left: 240 },
    })
    expect(more).toEqual([])
  })

  test('what a DAG makes', async () => {
    const [made] = await ask({ kind: 'dag', name: 'load.orders', native: { dag_id: 'Load.Orders' } })
    expect(made?.data.leads).toMatchObject([{ name: 'raw.orders' }, { name: 'raw.items' }])
  })

  test('the lineage that the store keeps goes on where dbt ends', async () => {
    const [board] = await ask({ kind: 'table', name: 'elsewhere' }, ['dwh.orders'])
    expect(board?.data).toMatchObject({ asset: 'board', below: 'elsewhere' })
  })
})

test('what has no entry gives none', async () => {
  expect(await gather({ kind: 'table', name: 'prod.sales.order_lines' }, '2026-11-20T05:00:00Z')).toEqual([])
})

test('load that is known, and maintenance that is open', async () => {
  const alertWith = (value: number): Alert => {
    const fact: AlertFact = { kind: 'metric', summary: 'memory', data: { name: 'memory_used_percent', value } }
    return exampleAlert({ asset: worker, facts: [fact] })
  }
  const kinds = async (value: number, now: string) =>
    (await gather(worker, now, 'resource', [alertWith(value)])).map(({ kind }) => kind)
  expect(await kinds(85, '2026-11-22T03:20:00Z')).toEqual(['catalog_entry', 'metric', 'maintenance'])
  expect(await kinds(95, '2026-11-22T06:00:00Z')).toEqual(['catalog_entry'])
  const [, metric] = await gather(worker, '2026-11-22T03:20:00Z', 'resource', [alertWith(85)])
  expect(metric?.data).toEqual({ name: 'memory_used_percent', value: 85, baseline_max: 90, pattern: 'weekly batch' })
})

test('without a file it is not configured', () => {
  expect(catalog.fromSettings({ DIM_CONFIG_DIR: join(folder, 'nowhere') })).toBeNull()
  expect(catalog.fromSettings({ DIM_CONFIG_DIR: folder })).not.toBeNull()
})

test('the example that ships is valid and holds what the scenarios speak of', async () => {
  const example = await readYamlFile(join(import.meta.dirname, '..', '..', 'config', 'catalog.yaml'), Catalog)
  const names = example.assets.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['prod.analytics.customer_events', 'worker-3', 'daily_elt_pipeline']))
  expect(new Set(names).size).toBe(names.length)
})
