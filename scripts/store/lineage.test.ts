import { describe, expect, test } from 'vitest'
import { useTestStore } from '../../tests/support/store.ts'
import { downstreamOf, lineageOf, lineageVersion, replaceLineage, upstreamOf } from './lineage.ts'

const { tenant } = useTestStore()

/** `['a', 'b', 'c']`: a feeds b, b feeds c. */
const chain = (...names: string[]) =>
  names.slice(1).map((downstream, index) => ({ upstream: names[index] ?? '', downstream }))

describe('lineage', () => {
  test('is walked both ways, nearest first, each asset once', async () => {
    const store = tenant()
    await replaceLineage(store, 'catalog', '1', [...chain('raw', 'Stage', 'mart', 'report'), ...chain('raw', 'mart')])
    expect([...(await upstreamOf(store, 'MART'))]).toEqual([
      ['raw', 1],
      ['stage', 1],
    ])
    expect(await downstreamOf(store, 'raw')).toEqual(
      new Map([
        ['stage', 1],
        ['mart', 1],
        ['report', 2],
      ]),
    )
    expect(await downstreamOf(store, 'raw', 1)).toEqual(
      new Map([
        ['stage', 1],
        ['mart', 1],
      ]),
    )
    expect(await lineageOf(store, 'unknown')).toEqual({ up: new Map(), down: new Map() })
  })

  test('with a cycle ends', async () => {
    const store = tenant()
    await replaceLineage(store, 'catalog', '1', chain('a', 'b', 'c', 'a'))
    expect(await lineageOf(store, 'a', 100)).toEqual({
      up: new Map([
        ['c', 1],
        ['b', 2],
      ]),
      down: new Map([
        ['b', 1],
        ['c', 2],
      ]),
    })
  })

  test('is replaced for its origin alone, and written once a version', async () => {
    const store = tenant()
    await replaceLineage(store, 'catalog', '1', chain('a', 'b'))
    expect(await replaceLineage(store, 'dbt:shop', '1', chain('b', 'c'))).toBe(true)
    expect(await replaceLineage(store, 'dbt:shop', '1', chain('x', 'y'))).toBe(false)
    expect(await replaceLineage(store, 'dbt:shop', '2', chain('b', 'd'))).toBe(true)
    expect([...(await downstreamOf(store, 'a')).keys()]).toEqual(['b', 'd'])
    expect(await lineageVersion(store, 'dbt:shop')).toBe('2')
    expect(await lineageVersion(store, 'dbt:other')).toBeNull()
  })

  test('written by many at once is one of theirs, whole', async () => {
    const store = tenant()
    const versions = Array.from({ length: 8 }, (_, index) => `${index}`)
    await Promise.all(versions.map((one) => replaceLineage(store, 'catalog', one, chain('a', `${one}-b`, `${one}-c`))))
    const kept = await lineageVersion(store, 'catalog')
    expect([...(await downstreamOf(store, 'a')).keys()]).toEqual([`${kept}-b`, `${kept}-c`])
  })

  test('is a tenant’s own', async () => {
    await replaceLineage(tenant(), 'catalog', '1', chain('a', 'b'))
    expect(await downstreamOf(tenant(), 'a')).toEqual(new Map())
  })
})
