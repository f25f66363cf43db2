import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exampleAlert } from '../../tests/support/store.ts'
import type { Alert } from './alert.ts'
import { quietMark, retriesLeft } from './quiet.ts'
import { quietRules } from './quiet-rules.ts'

const now = new Date('2026-11-20T07:40:00Z')
const rules = quietRules({})
const silence = { id: 'SIL-1', name: 'upgrade', asset: '*', until: new Date('2026-11-20T09:00:00Z') }
const failure = (data: object, changes: Partial<Alert> = {}) =>
  exampleAlert({
    source: 'airflow',
    asset: { kind: 'task', name: 'orders.load' },
    facts: [{ kind: 'task_failure', summary: 'It failed.', data: { dag_id: 'orders', task_id: 'load', ...data } }],
    ...changes,
  })

describe('retries left', () => {
  test.each<[string, Alert, number]>([
    ['three tries to come', failure({ state: 'failed', try_number: 1, max_tries: 4 }), 3],
    ['the last try', failure({ state: 'failed', try_number: 3, max_tries: 3 }), 0],
    ['more tries than planned', failure({ state: 'failed', try_number: 5, max_tries: 3 }), 0],
    ['waiting for its retry', failure({ state: 'up_for_retry' }), 1],
    ['waiting for the last one', failure({ state: 'up_for_retry', try_number: 2, max_tries: 2 }), 1],
    ['no numbers', failure({ state: 'failed' }), 0],
    ['numbers that are none', failure({ state: 'failed', try_number: 'x', max_tries: -3 }), 0],
    ['an endless loop', failure({ state: 'failed', try_number: 1, max_tries: 9999 }), 100],
    ['labels only', exampleAlert({ labels: { 'ti.try_number': '1', 'ti.max_tries': '2' } }), 1],
    ['a table', exampleAlert({ asset: { kind: 'table', name: 't' }, labels: { try_number: '1', max_tries: '2' } }), 0],
  ])('%s', (_, alert, left) => {
    expect(retriesLeft(alert)).toBe(left)
  })
})

describe('a firing', () => {
  test.each<[string, Alert, string | null]>([
    ['like any other', exampleAlert(), null],
    ['with retries left', failure({ state: 'up_for_retry' }), 'hold'],
    ['with retries left, critical', failure({ state: 'up_for_retry' }, { severity: 'CRITICAL' }), null],
    ['of two days ago', exampleAlert({ started_at: '2026-11-18T07:00:00.000Z' }), 'old'],
    ['of this morning', exampleAlert({ started_at: '2026-11-20T01:00:00.000Z' }), null],
    ['of a run that began two days ago', failure({}, { started_at: '2026-11-18T07:00:00.000Z' }), null],
    ['of tomorrow', exampleAlert({ started_at: '2026-11-21T01:00:00.000Z' }), null],
  ])('%s', (_, alert, kind) => {
    expect(quietMark(alert, rules, [], now)?.kind ?? null).toBe(kind)
  })

  test('that is silenced is told by which, until when', () => {
    expect(quietMark(failure({ state: 'up_for_retry' }), rules, [silence], now)).toEqual({
      kind: 'silence',
      reason: 'silenced until 2026-11-20T09:00:00.000Z: SIL-1, upgrade',
      until: silence.until,
    })
  })

  test('is old by what its source says, when its times can be trusted', () => {
    const strict = quietRules({ sources: { airflow: { max_age_hours: 2 }, alertmanager: { max_age_hours: 72 } } })
    const began = { started_at: '2026-11-18T07:00:00.000Z' }
    expect(quietMark(exampleAlert(began), strict, [], now)).toBeNull()
    expect(quietMark(failure({}, began), strict, [], now)?.kind).toBe('old')
  })

  test('is held for as long as the policy says, or not at all', () => {
    const alert = failure({ state: 'up_for_retry' })
    expect(quietMark(alert, quietRules({ hold_minutes: 5 }), [], now)?.until).toEqual(new Date('2026-11-20T07:45:00Z'))
    expect(quietMark(alert, quietRules({ hold_minutes: 0 }), [], now)).toBeNull()
  })
})

test('nothing but a firing is ever kept quiet, and nothing critical is held', () => {
  const anyAlert = fc.record({
    status: fc.constantFrom('firing', 'resolved', 'info'),
    severity: fc.constantFrom('CRITICAL', 'HIGH', 'MEDIUM', 'LOW'),
    started_at: fc.option(fc.date({ noInvalidDate: true }).map((date) => date.toISOString())),
    labels: fc.dictionary(fc.constantFrom('try_number', 'max_tries', 'state'), fc.string()),
  })
  fc.assert(
    fc.property(anyAlert, fc.boolean(), (changes, isSilenced) => {
      const mark = quietMark(exampleAlert(changes as Partial<Alert>), rules, isSilenced ? [silence] : [], now)
      if (changes.status !== 'firing') expect(mark).toBeNull()
      else if (isSilenced) expect(mark?.kind).toBe('silence')
      if (mark?.kind === 'hold') expect(changes.severity).not.toBe('CRITICAL')
    }),
  )
})
