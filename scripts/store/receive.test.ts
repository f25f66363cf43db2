import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  decideOn,
  exampleAlert,
  exampleMessage,
  letTimePass,
  receive,
  useTestStore,
} from '../../tests/support/store.ts'
import type { Alert } from '../domain/alert.ts'
import { Incident } from '../domain/incident.ts'
import { loadActions } from './actions.ts'
import { accountOfAlerts, knownExecutions } from './books.ts'
import type { Store } from './connection.ts'
import { listDeadLetters } from './dead-letters.ts'
import { loadDecision } from './decisions.ts'
import { claimDispatch, countUndispatched } from './dispatch.ts'
import { claimDue, finishDue } from './due.ts'
import { beginVerifying, resolveFix } from './fixes.ts'
import { closeIncident, incidentColumns, loadIncident, loadTimeline, openIncidents } from './incidents.ts'
import { claimActions, finishAction } from './outbox.ts'
import { receiveDelivery } from './receive.ts'
import { sql } from './sql.ts'

const { tenant } = useTestStore()

const firing = (changes: Partial<Alert> = {}) => exampleAlert(changes)
const resolved = (changes: Partial<Alert> = {}) =>
  exampleAlert({ status: 'resolved', title: 'orders is well', ...changes })
const success = (changes: Partial<Alert> = {}) =>
  exampleAlert({ status: 'info', fingerprint: 'fp_orders_success', labels: { outcome: 'success' }, ...changes })
/** Another condition, of an asset that has nothing to do with `orders`. */
const elsewhere = (name: string, changes: Partial<Alert> = {}) =>
  firing({ fingerprint: `fp_${name}`, asset: { kind: 'host', name }, ...changes })
let runs = 0
/** A firing like the last one, and yet another delivery. */
const anotherFiring = (changes: Partial<Alert> = {}) => {
  runs += 1
  return firing({ external_id: `run-${runs}`, ...changes })
}

function allIncidents(store: Store): Promise<Incident[]> {
  return store.transaction((query) =>
    query.rows(Incident, sql`select ${incidentColumns} from incidents order by opened_at, id`),
  )
}

async function onlyIncident(store: Store): Promise<Incident> {
  const all = await allIncidents(store)
  expect(all).toHaveLength(1)
  return all[0] ?? expect.fail()
}

function dueKinds(store: Store, subject: string): Promise<string[]> {
  return store.transaction(async (query) => {
    const rows = await query.rows(
      z.object({ kind: z.string() }),
      sql`select kind from due where subject = ${subject} order by kind`,
    )
    return rows.map(({ kind }) => kind)
  })
}

function endStates(store: Store): Promise<(string | null)[]> {
  return store.transaction(async (query) => {
    const rows = await query.rows(
      z.object({ end_state: z.string().nullable() }),
      sql`select end_state from alerts order by received_at, raw_id, position`,
    )
    return rows.map(({ end_state }) => end_state)
  })
}

describe('a firing', () => {
  test('opens an incident, has its analysis asked for, and gives it a deadline', async () => {
    const store = tenant()
    const received = await receive(store, firing())
    const incident = await onlyIncident(store)
    expect(received).toEqual({ count: 1, incident: incident.id, incidents: [incident.id] })
    expect(incident).toMatchObject({ state: 'open', occurrences: 1, revision: 1, severity: 'HIGH' })
    expect(incident.id).toMatch(/^INC-[2-9A-HJ-NP-TV-Z]{10}$/)
    expect(await dueKinds(store, incident.id)).toEqual(['dispatch', 'page_deadline', 'quiet'])
    expect(await countUndispatched(store)).toBe(0)
  })

  test('again joins the open incident and is not analysed again', async () => {
    const store = tenant()
    const { incident } = await receive(store, firing())
    expect(await receive(store, anotherFiring())).toEqual({ count: 0, incident: null, incidents: [] })
    expect(await onlyIncident(store)).toMatchObject({ id: incident, occurrences: 2 })
  })

  test('delivered again is kept, and is no occurrence', async () => {
    const store = tenant()
    await receive(store, firing())
    await receive(store, firing({ received_at: '2026-11-20T07:45:00.000Z' }))
    expect(await onlyIncident(store)).toMatchObject({ occurrences: 1 })
    expect(await endStates(store)).toEqual([null, 'folded'])
  })

  test('fifty at once are one incident and one analysis', async () => {
    const store = tenant()
    const all = await Promise.all(Array.from({ length: 50 }, () => receive(store, anotherFiring())))
    expect(all.reduce((sum, { count }) => sum + count, 0)).toBe(1)
    expect(await onlyIncident(store)).toMatchObject({ occurrences: 50 })
  })

  test('deliveries of several alerts in opposite orders do not block each other', async () => {
    const store = tenant()
    const conditions = Array.from({ length: 8 }, (_, index) => `condition_${index}`)
    const body = () => conditions.map((name) => anotherFiring(elsewhere(name)))
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, index) => receive(store, index % 2 === 0 ? body() : body().reverse())),
    )
    expect(all.reduce((sum, { count }) => sum + count, 0)).toBe(8)
  })

  test('several in one body are claimed one by one, the worst first', async () => {
    const store = tenant()
    const received = await receive(store, [
      elsewhere('first', { severity: 'LOW' }),
      elsewhere('second', { severity: 'CRITICAL' }),
      elsewhere('third', { severity: 'MEDIUM' }),
    ])
    const [low, critical, medium] = received.incidents
    expect(received.count).toBe(3)
    expect(await claimDispatch(store)).toEqual({ incident: critical, left: 2 })
    expect(await claimDispatch(store)).toEqual({ incident: medium, left: 1 })
    expect(await claimDispatch(store)).toEqual({ incident: low, left: 0 })
    expect(await claimDispatch(store)).toEqual({ incident: null, left: 0 })
    await letTimePass(store, 301_000)
    expect(await claimDispatch(store)).toEqual({ incident: critical, left: 2 })
  })

  test('text that PostgreSQL does not take is kept without what it can’t hold', async () => {
    const store = tenant()
    const { incident } = await receive(store, firing({ description: 'a\0b\ud800c', labels: { 'k\0': '\udfff' } }))
    const { alerts } = await loadIncident(store, incident ?? '')
    expect(alerts[0]).toMatchObject({ description: 'ab\ufffdc', labels: { k: '\ufffd' } })
  })
})

