import { describe, expect, test } from 'vitest'
import {
  decideOn,
  exampleAlert,
  exampleMessage,
  letTimePass,
  receive,
  useTestStore,
} from '../../tests/support/store.ts'
import { confirmAction, loadActions, planAction, recentFixes } from './actions.ts'
import type { Store } from './connection.ts'
import { addDeadLetter, listDeadLetters, markReplayed } from './dead-letters.ts'
import { claimDue, finishDue, postponeDue, removeDue, scheduleDue, withClockLock } from './due.ts'
import { similarIncidents } from './history.ts'
import { closeIncident, loadIncident, transition } from './incidents.ts'
import { claimActions, finishAction } from './outbox.ts'
import { openTicket } from './tickets.ts'

const { tenant } = useTestStore()
const slack = { kinds: ['slack'], limit: 10 }

async function openedIn(store: Store, changes = {}): Promise<string> {
  const { incident } = await receive(store, exampleAlert(changes))
  return incident ?? expect.fail()
}

async function planned(store: Store, count: number): Promise<string> {
  const id = await openedIn(store)
  for (let index = 0; index < count; index += 1) {
    await planAction(store, id, 1, {
      kind: 'slack',
      target: `#${index}`,
      key: `${id}:${index}`,
      message: exampleMessage(id),
    })
  }
  return id
}

async function claimOne(store: Store) {
  const [action] = await claimActions(store, slack)
  return action ?? expect.fail()
}

describe('the outbox', () => {
  test('never gives one action to two claimers', async () => {
    const store = tenant()
    await planned(store, 40)
    const claims = await Promise.all(Array.from({ length: 8 }, () => claimActions(store, { ...slack, limit: 7 })))
    const keys = claims.flat().map(({ key }) => key)
    expect(keys).toHaveLength(40)
    expect(new Set(keys).size).toBe(40)
  })

  test('plans the same key once', async () => {
    const store = tenant()
    const id = await planned(store, 1)
    expect(await planAction(store, id, 1, { kind: 'slack', key: `${id}:0` })).toBe(false)
    expect(await loadActions(store, id)).toHaveLength(1)
  })

  test('holds what is claimed, and gives it out again, marked, when nobody answered', async () => {
    const store = tenant()
    await planned(store, 1)
    expect(await claimOne(store)).toMatchObject({ attempt: 1, outcomeUnknown: false })
    await letTimePass(store, 59_000)
    expect(await claimActions(store, slack)).toEqual([])
    await letTimePass(store, 2_000)
    expect(await claimOne(store)).toMatchObject({ attempt: 2, outcomeUnknown: true })
  })

  test('holds the later ones of a claim longer: they are worked one after the other', async () => {
    const store = tenant()
    const id = await planned(store, 3)
    expect((await claimActions(store, slack)).map(({ key }) => key).sort()).toEqual([`${id}:0`, `${id}:1`, `${id}:2`])
    await letTimePass(store, 61_000)
    expect((await claimActions(store, slack)).map(({ key }) => key)).toEqual([`${id}:0`])
    await letTimePass(store, 30_000)
    expect((await claimActions(store, slack)).map(({ key }) => key)).toEqual([`${id}:1`])
  })

  test('takes an answer only from whoever holds the action', async () => {
    const store = tenant()
    const id = await planned(store, 1)
    const late = await claimOne(store)
    await letTimePass(store, 61_000)
    const current = await claimOne(store)
    await expect(finishAction(store, late, { state: 'sent', reference: null })).rejects.toMatchObject({
      code: 'E_LEASE_LOST',
    })
    expect((await loadIncident(store, id)).incident.told_at).toBeNull()
    await finishAction(store, current, { state: 'sent', reference: 'ts-1' })
    expect((await loadIncident(store, id)).incident.told_at).toBeInstanceOf(Date)
    expect(await loadActions(store, id)).toMatchObject([{ state: 'sent', result: { reference: 'ts-1' } }])
    await confirmAction(store, `${id}:0`)
    expect(await loadActions(store, id)).toMatchObject([{ state: 'confirmed' }])
  })

  test.each([
    [
      'busy: later',
      { state: 'planned', reason: 'busy', retryInMs: 30_000 },
      31_000,
      { attempt: 2, outcomeUnknown: false },
    ],
    [
      'failed: later',
      { state: 'failed', reason: '500', retryInMs: 30_000 },
      31_000,
      { attempt: 2, outcomeUnknown: false },
    ],
    [
      'unknown: later, marked',
      { state: 'unknown', reason: 'timeout', retryInMs: 30_000 },
      31_000,
      { attempt: 2, outcomeUnknown: true },
    ],
    ['failed for good', { state: 'failed', reason: '404' }, 1e9, null],
    ['unknown for good', { state: 'unknown', reason: 'timeout' }, 1e9, null],
  ] as const)('tries again what is %s', async (_, outcome, wait, expected) => {
    const store = tenant()
    await planned(store, 1)
    await finishAction(store, await claimOne(store), outcome)
    expect(await claimActions(store, slack)).toEqual([])
    await letTimePass(store, wait)
    const again = await claimActions(store, slack)
    if (expected) expect(again).toMatchObject([expected])
    else expect(again).toEqual([])
  })

  test('remembers that an attempt may have gone through', async () => {
    const store = tenant()
    await planned(store, 1)
    await finishAction(store, await claimOne(store), { state: 'unknown', reason: 'timeout', retryInMs: 0 })
    await finishAction(store, await claimOne(store), { state: 'planned', reason: 'busy', retryInMs: 0 })
    expect(await claimOne(store)).toMatchObject({ attempt: 3, outcomeUnknown: true })
  })

  test('gives out what is asked for: by incident and kind', async () => {
    const store = tenant()
    const id = await planned(store, 1)
    expect(await claimActions(store, { ...slack, incident: 'INC-OTHER' })).toEqual([])
    expect(await claimActions(store, { kinds: ['fix', 'ticket'], limit: 10 })).toEqual([])
    expect(await claimActions(store, { ...slack, incident: id })).toHaveLength(1)
  })

  test('counts the fixes that were tried on a target', async () => {
    const store = tenant()
    const id = await openedIn(store)
    const remediation = { template: 'airflow_rerun_dag', target: 'orders', params: {} } as const
    await planAction(store, id, 1, { kind: 'fix', key: 'a', remediation })
    expect(await recentFixes(store, 'orders', 24)).toBe(0)
    await claimActions(store, { kinds: ['fix'], limit: 1 })
    expect(await recentFixes(store, 'orders', 24)).toBe(1)
    await letTimePass(store, 25 * 3_600_000)
    expect(await recentFixes(store, 'orders', 24)).toBe(0)
  })
})

