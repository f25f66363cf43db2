import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTime } from './time.ts'

describe('readTime', () => {
  it.each([
    ['2026-11-20T07:40:00Z', '2026-11-20T07:40:00.000Z'],
    ['2026-11-20T07:40:00.123456789Z', '2026-11-20T07:40:00.123Z'],
    ['2026-11-20T07:40:00+02:00', '2026-11-20T05:40:00.000Z'],
    ['2026-11-20T07:40:00.5-0530', '2026-11-20T13:10:00.500Z'],
    ['2026-11-20T07:40:00+01.00', '2026-11-20T06:40:00.000Z'],
    ['2026-11-20 07:40:00.26 +0000 UTC m=+1.5', '2026-11-20T07:40:00.260Z'],
    ['2026-11-20 07:40:00', '2026-11-20T07:40:00.000Z'],
    ['2026/11/20 7:40 PM', '2026-11-20T19:40:00.000Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026.11.20', '2026-11-20T00:00:00.000Z'],
    ['12:51:50 on 2026.11.20', '2026-11-20T12:51:50.000Z'],
    ['11/20/2026 02:15:41 AM UTC', '2026-11-20T02:15:41.000Z'],
    ['11/20/2026 12:15:41 AM', '2026-11-20T00:15:41.000Z'],
    ['20/11/2026 14:15', '2026-11-20T14:15:00.000Z'],
    ['20.11.2026 14:15', '2026-11-20T14:15:00.000Z'],
    ['Fri, 20 Nov 2026 07:40:00 GMT', '2026-11-20T07:40:00.000Z'],
    ['Fri Nov 20 07:40:00 UTC 2026', '2026-11-20T07:40:00.000Z'],
    ['Nov 20, 2026 4:12:29 PM', '2026-11-20T16:12:29.000Z'],
    [1795160400, '2026-11-20T07:40:00.000Z'],
    [1795160400123, '2026-11-20T07:40:00.123Z'],
    ['1795160400123456', '2026-11-20T07:40:00.123Z'],
    ['1795160400123456789', '2026-11-20T07:40:00.123Z'],
    ['1795160400.5', '2026-11-20T07:40:00.500Z'],
  ])('%j is %s', (value, instant) => {
    expect(readTime(value)).toBe(instant)
  })

  it.each([
    '',
    'yesterday',
    'worker 3',
    'May I ask',
    '0001-01-01T00:00:00Z',
    '1970-01-01T00:00:00Z',
    '2026-13-45T99:99:99Z',
    '11/32/2026',
    '9999-12-31T23:59:59Z',
    0,
    -1,
    1e308,
    Number.NaN,
    12,
    null,
    undefined,
    true,
    {},
    '2026-11-20 '.repeat(20),
  ])('%j is none', (value) => {
    expect(readTime(value)).toBeNull()
  })

  it('reads back what it writes, and never throws', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1990-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }),
        (date) => {
          expect(readTime(date.toISOString())).toBe(date.toISOString())
          expect(readTime(date.toUTCString())).toBe(new Date(Math.floor(date.getTime() / 1000) * 1000).toISOString())
        },
      ),
    )
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string(), fc.double()), (value) => {
        const instant = readTime(value)
        if (instant !== null) expect(new Date(instant).toISOString()).toBe(instant)
      }),
    )
  })
})