describe('a firing that is worse', () => {
  test('before the decision raises the severity', async () => {
    const store = tenant()
    await receive(store, firing())
    expect(await receive(store, anotherFiring({ severity: 'CRITICAL' }))).toMatchObject({ count: 0 })
    expect(await onlyIncident(store)).toMatchObject({ severity: 'CRITICAL', revision: 1 })
  })

  test('after it is decided again, once', async () => {
    const store = tenant()
    const { incident } = await receive(store, firing())
    await decideOn(store, incident ?? '', { severity: 'MEDIUM' })
    // What was decided is milder than what the monitor claims: the same claim again changes nothing.
    expect(await receive(store, anotherFiring())).toMatchObject({ count: 0 })
    expect(await receive(store, anotherFiring({ severity: 'CRITICAL' }))).toMatchObject({ count: 1, incident })
    expect(await onlyIncident(store)).toMatchObject({ state: 'open', revision: 2, severity: 'CRITICAL' })
    expect(await receive(store, anotherFiring({ severity: 'CRITICAL' }))).toMatchObject({ count: 0 })
    await decideOn(store, incident ?? '', { severity: 'CRITICAL' }, [], 'another execution')
    expect(await loadDecision(store, incident ?? '')).toMatchObject({ severity: 'CRITICAL' })
    expect(await endStates(store)).toEqual(['notified', 'folded', 'notified', 'folded'])
  })
})