describe('what is due', () => {
  const reminder = { kind: 'reminder', subject: 'INC-1' } as const

  test('is claimed when its time has come, once', async () => {
    const store = tenant()
    await scheduleDue(store, { ...reminder, inMs: 60_000 })
    expect(await claimDue(store, 10)).toEqual([])
    await letTimePass(store, 60_000)
    const claims = await Promise.all(Array.from({ length: 4 }, () => claimDue(store, 10)))
    expect(claims.flat()).toMatchObject([{ ...reminder, attempt: 1 }])
    const [due] = claims.flat()
    await finishDue(store, due ?? expect.fail())
    await letTimePass(store, 1e9)
    expect(await claimDue(store, 10)).toEqual([])
  })

  test('is claimed up to the limit, the longest waiting first', async () => {
    const store = tenant()
    for (const subject of ['c', 'a', 'b']) await scheduleDue(store, { kind: 'quiet', subject, inMs: 0 })
    expect(await claimDue(store, 2)).toHaveLength(2)
    expect((await claimDue(store, 2)).map(({ subject }) => subject)).toEqual(['b'])
  })

  test('is claimed again when its worker died', async () => {
    const store = tenant()
    await scheduleDue(store, { ...reminder, inMs: 0 })
    await claimDue(store, 1)
    expect(await claimDue(store, 1)).toEqual([])
    await letTimePass(store, 120_000)
    expect(await claimDue(store, 1)).toMatchObject([{ attempt: 2 }])
  })

  test('planned anew while it is worked stays', async () => {
    const store = tenant()
    await scheduleDue(store, { ...reminder, inMs: 0 })
    const [due] = await claimDue(store, 1)
    await scheduleDue(store, { ...reminder, inMs: 0 })
    await finishDue(store, due ?? expect.fail())
    expect(await claimDue(store, 1)).toMatchObject([{ attempt: 1 }])
  })

  test('can be put off, counting attempts, and planned only if it is not', async () => {
    const store = tenant()
    await scheduleDue(store, { ...reminder, inMs: 0 })
    const [due] = await claimDue(store, 1)
    await postponeDue(store, due ?? expect.fail(), 60_000)
    await scheduleDue(store, { ...reminder, inMs: 0, ifAbsent: true })
    expect(await claimDue(store, 1)).toEqual([])
    await letTimePass(store, 60_000)
    expect(await claimDue(store, 1)).toMatchObject([{ attempt: 2 }])
    await removeDue(store, 'INC-1', ['quiet'])
    await letTimePass(store, 120_000)
    expect(await claimDue(store, 1)).toMatchObject([{ attempt: 3 }])
  })

  test('is worked by one turn of the clock at a time', async () => {
    const store = tenant()
    const turn = await withClockLock(store, () => withClockLock(store, async () => 'inner'))
    expect(turn).toBe('busy')
    await expect(
      withClockLock(store, async () => {
        throw new Error('broken')
      }),
    ).rejects.toThrow('broken')
    expect(await withClockLock(store, async () => 'free')).toBe('free')
  })
})

