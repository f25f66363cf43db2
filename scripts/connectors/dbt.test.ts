import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dbtManifest, dbtModel, shop, writeArtifacts } from '../../tests/support/dbt-project.ts'
import { contextOf } from '../../tests/support/systems.ts'
import type { Asset } from '../domain/alert.ts'
import { Evidence, type EvidenceKind } from '../domain/evidence.ts'
import { dbt } from './dbt.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dim-dbt-'))
  await writeArtifacts(folder, shop())
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const now = new Date('2026-11-20T08:00:00Z')
const table = (name: string): Asset => ({ kind: 'table', name })

async function ask(asset: Asset, more: { isLead?: boolean; text?: string } = {}) {
  const question = { asset, category: 'data_quality' as const, environment: null, alerts: [], now, ...more }
  const drafts = await dbt.gather(question, contextOf(dbt, { DBT_ARTIFACTS: folder }))
  for (const [index, draft] of drafts.entries()) Evidence.parse({ ...draft, id: `ev_${index + 1}` })
  return drafts
}

const data = (drafts: Awaited<ReturnType<typeof ask>>, kind: EvidenceKind) =>
  drafts.filter((draft) => draft.kind === kind).map((draft) => draft.data)

describe('what a table that a model builds is told of', () => {
  test('that it was not built as it is declared', async () => {
    const columns = { id: { name: 'id', data_type: 'int' }, tax: { name: 'tax', data_type: null } }
    const manifest = dbtManifest([dbtModel('fct_revenue', [], { columns })])
    await writeArtifacts(folder, { ...shop(), manifest })
    const entry = { metadata: {}, stats: {}, columns: { id: { name: 'id', type: 'text', index: 1, comment: null } } }
    const catalog = {
      metadata: { generated_at: '2026-11-20T06:10:00Z' },
      nodes: { 'model.shop.fct_revenue': entry },
      sources: {},
    }
    await writeFile(join(folder, 'catalog.json'), JSON.stringify(catalog))
    const [lineage] = (await ask(table('fct_revenue'))).filter(({ kind }) => kind === 'lineage')
    expect(lineage).toMatchObject({
      summary: expect.stringContaining(
        'As of 2026-11-20T06:10:00Z it is not what dbt declares: id is text and declared as int; tax is declared and not there.',
      ),
      data: { columns: 1, columns_at: '2026-11-20T06:10:00Z' },
    })
    expect((await dbt.check(contextOf(dbt, { DBT_ARTIFACTS: folder }))).missingRights).toEqual([])
    await truncate(join(folder, 'catalog.json'), 20)
    expect((await dbt.check(contextOf(dbt, { DBT_ARTIFACTS: folder }))).missingRights).toEqual([
      expect.stringMatching(/^catalog\.json can not be read/),
    ])
  })

  test('the test that failed above it, with column, rows and condition', async () => {
    expect(data(await ask(table('shop.main.fct_revenue')), 'dbt_test')).toEqual([
      {
        unique_id: 'test.shop.not_null_stg_orders_amount',
        status: 'fail',
        failures: 3,
        column: 'amount',
        message: 'Got 3 results, configured to fail if != 0',
        severity: 'error',
        condition: 'select amount from "Shop"."main"."stg_orders" where amount is null',
        table: 'Shop.main.stg_orders',
      },
    ])
  })

  test('how its own build ended', async () => {
    expect(data(await ask(table('shop.main.fct_revenue')), 'dbt_model')).toMatchObject([
      { unique_id: 'model.shop.fct_revenue', status: 'skipped', owner: 'Finance Data', table: 'Shop.main.fct_revenue' },
    ])
  })

  test('which source above it is late', async () => {
    expect(data(await ask(table('shop.main.fct_revenue')), 'source_freshness')).toMatchObject([
      { source: 'shop.raw.orders', age_hours: 48, warn_after_hours: 12, error_after_hours: 24, status: 'error' },
    ])
  })

  test('what it is made from, what it feeds, who reads that', async () => {
    expect(data(await ask(table('shop.main.stg_orders')), 'lineage')).toEqual([
      {
        upstream: ['shop.raw.orders'],
        downstream: ['shop.main.fct_revenue'],
        exposures: ['revenue'],
        exposure_owners: ['CFO office'],
      },
    ])
  })

  test('owner, tier and channel as dbt names them', async () => {
    expect(data(await ask(table('shop.main.fct_revenue')), 'catalog_entry')).toEqual([
      {
        asset: 'shop.main.fct_revenue',
        owner: 'Finance Data',
        tier: 1,
        channel: 'fin-data',
        consumers: ['revenue'],
      },
      {
        asset: 'revenue',
        owner: 'CFO office',
        tier: null,
        channel: null,
        consumers: [],
        below: 'shop.main.fct_revenue',
      },
    ])
  })

  test('what dbt’s meta promises of it, and of what reads it', async () => {
    const { manifest, ...others } = shop()
    const sla = { deadline: '10:00', zone: 'Europe/Berlin', calendar: 'weekdays' }
    const exposures = Object.values(Object(manifest.exposures)).map((one) => ({ ...Object(one), meta: { sla } }))
    await writeArtifacts(folder, { ...others, manifest: { ...manifest, exposures: { board: exposures[0] } } })
    const entries = data(await ask(table('shop.main.fct_revenue')), 'catalog_entry')
    expect(entries).toMatchObject([
      { asset: 'shop.main.fct_revenue' },
      { asset: 'revenue', owner: 'CFO office', sla_deadline: '2026-11-20T09:00:00.000Z', sla_minutes_left: 60 },
    ])
    expect(entries[0]).not.toHaveProperty('sla_deadline')
  })

  test('which DAG builds it, as its meta says: that is asked about next', async () => {
    await inDag('Shop.Daily')
    const [lineage] = (await ask(table('shop.main.fct_revenue'))).filter(({ kind }) => kind === 'lineage')
    expect(lineage?.summary).toBe(
      'fct_revenue is made from 2 and feeds 0, read by revenue of CFO office, built by the DAG Shop.Daily.',
    )
    expect(lineage?.data).toMatchObject({
      built_by: 'Shop.Daily',
      leads: [{ kind: 'dag', name: 'shop.daily', native: { dag_id: 'Shop.Daily' } }],
    })
  })
})