describe('a resolve', () => {
  test('closes the incident; what was not sent is not sent any more', async () => {
    const store = tenant()
    const { incident } = await receive(store, firing())
    await decideOn(store, incident ?? '', {}, [{ kind: 'slack', key: 'first' }])
    await receive(store, resolved())
    const closed = await onlyIncident(store)
    expect(closed).toMatchObject({ state: 'resolved', closed_how: 'resolve' })
    expect(await loadActions(store, closed.id)).toMatchObject([{ state: 'cancelled' }])
    expect(await dueKinds(store, closed.id)).toEqual([])
  })

  test('is told to those who had been told', async () => {
    const store = tenant()
    const { incident } = await receive(store, firing())
    await decideOn(store, incident ?? '', {}, [
      { kind: 'slack', key: 'first', message: exampleMessage(incident ?? '') },
    ])
    const [action] = await claimActions(store, { kinds: ['slack'], limit: 1 })
    await finishAction(store, action ?? expect.fail(), { state: 'sent', reference: null })
    await receive(store, resolved())
    expect(await dueKinds(store, incident ?? '')).toEqual(['resolved_notice'])
  })

  test('is told as well when the message was on its way', async () => {
    const store = tenant()
    const { incident } = await receive(store, firing())
    await decideOn(store, incident ?? '', {}, [
      { kind: 'slack', key: 'first', message: exampleMessage(incident ?? '') },
    ])
    const [action] = await claimActions(store, { kinds: ['slack'], limit: 1 })
    await receive(store, resolved())
    expect(await dueKinds(store, incident ?? '')).toEqual([])
    await finishAction(store, action ?? expect.fail(), { state: 'sent', reference: null })
    expect(await dueKinds(store, incident ?? '')).toEqual(['resolved_notice'])
  })

  test('before the decision ends the incident without one', async () => {
    const store = tenant()
    expect(await receive(store, [firing(), resolved()])).toEqual({ count: 0, incident: null, incidents: [] })
    expect(await onlyIncident(store)).toMatchObject({ state: 'resolved', decided_at: null })
    expect(await endStates(store)).toEqual(['logged', 'folded'])
  })

  test('while a fix is under way waits for the fix', async () => {
    const store = tenant()
    const { incident } = await receive(store, firing())
    await decideOn(store, incident ?? '', { recommended_action: 'auto_fix' })
    await receive(store, resolved())
    expect(await onlyIncident(store)).toMatchObject({ state: 'fixing', closed_at: null })
    await beginVerifying(store, incident ?? '', 'cleared')
    await resolveFix(store, incident ?? '', 1, 'the run ended well', [])
    expect(await onlyIncident(store)).toMatchObject({ state: 'resolved', closed_how: 'fixed' })
    expect(await endStates(store)).toEqual(['fixed', 'folded'])
  })

  test('that comes first meets its firing', async () => {
    const store = tenant()
    await receive(store, resolved())
    expect(await endStates(store)).toEqual(['ignored'])
    expect(await receive(store, firing())).toEqual({ count: 0, incident: null, incidents: [] })
    expect(await onlyIncident(store)).toMatchObject({ state: 'resolved', closed_how: 'resolve' })
    expect(await endStates(store)).toEqual(['logged', 'logged'])
    expect(await receive(store, anotherFiring())).toMatchObject({ count: 1 })
  })

  test('said every minute does not swallow the firing that follows', async () => {
    const store = tenant()
    for (let minute = 0; minute < 3; minute += 1) {
      await receive(store, resolved({ ended_at: `2026-11-20T07:4${minute}:00.000Z` }))
    }
    // Such monitors count from when all was last well.
    expect(await receive(store, firing({ started_at: '2026-11-20T07:42:00.000Z' }))).toMatchObject({ count: 1 })
  })
})

describe('shuffled deliveries', () => {
  const at = (minutes: number) => new Date(Date.parse('2026-11-20T07:00:00Z') + minutes * 60_000).toISOString()
  const first = firing({ started_at: at(0) })
  const second = firing({ started_at: at(20) })
  const changed = firing({ started_at: at(0), description: 'Still failing.' })
  const firstEnd = resolved({ started_at: at(0), ended_at: at(10) })
  const secondEnd = resolved({ started_at: at(20), ended_at: at(30) })

  test.each([
    ['firing and resolved', [first, firstEnd], false],
    ['firing, twice, and resolved', [first, changed, firstEnd], false],
    ['firing, resolved, firing', [first, firstEnd, second], true],
    ['firing, resolved, firing, resolved', [first, firstEnd, second, secondEnd], false],
    ['the same, and the first firing changed', [first, changed, firstEnd, second, secondEnd], false],
    ['the same, some of it twice', [first, first, firstEnd, second, secondEnd, secondEnd], false],
    ['untimed firing and resolved', [firing(), resolved()], false],
  ] as const)('%s: every order ends the same', async (_, deliveries, isOpen) => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([...deliveries], { minLength: deliveries.length, maxLength: deliveries.length }),
        async (order) => {
          const store = tenant()
          for (const alert of order) await receive(store, alert)
          expect(await openIncidents(store, 10)).toHaveLength(isOpen ? 1 : 0)
          const account = await accountOfAlerts(store, { overdueAfterMs: -60_000 })
          expect(account.payloads).toBe(deliveries.length)
          if (!isOpen) expect(account.unfinished).toEqual([])
          await store.close()
        },
      ),
      { numRuns: deliveries.length > 2 ? 10 : 2 },
    )
  })
})

describe('a dismissed incident', () => {
  test('takes in the same condition for an hour, and then opens anew', async () => {
    const store = tenant()
    const { incident } = await receive(store, firing())
    await decideOn(store, incident ?? '', { recommended_action: 'dismiss', is_incident: false })
    await letTimePass(store, 59 * 60_000)
    expect(await receive(store, anotherFiring())).toMatchObject({ count: 0 })
    await letTimePass(store, 60_000)
    const later = await receive(store, anotherFiring())
    expect(later.count).toBe(1)
    const all = await allIncidents(store)
    expect(all).toMatchObject([
      { id: incident, state: 'dismissed', closed_how: 'expired' },
      { id: later.incident, state: 'open' },
    ])
  })

  test('does not take in what is worse', async () => {
    const store = tenant()
    const { incident } = await receive(store, firing())
    await decideOn(store, incident ?? '', { recommended_action: 'dismiss', is_incident: false })
    expect(await receive(store, anotherFiring({ severity: 'CRITICAL' }))).toMatchObject({ count: 1 })
  })
})

