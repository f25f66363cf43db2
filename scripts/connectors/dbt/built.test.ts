import { expect, test } from 'vitest'
import { dbtManifest, dbtModel } from '../../../tests/support/dbt-project.ts'
import { builtOtherwise, dbtChanges } from '../../domain/dbt.ts'
import { AppError } from '../../lib/errors.ts'
import type { Artifacts } from './artifacts.ts'
import { readProject } from './built.ts'

const id = 'model.shop.fct_revenue'
const declared = (columns: Record<string, string | null>) =>
  dbtManifest([
    dbtModel('fct_revenue', [], {
      columns: Object.fromEntries(Object.entries(columns).map(([name, data_type]) => [name, { name, data_type }])),
    }),
  ])
/** As dbt 1.11 writes it. */
const catalogOf = (types: Record<string, string>, generated_at = '2026-11-20T06:10:00Z') => ({
  metadata: { dbt_schema_version: 'https://schemas.getdbt.com/dbt/catalog/v1.json', generated_at },
  nodes: {
    [id]: {
      unique_id: id,
      metadata: {
        type: 'BASE TABLE',
        schema: 'main',
        name: 'FCT_REVENUE',
        database: 'SHOP',
        comment: null,
        owner: null,
      },
      columns: Object.fromEntries(
        Object.entries(types).map(([name, type], index) => [name, { name, type, index, comment: null }]),
      ),
      stats: {},
    },
  },
  sources: {},
  errors: null,
})

function left(manifest: unknown, catalog: unknown): Artifacts {
  return {
    async read(file) {
      if (file === 'manifest.json') return manifest
      if (catalog instanceof Error) throw catalog
      return catalog
    },
    stamp: async () => '',
    origin: async () => null,
  }
}
const nodeOf = async (manifest: unknown, catalog: unknown) => {
  const node = (await readProject(left(manifest, catalog)))?.nodes[0]
  if (!node) throw new Error('There is no node.')
  return node
}

test('a node has the columns that were built, next to those that it declares', async () => {
  const node = await nodeOf(
    declared({ id: 'bigint', amount: 'numeric(10,2)', tax: null, at: 'timestamp', place: 'geography' }),
    catalogOf({ ID: 'NUMBER(38,0)', AMOUNT: 'TEXT', AT: 'TIMESTAMP_NTZ', PLACE: 'VARCHAR', MORE: 'DATE' }),
  )
  expect(node.built).toEqual({
    at: '2026-11-20T06:10:00Z',
    columns: { id: 'NUMBER(38,0)', amount: 'TEXT', at: 'TIMESTAMP_NTZ', place: 'VARCHAR', more: 'DATE' },
  })
  // Names of one kind of type are alike, and of what has no known kind nothing is claimed.
  expect(builtOtherwise(node)).toEqual([
    'amount is TEXT and declared as numeric(10,2)',
    'tax is declared and not there',
  ])
})

test.each<[string, unknown]>([
  ['not there', null],
  ['of another shape', { nodes: 7 }],
  ['not to be seen', new AppError('E_HTTP_STATUS', 'It answered 403.', '')],
])('without a catalogue, as it is %s, all else is known', async (_, catalog) => {
  const node = await nodeOf(declared({ tax: null }), catalog)
  expect(node).toMatchObject({ id, built: null, columns: { tax: null } })
  expect(builtOtherwise(node)).toEqual([])
})

test('that it takes too long is told', async () => {
  const late = new AppError('E_HTTP_TIMEOUT', 'No answer.', '')
  await expect(readProject(left(declared({}), late))).rejects.toBe(late)
})

test('another catalogue is another version of the project, and tells what became of columns', async () => {
  const manifest = declared({})
  const first = catalogOf({ id: 'integer', amount: 'numeric', tax: 'numeric' })
  const then = catalogOf({ id: 'text', amount: 'numeric', total: 'numeric' }, '2026-11-21T06:10:00Z')
  const versions = await Promise.all(
    [first, first, then].map(async (one) => (await readProject(left(manifest, one)))?.version),
  )
  expect([versions[0] === versions[1], versions[1] === versions[2]]).toEqual([true, false])
  const built = { what: 'column', of: 'built' }
  const [before, after] = [await nodeOf(manifest, first), await nodeOf(manifest, then)]
  expect(dbtChanges(before, after)).toEqual([
    { ...built, change: 'type_changed', column: 'id', before: 'integer', after: 'text' },
    { ...built, change: 'dropped', column: 'tax', before: 'numeric', after: null },
    { ...built, change: 'added', column: 'total', before: null, after: 'numeric' },
  ])
  // Looked at for the first time, or no more, is no change.
  expect(dbtChanges(await nodeOf(manifest, null), after)).toEqual([])
  expect(dbtChanges(before, await nodeOf(manifest, null))).toEqual([])
})
