import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exampleAlert } from '../../tests/support/store.ts'
import { loadCron, requireCron } from '../lib/cron.ts'
import { type ActiveSilence, activeSilences, MaintenanceWindow, silencedBy, silenceOf } from './silence.ts'

const at = (time: string) => new Date(time)
const lastStart = await loadCron()
const window = (given: object) => MaintenanceWindow.parse({ name: 'upgrade', asset: '*', ...given })

describe('a window that is once', () => {
  const once = silenceOf(window({ from: '2026-12-01T22:00:00+01:00', until: '2026-12-02T02:00:00+01:00' }))
  test.each([
    ['2026-12-01T20:59:59Z', false],
    ['2026-12-01T21:00:00Z', true],
    ['2026-12-02T00:59:59Z', true],
    ['2026-12-02T01:00:00Z', false],
  ])('at %s: %s', (time, isOn) => {
    expect(activeSilences([once], at(time), lastStart)).toHaveLength(isOn ? 1 : 0)
  })
})

describe('a window that recurs', () => {
  const sundays = silenceOf(window({ cron: '0 3 * * 0', minutes: 120, zone: 'Europe/Berlin' }))
  test.each([
    // Winter: 03:00 in Berlin is 02:00 UTC.
    ['2026-11-22T01:59:59Z', null],
    ['2026-11-22T02:00:00Z', '2026-11-22T04:00:00.000Z'],
    ['2026-11-22T03:59:59.500Z', '2026-11-22T04:00:00.000Z'],
    ['2026-11-22T04:00:00Z', null],
    // Summer: it is 01:00 UTC.
    ['2026-07-05T01:00:00Z', '2026-07-05T03:00:00.000Z'],
    ['2026-07-05T03:30:00Z', null],
    // The day the clocks go back.
    ['2026-10-25T02:30:00Z', '2026-10-25T04:00:00.000Z'],
  ])('at %s lasts until %s', (time, until) => {
    expect(activeSilences([sundays], at(time), lastStart).map((one) => one.until.toISOString())).toEqual(
      until === null ? [] : [until],
    )
  })

  test('never lasts past its end, nor begins before its start', () => {
    const bounded = { ...sundays, from: at('2026-11-20T00:00:00Z'), until: at('2026-11-22T03:00:00Z') }
    expect(activeSilences([bounded], at('2026-11-22T02:30:00Z'), lastStart)).toMatchObject([{ until: bounded.until }])
    expect(activeSilences([bounded], at('2026-11-22T03:00:00Z'), lastStart)).toEqual([])
    expect(activeSilences([bounded], at('2026-11-15T02:30:00Z'), lastStart)).toEqual([])
  })

  test('whose expression can not be read is none, and is refused where it is written', async () => {
    expect(
      activeSilences([{ ...sundays, recurring: { cron: 'x', minutes: 1, zone: 'UTC' } }], new Date(), lastStart),
    ).toEqual([])
    await expect(requireCron('61 * * * *', 'here')).rejects.toMatchObject({ code: 'E_CONFIG_INVALID' })
    await expect(requireCron('* * * *', 'here')).rejects.toMatchObject({ code: 'E_CONFIG_INVALID' })
    await expect(requireCron('0 3 * * 0', 'here')).resolves.toBeUndefined()
  })
})

test.each([
  [{}, 'what'],
  [{ asset: 'x' }, 'when'],
  [{ asset: 'x', from: '2026-12-01T00:00:00Z' }, 'when'],
  [{ asset: 'x', cron: '0 3 * * 0' }, 'when'],
  [{ asset: 'x', from: '2026-12-02T00:00:00Z', until: '2026-12-01T00:00:00Z' }, 'after'],
  [{ asset: 'x', cron: '0 3 * * 0', minutes: 5, zone: 'Mars/Olympus' }, 'zone'],
])('the window %j is refused', (given, word) => {
  const parsed = MaintenanceWindow.safeParse({ name: 'upgrade', ...given })
  expect(parsed.success).toBe(false)
  expect(JSON.stringify(parsed.error?.issues)).toContain(word)
})

describe('what a silence covers', () => {
  const until = at('2026-12-01T00:00:00Z')
  const active = (about: object): ActiveSilence[] => [{ id: 'SIL-1', name: 'upgrade', until, ...about }]
  const alert = exampleAlert({ labels: { team: 'core', env: 'dev' } })
  test.each<[object, boolean]>([
    [{ asset: 'orders' }, true],
    [{ asset: 'ORD*' }, true],
    [{ asset: '*' }, true],
    [{ asset: 'order' }, false],
    [{ source: 'alertmanager' }, true],
    [{ source: 'alert*' }, true],
    [{ source: 'datadog' }, false],
    [{ labels: { team: 'core' } }, true],
    [{ labels: { team: 'c*', env: 'dev' } }, true],
    [{ labels: { team: 'core', env: 'prod' } }, false],
    [{ labels: { toString: '*' } }, false],
    [{ asset: 'orders', source: 'datadog' }, false],
    [{}, false],
  ])('%j: %s', (about, isCovered) => {
    expect(silencedBy(alert, active(about)) !== null).toBe(isCovered)
  })

  test('is everything for *, an alert without an asset too', () => {
    expect(silencedBy(exampleAlert({ asset: null }), active({ asset: '*' }))).not.toBeNull()
    expect(silencedBy(exampleAlert({ asset: null }), active({ asset: 'orders*' }))).toBeNull()
  })

  test('is told by the one that lasts longest', () => {
    const [one] = active({ asset: '*' })
    const longer = { id: 'SIL-2', name: 'move', asset: 'orders', until: at('2027-01-01T00:00:00Z') }
    expect(silencedBy(alert, one ? [one, longer] : [])?.id).toBe('SIL-2')
  })
})

test('no window is ever on outside of its bounds', () => {
  const time = fc.date({ min: at('2026-01-01T00:00:00Z'), max: at('2027-12-31T00:00:00Z'), noInvalidDate: true })
  fc.assert(
    fc.property(time, time, time, fc.integer({ min: 1, max: 600 }), (from, until, now, minutes) => {
      const silence = { ...silenceOf(window({ cron: '15 2 * * *', minutes })), from, until }
      for (const found of activeSilences([silence], now, lastStart)) {
        expect(from <= now && now < found.until && found.until <= until).toBe(true)
        expect(found.until.getTime() - now.getTime()).toBeLessThanOrEqual(minutes * 60_000)
      }
    }),
    { numRuns: 200 },
  )
})

test('the shipped example explains both kinds of window', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'config', 'catalog.yaml'), 'utf8')
  expect(text).toMatch(/cron:/)
  expect(text).toMatch(/until:/)
})
