import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exampleAlert } from '../../tests/support/store.ts'
import { type Alert, Severity } from './alert.ts'
import { fold, isStale, notAhead, type Standing } from './fold.ts'
import { IncidentState } from './incident.ts'

const now = new Date('2026-11-20T12:00:00Z')
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000)
const nothing: Standing = { now, open: null, seen: false, resolve: null }
const alone = { isOver: false, hasOthers: false } as const
const open = { state: 'notified', claimed: 'HIGH', decidedAt: ago(30), latestStart: null, ...alone } as const
const dismissed = { ...open, state: 'dismissed' } as const
const firing = (changes: Partial<Alert> = {}) => exampleAlert(changes)
const resolved = (changes: Partial<Alert> = {}) => exampleAlert({ status: 'resolved', ...changes })
const early = { receivedAt: ago(5), endedAt: null, met: false, named: false, repeats: false }

describe('a firing', () => {
  test('opens an incident when nothing is known', () => {
    expect(fold(firing(), nothing)).toEqual({ step: 'open', instead: false })
  })

  test('joins the open incident of its condition', () => {
    expect(fold(firing(), { ...nothing, open })).toEqual({ step: 'join', severity: 'HIGH', again: false })
  })

  test('delivered before is no occurrence', () => {
    expect(fold(firing(), { ...nothing, open, seen: true })).toEqual({ step: 'repeat' })
  })

  test.each([
    ['open', false],
    ['analyzing', true],
    ['logged', true],
    ['notified', true],
    ['escalated', true],
    ['awaiting_approval', false],
    ['fixing', false],
    ['verifying', false],
  ] as const)('that is worse, on an incident that is %s: decided again: %s', (state, again) => {
    const standing = { ...nothing, open: { ...open, state } }
    expect(fold(firing({ severity: 'CRITICAL' }), standing)).toEqual({ step: 'join', severity: 'CRITICAL', again })
  })

  test('that is milder leaves the severity', () => {
    expect(fold(firing({ severity: 'LOW' }), { ...nothing, open })).toEqual({
      step: 'join',
      severity: 'HIGH',
      again: false,
    })
  })

  test.each([
    ['at the same severity within the hour joins', 'HIGH', 59, { step: 'join', severity: 'HIGH', again: false }],
    ['after the hour opens a new one', 'HIGH', 60, { step: 'open', instead: true }],
    ['that is worse opens a new one', 'CRITICAL', 1, { step: 'open', instead: true }],
    ['that is milder opens a new one', 'LOW', 1, { step: 'open', instead: true }],
  ] as const)('on a dismissed incident, %s', (_, severity, minutes, expected) => {
    const standing = { ...nothing, open: { ...dismissed, decidedAt: ago(minutes) } }
    expect(fold(firing({ severity }), standing)).toEqual(expected)
  })

  test('delivered before does not outlive the dismissal', () => {
    const standing = { ...nothing, seen: true, open: { ...dismissed, decidedAt: ago(61) } }
    expect(fold(firing(), standing)).toEqual({ step: 'open', instead: true })
  })
})

describe('an incident of several conditions', () => {
  const standing = (changes: Partial<NonNullable<Standing['open']>>): Standing => ({
    ...nothing,
    open: { ...open, ...changes },
  })

  test('ends with the last of them', () => {
    expect(fold(resolved(), standing({ hasOthers: true }))).toEqual({ step: 'resolve_part' })
    expect(fold(resolved(), standing({ hasOthers: false }))).toEqual({ step: 'resolve' })
    expect(fold(resolved(), standing({ hasOthers: true, isOver: true }))).toEqual({ step: 'resolve_early' })
  })

  test('takes a condition back that fires again after its end', () => {
    const over = standing({ hasOthers: true, isOver: true })
    const ended = { ...early, met: true, endedAt: ago(5) }
    const firingAt = (minutes: number) => firing({ started_at: ago(minutes).toISOString() })
    expect(fold(firingAt(1), { ...over, seen: true, resolve: ended }).step).toBe('join')
    expect(fold(firingAt(8), { ...over, resolve: ended }).step).toBe('join_closed')
  })
})

describe('a firing after a resolve', () => {
  test.each([
    ['untimed, in time', null, { ...early, receivedAt: ago(9) }, 'open_resolved'],
    ['untimed, too late', null, { ...early, receivedAt: ago(10) }, 'open'],
    ['untimed, and the monitor only says again that all is well', null, { ...early, repeats: true }, 'open'],
    ['that ended after its start', ago(60), { ...early, endedAt: ago(30) }, 'open_resolved'],
    ['that ended before its start', ago(20), { ...early, endedAt: ago(30) }, 'open'],
    ['a day later', ago(60), { ...early, endedAt: ago(30), receivedAt: ago(24 * 60) }, 'open'],
    ['that has met another', ago(60), { ...early, endedAt: ago(30), met: true }, 'join_closed'],
    ['that has met another long ago', ago(60), { ...early, endedAt: ago(30), receivedAt: ago(11), met: true }, 'open'],
    ['that has met another, untimed', null, { ...early, met: true }, 'open'],
  ] as const)('%s', (_, started, resolve, step) => {
    const alert = firing({ started_at: started?.toISOString() ?? null })
    expect(fold(alert, { ...nothing, resolve }).step).toBe(step)
  })

  test('a repeat of what was resolved stays with it for a day', () => {
    const resolve = { ...early, endedAt: ago(30), receivedAt: ago(11), met: true }
    const alert = firing({ started_at: ago(60).toISOString() })
    expect(fold(alert, { ...nothing, resolve, seen: true }).step).toBe('join_closed')
  })

  test('that names its very start has its resolve, whatever came since', () => {
    const resolve = { ...early, endedAt: ago(30), named: true, repeats: true }
    const alert = firing({ started_at: ago(60).toISOString() })
    expect(fold(alert, { ...nothing, resolve }).step).toBe('open_resolved')
  })
})