test('fails on Monday, nobody says it was mended, fails on Thursday: two decisions', async () => {
  const store = tenant()
  const monday = await receive(store, firing())
  await decideOn(store, monday.incident ?? '')
  await letTimePass(store, 72 * 3_600_000)
  const due = await claimDue(store, 10)
  const quiet = due.find(({ kind }) => kind === 'quiet') ?? expect.fail()
  await closeIncident(store, quiet.subject, 'quiet', { who: 'clock', why: 'quiet' })
  await finishDue(store, quiet)
  const thursday = await receive(store, anotherFiring())
  expect(thursday.count).toBe(1)
  await decideOn(store, thursday.incident ?? '')
  expect(await allIncidents(store)).toMatchObject([
    { state: 'resolved', closed_how: 'quiet', occurrences: 1 },
    { state: 'notified', occurrences: 1 },
  ])
})

describe('information', () => {
  test('is kept and ends as ignored', async () => {
    const store = tenant()
    expect(await receive(store, exampleAlert({ status: 'info' }))).toMatchObject({ count: 0 })
    expect(await endStates(store)).toEqual(['ignored'])
    expect(await allIncidents(store)).toEqual([])
  })

  test('of a success closes what is open about that asset, and nothing else', async () => {
    const store = tenant()
    const { incident } = await receive(store, firing())
    const other = await receive(store, firing({ fingerprint: 'fp_other', asset: { kind: 'dag', name: 'other' } }))
    await receive(store, success())
    const [first, second] = await allIncidents(store)
    expect(first).toMatchObject({ id: incident, state: 'resolved', closed_how: 'recovery' })
    expect(second).toMatchObject({ id: other.incident, state: 'open' })
    expect(await endStates(store)).toEqual(['logged', null, 'folded'])
  })

  test('of a success before the failure closes nothing', async () => {
    const store = tenant()
    await receive(store, firing({ started_at: '2026-11-20T07:30:00.000Z' }))
    await receive(store, success({ ended_at: '2026-11-20T07:00:00.000Z' }))
    expect(await onlyIncident(store)).toMatchObject({ state: 'open' })
  })
})

describe('an execution that runs twice', () => {
  test('changes nothing the second time, and answers the same', async () => {
    const store = tenant()
    const alerts = [elsewhere('first'), elsewhere('second')]
    const first = await receive(store, alerts, 'the-execution')
    await claimDispatch(store)
    const timeline = await loadTimeline(store, first.incident ?? '')
    // Killed between commit and emit, it runs again.
    expect(await receive(store, alerts, 'the-execution')).toEqual(first)
    expect(await loadTimeline(store, first.incident ?? '')).toEqual(timeline)
    expect(await accountOfAlerts(store)).toMatchObject({ payloads: 1, alerts: 2 })
    expect(await countUndispatched(store)).toBe(1)
  })

  test('and overlaps itself answers the same from both attempts', async () => {
    const store = tenant()
    const attempts = await Promise.all(Array.from({ length: 4 }, () => receive(store, firing(), 'the-execution')))
    expect(new Set(attempts.map(({ incident }) => incident)).size).toBe(1)
    expect(attempts[0]?.count).toBe(1)
    expect(await onlyIncident(store)).toMatchObject({ occurrences: 1 })
  })

  test('is known by its originalId', async () => {
    const store = tenant()
    await receive(store, firing(), 'known')
    expect(await knownExecutions(store, ['known', 'unknown'])).toEqual(new Set(['known']))
  })
})

describe('a body that can’t be read', () => {
  test('is kept whole, with its reason', async () => {
    const store = tenant()
    const delivery = {
      originalId: 'unreadable',
      executionId: 'unreadable',
      headers: {},
      body: '"not an alert\0"',
      deadLetter: { code: 'E_PAYLOAD_UNREADABLE', message: 'No monitor knows this body.' },
    }
    const received = await receiveDelivery(store, delivery)
    expect(received).toEqual({ count: 0, incident: null, incidents: [] })
    expect(await receiveDelivery(store, delivery)).toEqual(received)
    expect(await listDeadLetters(store)).toMatchObject([
      { task: 'receive', code: 'E_PAYLOAD_UNREADABLE', payload: '"not an alert\\u0000"' },
    ])
    const { byEndState, withoutAlert } = await accountOfAlerts(store)
    expect({ byEndState: byEndState.dead_letter, withoutAlert }).toEqual({ byEndState: 1, withoutAlert: 0 })
  })

  test('and one without an alert are told apart', async () => {
    const store = tenant()
    await receive(store, [])
    expect(await accountOfAlerts(store)).toMatchObject({ payloads: 1, withoutAlert: 1, unfinished: [] })
  })
})