test.each<[string, Asset]>([
  ['its relation', table('shop.main.fct_revenue')],
  ['schema and table', table('main.fct_revenue')],
  ['its own name', { kind: 'model', name: 'fct_revenue' }],
  ['its unique id', { kind: 'model', name: 'model.shop.fct_revenue' }],
  [
    'a native id beside another name',
    { kind: 'model', name: 'revenue facts', native: { unique_id: 'model.shop.fct_revenue' } },
  ],
])('a node is found by %s', async (_, asset) => {
  expect(data(await ask(asset), 'dbt_model')).toMatchObject([{ unique_id: 'model.shop.fct_revenue' }])
})

/** The project as it is when its models say which DAG runs them. */
async function inDag(dag_id: string) {
  const { manifest, ...others } = shop()
  const nodes = Object.values(Object(manifest.nodes)).map((one) => ({ ...Object(one), config: { meta: { dag_id } } }))
  const keyed = Object.fromEntries(nodes.map((node) => [node.unique_id, node]))
  await writeArtifacts(folder, { ...others, manifest: { ...manifest, nodes: keyed } })
}

describe('a DAG', () => {
  const dag = (dag_id: string): Asset => ({ kind: 'dag', name: dag_id.toLowerCase(), native: { dag_id } })

  test('that runs the project is told what failed in it, and whom that reaches', async () => {
    await inDag('Shop.Daily')
    const drafts = await ask({ kind: 'task', name: 'shop.daily.build', native: { dag_id: 'Shop.Daily' } })
    expect(data(drafts, 'dbt_test')).toContainEqual(
      expect.objectContaining({ unique_id: 'test.shop.not_null_stg_orders_amount', table: 'Shop.main.stg_orders' }),
    )
    expect(data(drafts, 'source_freshness')).toContainEqual(expect.objectContaining({ source: 'shop.raw.orders' }))
    expect(data(drafts, 'lineage')).toContainEqual(
      expect.objectContaining({ downstream: ['shop.main.fct_revenue'], exposure_owners: ['CFO office'] }),
    )
  })

  test('that runs something else, or a project that is well, is told nothing', async () => {
    await inDag('Shop.Daily')
    expect(await ask(dag('other'))).toEqual([])
    const { runResults, sources } = shop()
    await writeFile(join(folder, 'run_results.json'), JSON.stringify({ ...runResults, results: [] }))
    await writeFile(join(folder, 'sources.json'), JSON.stringify({ ...sources, results: [] }))
    // Nor need its project be read.
    await rm(join(folder, 'manifest.json'))
    expect(await ask(dag('Shop.Daily'))).toEqual([])
  })
})

