import { describe, expect, it } from 'vitest'
import { findLeaf, leavesOf, ranked } from './leaves.ts'

const keysOf = (document: unknown) => leavesOf(document).map(({ key, text }) => `${key}=${text}`)

describe('leavesOf', () => {
  it('gives outer scalars before inner ones, with plain keys and the path as written', () => {
    const leaves = leavesOf({ outer: { Inner_Key: 1 }, Top: 'x', none: null, empty: '' })
    expect(leaves.map(({ key, path, parents }) => ({ key, path, parents }))).toEqual([
      { key: 'top', path: 'Top', parents: [] },
      { key: 'innerkey', path: 'outer.Inner_Key', parents: ['outer'] },
    ])
  })

  it('reads names with values and tags as what they name', () => {
    expect(
      keysOf({
        fields: [
          { title: 'Host Name', value: 'db-1' },
          { name: 'BucketName', value: 7 },
        ],
      }),
    ).toEqual(['hostname=db-1', 'bucketname=7'])
    expect(keysOf({ tags: ['env:prod', 'plain'] })).toEqual(['env=prod', 'tags=plain'])
    expect(keysOf({ tags: 'env:prod, host=db-1' })).toEqual(['env=prod', 'host=db-1'])
  })

  it('is bounded', () => {
    expect(leavesOf(Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`k${n}`, n])))).toHaveLength(2000)
    expect(leavesOf({ list: Array.from({ length: 500 }, () => 'x') })).toHaveLength(20)
  })
})

describe('findLeaf', () => {
  const names = ranked('title name\nmessage')

  it('prefers earlier names, outer leaves, and what is not said of a person', () => {
    const text = (document: unknown) => findLeaf(leavesOf(document), names)?.text
    expect(text({ message: 'm', name: 'n', title: 't' })).toBe('t')
    expect(text({ message: 'm', data: { title: 't' } })).toBe('m')
    expect(text({ user: { title: 't' }, data: { inner: { message: 'm' } } })).toBe('m')
    expect(text({ other: 1 })).toBeUndefined()
  })
})
