import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { at, firstText, namesIn, numberOf, textOf, wordsOf } from './value.ts'

describe('at', () => {
  it('walks objects and lists by own keys only', () => {
    const value = { a: [{ b: 1 }], 'x.y': 2 }
    expect(at(value, 'a.0.b')).toBe(1)
    expect([
      at(value, 'a.1.b'),
      at(value, 'constructor.name'),
      at(value, 'a.length.x'),
      at({}, 'toString'),
      at({}, '__proto__'),
      at(null, 'a'),
      at('text', 'length'),
    ]).toEqual(Array(7).fill(undefined))
  })
})

describe('textOf', () => {
  it.each([
    [' a ', 'a'],
    [5, '5'],
    [false, 'false'],
    ['0', '0'],
    ["{{ secret('X') }}", "{{ secret('X') }}"],
  ])('%j is %j', (value, text) => {
    expect(textOf(value)).toBe(text)
  })

  it.each([
    '',
    ' ',
    'null',
    'N/A',
    ['$', '{alert.id}'].join(''),
    '{EVENT.RECOVERY.ID}',
    '{{ name }}',
    '$service',
    '*alertName*',
    '%HOST%',
    '--',
    null,
    undefined,
    {},
    [],
    Number.NaN,
  ])('%j is nothing', (value) => {
    expect(textOf(value)).toBeNull()
  })
})

it('finds the first text', () => {
  expect(firstText({ a: '', b: { c: 'N/A' }, d: 'x' }, ['a', 'b.c', 'd'])).toBe('x')
})

describe('numberOf', () => {
  it('reads numbers as people write them', () => {
    expect([5, '5', ' 93.4 % ', '1,032,190', '-2.5', '1e3', '0'].map(numberOf)).toEqual([
      5, 5, 93.4, 1032190, -2.5, 1000, 0,
    ])
    expect(
      ['', 'Infinity', 'NaN', '5 GB', '1,2', '0x10', null, true, Number.POSITIVE_INFINITY, '9'.repeat(100)].map(
        numberOf,
      ),
    ).toEqual(Array(10).fill(null))
  })
})

it('reads names from lists, objects and lines', () => {
  expect(namesIn(['a', { name: 'b' }, { id: 3 }, {}, null])).toEqual(['a', 'b', '3'])
  expect(namesIn('a, b\nc')).toEqual(['a', 'b', 'c'])
  expect(namesIn(5)).toEqual([])
})

it('splits words at case and punctuation', () => {
  expect(wordsOf('ResolvedCritical ALERT_RECOVERY incident.resolved P1')).toEqual([
    'resolved',
    'critical',
    'alert',
    'recovery',
    'incident',
    'resolved',
    'p1',
  ])
})

it('never throws', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), fc.string(), (value, path) => {
      for (const read of [textOf, numberOf, namesIn]) expect(() => read(value)).not.toThrow()
      expect(() => at(value, path)).not.toThrow()
    }),
  )
})
