import { expect, test } from 'vitest'
import type { Catalog } from './catalog.ts'
import { draftCatalog, type Finding } from './catalog-draft.ts'

const table = (name: string, says: Finding['says'] = {}, because = 'dbt'): Finding => ({
  asset: { kind: 'table', name: name.toLowerCase(), native: { table: name } },
  says,
  because,
})
const nothing: Catalog = { assets: [] }

test('what several systems say of one asset is one entry, where the first to say a thing decides', () => {
  const drafts = draftCatalog(
    [
      table('Shop.main.revenue', { owner: 'finance', tier: 2 }),
      table('main.revenue', { dag: 'Daily', owner: 'airflow-says' }, 'airflow'),
      table('shop.main.revenue', {}, 'postgres: about 7 rows'),
    ],
    nothing,
  )
  expect(drafts).toEqual([
    {
      entry: { name: 'Shop.main.revenue', kind: 'table', tier: 2, owner: 'finance', dag: 'Daily' },
      notes: ['dbt', 'airflow', 'postgres: about 7 rows'],
    },
  ])
})

test('a tier that nobody said is a guess, and says so', () => {
  const [draft] = draftCatalog([table('a.b')], nothing)
  expect(draft?.entry.tier).toBe(3)
  expect(draft?.notes).toEqual(['dbt', expect.stringContaining('tier is a guess')])
})

test('what the catalogue has is left out; the highest tier comes first', () => {
  const catalog: Catalog = { assets: [{ name: 'A.B', kind: 'table', tier: 1 }] }
  const found = [table('a.b'), table('c.low', { tier: 4 }), table('c.high', { tier: 1 }), table('b.high', { tier: 1 })]
  expect(draftCatalog(found, catalog).map(({ entry }) => entry.name)).toEqual(['b.high', 'c.high', 'c.low'])
})

test('namesakes of two systems stay two, and a short name that may mean either joins neither', () => {
  const found = [
    table('shop.raw.orders', { system: 'eu' }),
    table('shop.raw.orders', { system: 'us' }),
    table('raw.orders', { dag: 'Load' }),
  ]
  expect(draftCatalog(found, nothing).map(({ entry }) => entry.system ?? null)).toEqual([null, 'eu', 'us'])
})
