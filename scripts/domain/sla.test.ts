import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deadlineToday, isTimeZone, nearestDeadline, nextDeadline } from './sla.ts'

test.each([
  ['summer time', '2026-07-01T03:00:00Z', '08:00', 'Europe/Berlin', '2026-07-01T06:00:00.000Z'],
  ['winter time', '2026-11-20T03:00:00Z', '08:00', 'Europe/Berlin', '2026-11-20T07:00:00.000Z'],
  ['already past', '2026-11-20T21:00:00Z', '08:00', 'Europe/Berlin', '2026-11-20T07:00:00.000Z'],
  ['the day is the zone’s, not UTC’s', '2026-11-20T23:30:00Z', '08:00', 'Asia/Tokyo', '2026-11-20T23:00:00.000Z'],
  ['the day before in the west', '2026-11-20T03:00:00Z', '18:00', 'America/Los_Angeles', '2026-11-20T02:00:00.000Z'],
  [
    'the morning that the clock goes forward',
    '2026-03-29T00:30:00Z',
    '08:00',
    'Europe/Berlin',
    '2026-03-29T06:00:00.000Z',
  ],
  ['an hour that does not exist', '2026-03-29T00:30:00Z', '02:30', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
  [
    'the morning that the clock goes back',
    '2026-10-25T00:30:00Z',
    '08:00',
    'Europe/Berlin',
    '2026-10-25T07:00:00.000Z',
  ],
  ['an hour that comes twice', '2026-10-25T00:10:00Z', '02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
  [
    'an hour that comes twice, asked late',
    '2026-10-25T20:00:00Z',
    '02:30',
    'Europe/Berlin',
    '2026-10-25T00:30:00.000Z',
  ],
  ['before the change in New York', '2026-03-08T05:30:00Z', '01:59', 'America/New_York', '2026-03-08T06:59:00.000Z'],
  ['a quarter-hour zone', '2026-11-20T00:00:00Z', '06:00', 'Asia/Kathmandu', '2026-11-20T00:15:00.000Z'],
  ['midnight', '2026-11-20T12:00:00Z', '00:00', 'UTC', '2026-11-20T00:00:00.000Z'],
])('%s', (_, now, time, zone, expected) => {
  expect(deadlineToday(new Date(now), time, zone).toISOString()).toBe(expected)
})

test.each([
  ['in the morning', '2026-11-20T05:00:00Z', '2026-11-20T07:00:00.000Z', '2026-11-20T07:00:00.000Z'],
  ['just missed', '2026-11-20T09:00:00Z', '2026-11-20T07:00:00.000Z', '2026-11-21T07:00:00.000Z'],
  ['the night before', '2026-11-20T22:00:00Z', '2026-11-21T07:00:00.000Z', '2026-11-21T07:00:00.000Z'],
  ['on a day of 25 hours', '2026-10-24T22:30:00Z', '2026-10-25T07:00:00.000Z', '2026-10-25T07:00:00.000Z'],
])('nearest and next: %s', (_, now, nearest, next) => {
  expect(nearestDeadline(new Date(now), '08:00', 'Europe/Berlin').toISOString()).toBe(nearest)
  expect(nextDeadline(new Date(now), '08:00', 'Europe/Berlin').toISOString()).toBe(next)
})

test('is within the day around any instant, whatever the zone', () => {
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia')
  const times = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  const years = fc.date({ min: new Date('2015-01-01'), max: new Date('2035-01-01'), noInvalidDate: true })
  fc.assert(
    fc.property(years, times, zones, (now, [hour, minute], zone) => {
      const time = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`
      const away = Math.abs(deadlineToday(now, time, zone).getTime() - now.getTime())
      expect(away).toBeLessThanOrEqual(25 * 3_600_000)
      const next = nextDeadline(now, time, zone).getTime() - now.getTime()
      expect(next).toBeGreaterThanOrEqual(0)
      expect(next).toBeLessThanOrEqual(49 * 3_600_000)
    }),
  )
})

test('knows zones', () => {
  expect(['Europe/Berlin', 'UTC'].every(isTimeZone)).toBe(true)
  expect(['Europe/Berlim', '', 'CEST?'].some(isTimeZone)).toBe(false)
})
