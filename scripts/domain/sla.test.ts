import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Deadline, isTimeZone, lastDeadline, nearestDeadline, nextDeadline, spellDeadline } from './sla.ts'

const weekdays: Deadline['days'] = ['mon', 'tue', 'wed', 'thu', 'fri']
const next = (now: string, promise: Deadline) => nextDeadline(new Date(now), promise)?.toISOString()

test.each([
  ['summer time', '2026-07-01T03:00:00Z', '08:00', 'Europe/Berlin', '2026-07-01T06:00:00.000Z'],
  ['winter time', '2026-11-20T03:00:00Z', '08:00', 'Europe/Berlin', '2026-11-20T07:00:00.000Z'],
  ['already past', '2026-11-20T21:00:00Z', '08:00', 'Europe/Berlin', '2026-11-21T07:00:00.000Z'],
  ['this very minute', '2026-11-20T07:00:00Z', '08:00', 'Europe/Berlin', '2026-11-20T07:00:00.000Z'],
  ['the day is the zone’s, not UTC’s', '2026-11-20T22:30:00Z', '08:00', 'Asia/Tokyo', '2026-11-20T23:00:00.000Z'],
  ['the day before in the west', '2026-11-20T01:00:00Z', '18:00', 'America/Los_Angeles', '2026-11-20T02:00:00.000Z'],
  ['the clock goes forward', '2026-03-29T00:30:00Z', '08:00', 'Europe/Berlin', '2026-03-29T06:00:00.000Z'],
  ['an hour that does not exist', '2026-03-29T00:30:00Z', '02:30', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
  ['the clock goes back', '2026-10-25T00:30:00Z', '08:00', 'Europe/Berlin', '2026-10-25T07:00:00.000Z'],
  ['an hour that comes twice', '2026-10-25T00:10:00Z', '02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
  ['the second time of that hour', '2026-10-25T01:10:00Z', '02:30', 'Europe/Berlin', '2026-10-26T01:30:00.000Z'],
  ['before the change in New York', '2026-03-08T05:30:00Z', '01:59', 'America/New_York', '2026-03-08T06:59:00.000Z'],
  ['a quarter-hour zone', '2026-11-20T00:00:00Z', '06:00', 'Asia/Kathmandu', '2026-11-20T00:15:00.000Z'],
  ['midnight', '2026-11-20T12:00:00Z', '00:00', 'UTC', '2026-11-21T00:00:00.000Z'],
])('%s', (_, now, deadline, zone, expected) => {
  expect(next(now, { deadline, zone })).toBe(expected)
})

test.each<[string, string, Partial<Deadline>, string | undefined]>([
  ['Friday evening waits for Monday', '2026-11-20T18:00:00Z', { days: weekdays }, '2026-11-23T07:00:00.000Z'],
  [
    'a holiday is left out',
    '2026-12-24T18:00:00Z',
    { days: weekdays, holidays: ['2026-12-25'] },
    '2026-12-28T07:00:00.000Z',
  ],
  ['a holiday of every year', '2026-12-31T18:00:00Z', { holidays: ['01-01'] }, '2027-01-02T07:00:00.000Z'],
  ['the last day of the month', '2026-11-20T18:00:00Z', { month_end: true }, '2026-11-30T07:00:00.000Z'],
  ['of February in a leap year', '2028-02-02T00:00:00Z', { month_end: true }, '2028-02-29T07:00:00.000Z'],
  ['the last working day', '2026-10-20T00:00:00Z', { days: weekdays, month_end: true }, '2026-10-30T07:00:00.000Z'],
  [
    'which may come before a holiday, over the year',
    '2026-12-31T18:00:00Z',
    { days: weekdays, holidays: ['2027-01-29'], month_end: true },
    '2027-01-28T07:00:00.000Z',
  ],
  ['the morning after the clock changed', '2026-03-27T18:00:00Z', { days: ['mon'] }, '2026-03-30T06:00:00.000Z'],
  ['no day that counts', '2026-11-20T18:00:00Z', { days: ['mon'], holidays: everyMonday() }, undefined],
])('of a calendar: %s', (_, now, calendar, expected) => {
  expect(next(now, { deadline: '08:00', zone: 'Europe/Berlin', ...calendar })).toBe(expected)
})

function everyMonday(): string[] {
  const first = Date.UTC(2026, 10, 16)
  return Array.from({ length: 80 }, (_, week) => new Date(first + week * 7 * 86_400_000).toISOString().slice(0, 10))
}

test.each<[string, string, Partial<Deadline>, string]>([
  ['in the morning', '2026-11-20T05:00:00Z', {}, '2026-11-20T07:00:00.000Z'],
  ['just missed', '2026-11-20T09:00:00Z', {}, '2026-11-20T07:00:00.000Z'],
  ['the night before', '2026-11-20T22:00:00Z', {}, '2026-11-21T07:00:00.000Z'],
  ['on a day of 25 hours', '2026-10-24T22:30:00Z', {}, '2026-10-25T07:00:00.000Z'],
  ['missed on Friday, asked that evening', '2026-11-20T20:00:00Z', { days: weekdays }, '2026-11-20T07:00:00.000Z'],
  ['missed on Friday, asked on Sunday', '2026-11-22T09:00:00Z', { days: weekdays }, '2026-11-23T07:00:00.000Z'],
])('nearest: %s', (_, now, calendar, expected) => {
  const promise = { deadline: '08:00', zone: 'Europe/Berlin', ...calendar }
  expect(nearestDeadline(new Date(now), promise)?.toISOString()).toBe(expected)
})

test('is spelt with its days', () => {
  const promise = { deadline: '08:00', zone: 'UTC' }
  expect(spellDeadline(promise)).toBe('08:00 UTC')
  expect(spellDeadline({ ...promise, days: ['mon', 'fri'] })).toBe('08:00 UTC on mon, fri')
  expect(spellDeadline({ ...promise, days: ['mon'], month_end: true })).toBe('08:00 UTC at the end of the month')
})

test('next and last stand around any instant, a day apart but for the clock, whatever the zone', () => {
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia')
  const times = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  const years = fc.date({ min: new Date('2015-01-01'), max: new Date('2035-01-01'), noInvalidDate: true })
  fc.assert(
    fc.property(years, times, zones, (now, [hour, minute], zone) => {
      const deadline = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`
      const after = nextDeadline(now, { deadline, zone })
      const before = lastDeadline(now, { deadline, zone })
      if (!after || !before) throw new Error('every day counts')
      expect(after.getTime()).toBeGreaterThanOrEqual(now.getTime())
      expect(before.getTime()).toBeLessThan(now.getTime())
      const hours = (after.getTime() - before.getTime()) / 3_600_000
      expect(hours).toBeGreaterThanOrEqual(22.5)
      expect(hours).toBeLessThanOrEqual(25.5)
    }),
  )
})

test('knows zones', () => {
  expect(['Europe/Berlin', 'UTC'].every(isTimeZone)).toBe(true)
  expect(['Europe/Berlim', '', 'CEST?'].some(isTimeZone)).toBe(false)
})
