import { describe, expect, test } from 'vitest'
import { dbtManifest, dbtModel, shop } from '../../tests/support/dbt-project.ts'
import { useTestStore } from '../../tests/support/store.ts'
import { readManifest } from '../connectors/dbt/manifest.ts'
import { libraryOf } from '../connectors/gathering/library.ts'
import { libraryIn } from '../workflow/library.ts'
import { dbtChangesOf, dbtFiles, dbtNodesNamed, dbtStamp, keepDbtProject } from './dbt.ts'
import { upstreamOf } from './lineage.ts'

const { tenant } = useTestStore()
const project = readManifest(shop().manifest)
const later = (nodes: ReturnType<typeof dbtModel>[], id = 'two') =>
  readManifest(
    dbtManifest(nodes, {
      metadata: {
        dbt_schema_version: 'https://schemas.getdbt.com/dbt/manifest/v11.json',
        generated_at: '2026-11-20T07:00:00Z',
        invocation_id: id,
      },
    }),
  )

describe('a dbt project', () => {
  test('is kept once a version', async () => {
    const store = tenant()
    expect(await dbtStamp(store, 'dbt')).toBeNull()
    expect(await keepDbtProject(store, 'dbt', 'a', project)).toBe(true)
    expect(await keepDbtProject(store, 'dbt', 'b', project)).toBe(false)
    expect(await dbtStamp(store, 'dbt')).toBe('b')
  })

  test('is written by one of two at once', async () => {
    const store = tenant()
    const kept = await Promise.all([1, 2, 3].map(() => keepDbtProject(store, 'dbt', 'a', project)))
    expect(kept.filter(Boolean)).toHaveLength(1)
    expect(await dbtNodesNamed(store, 'dbt', ['fct_revenue'])).toHaveLength(1)
  })

  test('answers from the store what it answers when it was just read', async () => {
    const store = tenant()
    await keepDbtProject(store, 'dbt', 'a', project)
    const [kept, read] = [libraryIn(store).dbt, libraryOf(project)]
    expect(await kept.has('dbt')).toBe(true)
    expect(await kept.has('other')).toBe(false)
    const sorted = <T extends { id: string }>(nodes: T[]) => nodes.toSorted((a, b) => a.id.localeCompare(b.id))
    for (const name of [
      'fct_revenue',
      'MAIN.stg_orders',
      'model.shop.stg_orders',
      'raw.orders',
      'revenue',
      'nothing',
    ]) {
      expect(sorted(await kept.named('dbt', [name]))).toEqual(sorted(await read.named('dbt', [name])))
    }
    for (const { id, name } of project.nodes) {
      expect(await kept.nodes('dbt', [id])).toEqual(await read.nodes('dbt', [id]))
      expect(sorted(await kept.testsOf('dbt', [id]))).toEqual(sorted(await read.testsOf('dbt', [id])))
      const [one, other] = [await kept.lineage('dbt', name), await read.lineage('dbt', name)]
      expect([new Map(one.up), new Map(one.down)]).toEqual([other.up, other.down])
    }
  })

  test('of one instance is not another one', async () => {
    const store = tenant()
    await keepDbtProject(store, 'dbt', 'a', project)
    await keepDbtProject(store, 'dbt_finance', 'a', later([dbtModel('ledger', [])]))
    expect(await dbtNodesNamed(store, 'dbt_finance', ['fct_revenue', 'ledger'])).toMatchObject([
      { id: 'model.shop.ledger' },
    ])
    expect(await upstreamOf(store, 'shop.main.fct_revenue')).toEqual(
      new Map([
        ['shop.main.stg_orders', 1],
        ['shop.raw.orders', 2],
      ]),
    )
  })

  test('names the files of what is called so, whichever instance it is of', async () => {
    const store = tenant()
    await keepDbtProject(store, 'dbt', 'a', project)
    await keepDbtProject(store, 'dbt_finance', 'a', later([dbtModel('ledger', [])]))
    expect(await dbtFiles(store, ['Ledger'])).toEqual(['models/ledger.sql'])
    expect(await dbtFiles(tenant(), ['ledger'])).toEqual([])
  })

  test('of one tenant is nobody else’s', async () => {
    const [own, other] = [tenant(), tenant()]
    await keepDbtProject(own, 'dbt', 'a', project)
    expect(await dbtStamp(other, 'dbt')).toBeNull()
    expect(await dbtNodesNamed(other, 'dbt', ['fct_revenue'])).toEqual([])
  })

  test('remembers what changed: code, declared columns, what is gone', async () => {
    const store = tenant()
    const columns = (types: Record<string, string>) =>
      Object.fromEntries(Object.entries(types).map(([name, data_type]) => [name, { name, data_type }]))
    const before = [dbtModel('a', [], { columns: columns({ id: 'int', amount: 'int' }) }), dbtModel('b', [])]
    await keepDbtProject(store, 'dbt', '1', later(before, 'one'))
    const after = [dbtModel('a', [], { columns: columns({ id: 'text', total: 'int' }), checksum: { checksum: 'new' } })]
    await keepDbtProject(store, 'dbt', '2', later(after, 'two'))
    const found = await dbtChangesOf(store, 'dbt', ['model.shop.a', 'model.shop.b'], new Date(0))
    expect(found.map(({ id, change }) => [id, change])).toEqual(
      expect.arrayContaining([
        ['model.shop.a', { what: 'code', file: 'models/a.sql' }],
        ['model.shop.a', { what: 'column', change: 'type_changed', column: 'id', before: 'int', after: 'text' }],
        ['model.shop.a', { what: 'column', change: 'dropped', column: 'amount', before: 'int', after: null }],
        ['model.shop.a', { what: 'column', change: 'added', column: 'total', before: null, after: 'int' }],
        ['model.shop.b', { what: 'removed', file: 'models/b.sql' }],
      ]),
    )
    expect(found).toHaveLength(5)
  })
})
