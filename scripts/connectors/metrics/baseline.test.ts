import { expect, test } from 'vitest'
import { compareSeries, type Series } from './baseline.ts'
import type { Condition } from './expression.ts'

const series = (values: readonly number[], labels: Record<string, string> = {}): Series => ({ labels, values })
const above = { operator: '>', limit: 90 } as const
const below = { operator: '<', limit: 5 } as const

test.each<[string, number, number[][], Condition | null, boolean | null]>([
  ['as high as every week', 95, [[50, 96], [40, 95], [99], [97]], above, true],
  ['a bit higher than ever', 100.5, [[50, 96], [40, 95], [99], [97]], above, true],
  ['far higher than ever', 120, [[50, 96], [40, 95], [99], [97]], above, false],
  ['as high as on one bad day', 95, [[50], [99], [40], [51]], above, false],
  ['as high as in two of four', 95, [[96], [99], [40], [51]], above, false],
  ['high, and nothing is known of before', 95, [], above, null],
  ['high, and one week is known', 95, [[96]], above, null],
  ['no longer high', 60, [[96], [99], [95]], above, null],
  ['as low as every week', 3, [[2, 80], [1, 60], [3]], below, true],
  ['lower than ever', -30, [[2, 80], [1, 60], [3]], below, false],
  ['low, and never before', 3, [[70], [80], [60], [75]], below, false],
  ['down as never before', 0, [[1], [1], [1], [1]], { operator: '==', limit: 0 }, false],
  ['down as every week', 0, [[1, 0], [0], [0, 1]], { operator: '==', limit: 0 }, true],
  ['another number than ever, which differs as always', 7, [[5], [6], [5]], { operator: '!=', limit: 1 }, true],
  [
    'without a limit, in what every week had',
    7,
    [
      [5, 8],
      [6, 9],
      [5, 7],
      [1, 9],
    ],
    null,
    true,
  ],
  [
    'without a limit, where most weeks had nothing',
    7,
    [
      [5, 8],
      [6, 9],
    ],
    null,
    false,
  ],
])('%s', (_, value, past, condition, isKnown) => {
  const weeks = past.map((values) => [series(values)])
  const [compared] = compareSeries([series([value])], weeks, { labels: {}, condition })
  expect(compared).toMatchObject({ value, isKnown, weeks: past.length })
})

test('a series is held against its own past, and against that of all where its name is new', () => {
  const past = [[series([10], { pod: 'a' }), series([90], { pod: 'b' })]]
  const about = { labels: {}, condition: null }
  const [own] = compareSeries([series([1], { pod: 'a' })], past, about)
  expect(own).toMatchObject({ mean: 10, max: 10, min: 10 })
  const [renamed] = compareSeries([series([1], { pod: 'c' })], past, about)
  expect(renamed).toMatchObject({ mean: 50, max: 90, min: 10 })
})

test('an expression of many series takes neither long nor fails', () => {
  const of = (value: number) =>
    Array.from({ length: 15_000 }, (_, index) => series([value, value], { pod: `p${index}` }))
  const compared = compareSeries(of(95), [of(96), of(97), of(98), of(99)], { labels: {}, condition: above })
  expect(compared).toHaveLength(200)
  expect(compared[0]).toMatchObject({ max: 99, min: 96, isKnown: true })
  const renamed = compareSeries(
    [series([91]), ...of(95).map(({ values }, index) => series(values, { pod: `new${index}` }))],
    [of(96), of(97), of(98), of(99)],
    { labels: {}, condition: above },
  )
  expect(renamed[0]).toMatchObject({ value: 95, mean: 97.5, max: 99 })
})

test('what is not usual comes first, and what is gone is without a value', () => {
  const past = [[series([95], { host: 'a' }), series([40], { host: 'b' })]]
  const weeks = [...past, ...past, ...past]
  const now = [series([94], { host: 'a' }), series([94], { host: 'b' })]
  const compared = compareSeries(now, weeks, { labels: {}, condition: above })
  expect(compared.map(({ labels, isKnown }) => [labels.host, isKnown])).toEqual([
    ['b', false],
    ['a', true],
  ])
  expect(compareSeries([], past, { labels: { host: 'a' }, condition: above })).toMatchObject([
    { value: null, mean: 95 },
  ])
  expect(compareSeries([], [[], []], { labels: {}, condition: above })).toEqual([])
})