describe('an incident', () => {
  test('moves on by compare-and-set', async () => {
    const store = tenant()
    const id = await openedIn(store)
    const moves = await Promise.all(
      Array.from({ length: 4 }, (_, index) => transition(store, id, ['open'], 'analyzing', `worker ${index}`, 'x')),
    )
    expect(moves.filter(Boolean)).toHaveLength(1)
    expect(() => transition(store, id, ['resolved'], 'fixing', 'x', 'x')).toThrow('No incident goes from')
  })

  test.each([
    ['quiet', 'fixing'],
    ['resolve', 'fixing'],
    ['expired', 'notified'],
    ['fixed', 'notified'],
  ] as const)('is not closed as %s while it is %s', async (how, state) => {
    const store = tenant()
    const id = await openedIn(store)
    await decideOn(store, id, { recommended_action: state === 'fixing' ? 'auto_fix' : 'notify_team' })
    expect(await closeIncident(store, id, how, { who: 'x', why: 'x' })).toBe(false)
    expect((await loadIncident(store, id)).incident).toMatchObject({ state, closed_at: null })
  })

  test('is looked at by its first alert and its latest', async () => {
    const store = tenant()
    const alerts = Array.from({ length: 60 }, (_, index) =>
      exampleAlert({ title: `${index}`, external_id: `${index}` }),
    )
    const { incident } = await receive(store, alerts[0] ?? expect.fail())
    for (const alert of alerts.slice(1)) await receive(store, alert)
    const loaded = await loadIncident(store, incident ?? '')
    expect(loaded.alerts.map(({ title }) => Number(title))).toEqual([
      0,
      ...Array.from({ length: 49 }, (_, i) => i + 11),
    ])
    await expect(loadIncident(store, 'INC-NONE')).rejects.toMatchObject({ code: 'E_INCIDENT_UNKNOWN' })
  })
})

describe('history', () => {
  test('tells of the same condition, then of the same asset, and not of others', async () => {
    const store = tenant()
    const end = async (id: string) => closeIncident(store, id, 'manual', { who: 'x', why: 'x' })
    const same = await openedIn(store)
    await decideOn(store, same, { root_cause: 'late source' })
    await end(same)
    const related = await openedIn(store, { fingerprint: 'fp_orders_late', category: 'pipeline_delay' })
    await decideOn(store, related, { recommended_action: 'dismiss', is_incident: false })
    await end(related)
    await openedIn(store, { fingerprint: 'fp_other', asset: { kind: 'dag', name: 'other' } })
    const current = await openedIn(store, { external_id: 'again' })
    const { incident } = await loadIncident(store, current)
    const asked = { fingerprint: incident.fingerprint, assetKey: 'dag|orders||production', excluding: current }
    const found = await similarIncidents(store, { ...asked, category: 'pipeline_failure', title: incident.title }, 5)
    expect(found.map(({ data }) => data)).toMatchObject([
      { incident_id: same, similarity: 1, root_cause: 'late source', outcome: 'resolved' },
      { incident_id: related, similarity: 0.95, outcome: 'false_positive', action: 'dismiss' },
    ])
  })
})

describe('tickets and dead letters', () => {
  test('a ticket of the same key is the same', async () => {
    const store = tenant()
    const ticket = { incident: await openedIn(store), key: 'a', title: 'Look', severity: 'LOW' } as const
    expect(await openTicket(store, ticket)).toBe(await openTicket(store, ticket))
  })

  test('a dead letter is kept once for an execution and task, until it is replayed', async () => {
    const store = tenant()
    const letter = { originalId: 'o', executionId: 'e', flow: 'clock', code: 'E_UNEXPECTED', message: 'm', body: null }
    await addDeadLetter(store, letter)
    await addDeadLetter(store, letter)
    expect(await listDeadLetters(store)).toHaveLength(1)
    expect(await markReplayed(store, { executionId: 'e', task: 'clock' })).toBe(true)
    expect(await markReplayed(store, { executionId: 'e', task: 'clock' })).toBe(false)
    expect(await listDeadLetters(store)).toEqual([])
    expect(await listDeadLetters(store, { all: true })).toHaveLength(1)
  })
})
