import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judge, summarize } from './statistics.ts'

const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 60 })

describe('summarize', () => {
  it('takes the middle, and lies between two values in proportion', () => {
    expect(summarize([30, 10, 20]).median).toBe(20)
    expect(summarize([1, 2, 3, 4]).median).toBe(2.5)
    const hundred = Array.from({ length: 101 }, (_, index) => index)
    expect(summarize(hundred)).toEqual({ runs: 101, median: 50, p90: 90, p95: 95, lowest: 0, highest: 100 })
  })

  it('sorts by size and not by digits', () => {
    expect(summarize([100, 9, 20])).toMatchObject({ median: 20, lowest: 9, highest: 100 })
  })

  it('is one value when there is one', () => {
    expect(summarize([7])).toEqual({ runs: 1, median: 7, p90: 7, p95: 7, lowest: 7, highest: 7 })
  })

  it('refuses what was not measured', () => {
    expect(() => summarize([])).toThrow(RangeError)
    expect(() => summarize([1, Number.NaN])).toThrow(RangeError)
  })

  it('keeps the order of its parts, whatever came in, and leaves that as it is', () => {
    fc.assert(
      fc.property(values, (measured) => {
        const before = [...measured]
        const { lowest, median, p90, p95, highest } = summarize(measured)
        const rising = [lowest, median, p90, p95, highest]
        // Between two neighbours the arithmetic of doubles may be off by its last digit.
        const slack = highest * 1e-12
        expect(rising.every((value, index) => value >= (rising[index - 1] ?? 0) - slack)).toBe(true)
        expect([lowest, highest]).toEqual([Math.min(...measured), Math.max(...measured)])
        expect(measured).toEqual(before)
      }),
    )
  })

  it('does not depend on the order of measuring', () => {
    fc.assert(
      fc.property(values, (measured) => {
        expect(summarize(measured.toReversed())).toEqual(summarize(measured))
      }),
    )
  })
})

describe('judge', () => {
  const floor = summarize([40])

  it('says how many times the floor it is, and whether that is within the limit', () => {
    expect(judge(summarize([100]), floor, 2.5)).toEqual({ ratio: 2.5, limit: 2.5, met: true })
    expect(judge(summarize([101]), floor, 2.5)).toMatchObject({ met: false })
  })

  it('leaves open what has no limit', () => {
    expect(judge(summarize([80]), floor, null)).toEqual({ ratio: 2, limit: null, met: null })
  })
})