test('a test that a log names leads to what it looks at', async () => {
  const named = await ask({ kind: 'model', name: 'not_null_stg_orders_amount' })
  expect(data(named, 'dbt_test')).toMatchObject([{ column: 'amount', table: 'Shop.main.stg_orders' }])
  expect(data(named, 'lineage')).toMatchObject([{ exposures: ['revenue'] }])
})

test('a source is found as dbt names it', async () => {
  expect(data(await ask({ kind: 'source', name: 'raw.orders' }), 'source_freshness')).toHaveLength(1)
})

test('a model that dbt does not know is no answer, and a table may well be none of its own', async () => {
  await expect(ask({ kind: 'model', name: 'nothing' })).rejects.toMatchObject({ code: 'E_ASSET_UNKNOWN' })
  expect(await ask(table('shop.main.nothing'))).toEqual([])
})

test('`dbt docs generate` has overwritten the results: they are not believed', async () => {
  const { runResults } = shop()
  await writeFile(join(folder, 'run_results.json'), JSON.stringify({ ...runResults, args: { which: 'generate' } }))
  const kinds = (await ask(table('shop.main.stg_orders'))).map(({ kind }) => kind)
  expect(kinds).not.toContain('dbt_model')
  expect(kinds).toContain('lineage')
})

test('without results and freshness there is still lineage', async () => {
  await rm(join(folder, 'run_results.json'))
  await rm(join(folder, 'sources.json'))
  expect((await ask(table('shop.main.stg_orders'))).map(({ kind }) => kind)).toEqual([
    'lineage',
    'catalog_entry',
    'catalog_entry',
  ])
})

describe('artifacts that can not be read', () => {
  const broken: [string, () => Promise<unknown>, RegExp][] = [
    ['no manifest', () => rm(join(folder, 'manifest.json')), /no manifest/],
    ['a manifest that is cut off', () => truncate(join(folder, 'manifest.json'), 500), /cut off/],
    ['results that are cut off', () => truncate(join(folder, 'run_results.json'), 100), /cut off/],
    ['results of another shape', () => writeFile(join(folder, 'run_results.json'), '{"rows":[]}'), /shape/],
    ['a manifest of another version', () => rewrite('manifest/v7.json'), /v7\.json; known are versions 11 and 12/],
    ['what is no manifest', () => writeFile(join(folder, 'manifest.json'), '[1]'), /shape/],
  ]
  const rewrite = (version: string) =>
    writeFile(
      join(folder, 'manifest.json'),
      JSON.stringify({ ...shop().manifest, metadata: { dbt_schema_version: version, generated_at: '' } }),
    )

  test.each(broken)('%s', async (_, arrange, reason) => {
    await arrange()
    await expect(ask(table('shop.main.fct_revenue'))).rejects.toMatchObject({
      code: 'E_HTTP_ANSWER',
      message: expect.stringMatching(reason),
      hint: expect.stringMatching(/./),
    })
  })

  test('a node of another shape costs the others nothing', async () => {
    const { manifest } = shop()
    const nodes = { ...Object(manifest.nodes), x: { unique_id: 7 }, y: null, __proto__x: 'z' }
    await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, nodes }))
    expect(data(await ask(table('shop.main.fct_revenue')), 'dbt_model')).toHaveLength(1)
  })
})

test('its lightest question says which project it is, and what is missing', async () => {
  const context = contextOf(dbt, { DBT_ARTIFACTS: folder })
  expect(await dbt.check(context)).toEqual({ version: 'shop of 2026-11-20T06:00:00.000000Z', missingRights: [] })
  await rm(join(folder, 'run_results.json'))
  expect(await dbt.check(context)).toMatchObject({ missingRights: [expect.stringContaining('run_results.json')] })
})
