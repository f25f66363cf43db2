import { expect, test } from 'vitest'
import { Catalog } from './catalog.ts'
import { canonicalEdges, catalogLineage } from './lineage.ts'

test('a catalogue tells what its entries are made from, and which entries read them', () => {
  const catalog = Catalog.parse({
    assets: [
      { name: 'Load_Orders', kind: 'dag', tier: 1, consumers: ['shop.public.ORDERS', 'the finance team'] },
      { name: 'shop.public.orders', kind: 'table', tier: 1, upstream: ['load_orders', 's3://landing/orders'] },
      { name: 'revenue', kind: 'dashboard', tier: 2, upstream: ['Shop.Public.Orders', 'revenue'] },
    ],
  })
  expect(catalogLineage(catalog)).toEqual([
    { upstream: 'load_orders', downstream: 'shop.public.orders' },
    { upstream: 's3://landing/orders', downstream: 'shop.public.orders' },
    { upstream: 'shop.public.orders', downstream: 'revenue' },
  ])
})

test('an edge without a name at one end says nothing', () => {
  expect(canonicalEdges([{ upstream: ' ', downstream: 'a' }])).toEqual([])
})