describe('a resolve', () => {
  test.each([
    ['notified', 'resolve'],
    ['analyzing', 'resolve'],
    ['dismissed', 'resolve'],
    ['fixing', 'resolve_later'],
    ['verifying', 'resolve_later'],
  ] as const)('of an incident that is %s: %s', (state, step) => {
    expect(fold(resolved(), { ...nothing, open: { ...open, state } })).toEqual({ step })
  })

  test('with nothing open is kept for its firing', () => {
    expect(fold(resolved(), nothing)).toEqual({ step: 'resolve_early' })
  })

  test('of a time before the firing ends nothing', () => {
    const standing = { ...nothing, open: { ...open, latestStart: ago(10) } }
    expect(fold(resolved({ ended_at: ago(11).toISOString() }), standing)).toEqual({ step: 'resolve_stale' })
    expect(fold(resolved({ ended_at: ago(10).toISOString() }), standing)).toEqual({ step: 'resolve' })
  })
})

describe('information', () => {
  test('is kept and does nothing', () => {
    expect(fold(exampleAlert({ status: 'info' }), { ...nothing, open }).step).toBe('ignore')
  })

  test('of a success of its asset closes what is open about it', () => {
    const labels = { outcome: 'success' }
    expect(fold(exampleAlert({ status: 'info', labels }), nothing).step).toBe('recover')
    expect(fold(exampleAlert({ status: 'info', labels, asset: null }), nothing).step).toBe('ignore')
  })
})

test('a time ahead of the clock counts as now', () => {
  expect(notAhead('2099-01-01T00:00:00Z', now)).toEqual(now)
  expect(notAhead('never', now)).toBeNull()
  // Else a resolve could never end what claims to have started in the future.
  expect(isStale(resolved({ ended_at: null }), now, now)).toBe(false)
})

const instant = fc.option(
  fc
    .date({ min: ago(3000), max: new Date(now.getTime() + 3e9), noInvalidDate: true })
    .map((date) => date.toISOString()),
)
const past = fc.date({ min: ago(3000), max: now, noInvalidDate: true })
const alerts = fc
  .record({
    status: fc.constantFrom('firing' as const, 'resolved' as const, 'info' as const),
    severity: fc.constantFrom(...Severity.options),
    started_at: instant,
    ended_at: instant,
  })
  .map((changes) => exampleAlert(changes))
const standings = fc.record({
  now: fc.constant(now),
  open: fc.option(
    fc.record({
      state: fc.constantFrom(...IncidentState.options.filter((state) => state !== 'resolved')),
      claimed: fc.constantFrom(...Severity.options),
      decidedAt: fc.option(past),
      isOver: fc.boolean(),
      hasOthers: fc.boolean(),
      latestStart: fc.option(past),
    }),
  ),
  seen: fc.boolean(),
  resolve: fc.option(
    fc.record({
      receivedAt: past,
      endedAt: fc.option(past),
      met: fc.boolean(),
      named: fc.boolean(),
      repeats: fc.boolean(),
    }),
  ),
})

/** Steps that need an open incident, and steps that need that there is none. */
const needsOpen = ['repeat', 'join', 'resolve', 'resolve_part', 'resolve_later', 'resolve_stale']
const needsNoneOrOver = ['resolve_early', 'open_resolved', 'join_closed']

test('for any alert and standing, a step is one that the store can take', () => {
  fc.assert(
    fc.property(alerts, standings, (alert, standing) => {
      const step = fold(alert, standing)
      if (needsOpen.includes(step.step)) expect(standing.open).not.toBeNull()
      if (needsNoneOrOver.includes(step.step)) expect(standing.open?.isOver ?? true).toBe(true)
      if (step.step === 'open_resolved') expect(standing.open).toBeNull()
      if (step.step === 'open') expect(step.instead).toBe(standing.open !== null)
      if (step.step === 'join_closed') expect(standing.resolve).not.toBeNull()
      if (step.step === 'join' && step.again) expect(step.severity).toBe(alert.severity)
    }),
  )
})

test('a firing is never ended by nothing: without a resolve it opens, joins or repeats', () => {
  fc.assert(
    fc.property(alerts, standings, (alert, standing) => {
      const step = fold({ ...alert, status: 'firing' }, { ...standing, resolve: null }).step
      expect(['open', 'join', 'repeat']).toContain(step)
    }),
  )
})
