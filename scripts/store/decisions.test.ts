import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  decideOn,
  exampleAlert,
  exampleDecision,
  exampleMessage,
  exampleProposal,
  letTimePass,
  receive,
  record,
  useTestStore,
} from '../../tests/support/store.ts'
import { loadActions } from './actions.ts'
import { accountOfAlerts } from './books.ts'
import type { Store } from './connection.ts'
import { beginAnalysis, decide, loadDecision, loadProposal, saveProposal } from './decisions.ts'
import { claimDispatch, countUndispatched, releaseDispatch } from './dispatch.ts'
import { loadEvidence, saveEvidence } from './evidence.ts'
import { beginVerifying, escalateFix, loadFix, resolveFix } from './fixes.ts'
import { loadIncident, loadTimeline } from './incidents.ts'
import { sql } from './sql.ts'
import { listTickets } from './tickets.ts'

const { tenant } = useTestStore()
const proposal = { proposal: exampleProposal(), record }
const lost = { code: 'E_LEASE_LOST' }

async function openedIn(store: Store): Promise<string> {
  const { incident } = await receive(store, exampleAlert())
  return incident ?? expect.fail()
}

function dueIn(store: Store, subject: string): Promise<Record<string, number>> {
  return store.transaction(async (query) => {
    const rows = await query.rows(
      z.object({ kind: z.string(), minutes: z.number() }),
      sql`select kind, round(extract(epoch from due_at - now()) / 60)::int as minutes from due where subject = ${subject}`,
    )
    return Object.fromEntries(rows.map(({ kind, minutes }) => [kind, minutes]))
  })
}

describe('the lease of an analysis', () => {
  test('is one execution’s at a time', async () => {
    const store = tenant()
    const id = await openedIn(store)
    const taken = await Promise.all(['a', 'b', 'c', 'd'].map((holder) => beginAnalysis(store, id, holder)))
    expect(taken.filter((lease) => lease !== null)).toEqual([{ revision: 1 }])
  })

  test('is given back to the same execution', async () => {
    const store = tenant()
    const id = await openedIn(store)
    expect(await beginAnalysis(store, id, 'a')).toEqual({ revision: 1 })
    expect(await beginAnalysis(store, id, 'a')).toEqual({ revision: 1 })
  })

  test('is taken over once it ran out; what the first one writes then fails', async () => {
    const store = tenant()
    const id = await openedIn(store)
    await beginAnalysis(store, id, 'first')
    await saveProposal(store, id, 'first', proposal)
    await letTimePass(store, 181_000)
    expect(await beginAnalysis(store, id, 'second')).toEqual({ revision: 1 })
    await expect(saveProposal(store, id, 'first', proposal)).rejects.toMatchObject(lost)
    const late = {
      incident: id,
      token: 'first',
      decision: exampleDecision(),
      actions: [{ kind: 'slack', key: 'late' }],
    }
    await expect(decide(store, late)).rejects.toMatchObject(lost)
    expect(await loadActions(store, id)).toEqual([])
    await saveProposal(store, id, 'second', proposal)
    expect(await decide(store, { ...late, token: 'second', actions: [] })).toEqual(exampleDecision())
  })

  test('that ran out still counts while nobody else takes it', async () => {
    const store = tenant()
    const id = await openedIn(store)
    await beginAnalysis(store, id, 'slow')
    await letTimePass(store, 600_000)
    await saveProposal(store, id, 'slow', proposal)
  })

  test('is not given for what is decided, closed or unknown', async () => {
    const store = tenant()
    const id = await openedIn(store)
    await decideOn(store, id)
    expect(await beginAnalysis(store, id, 'late')).toBeNull()
    await receive(store, exampleAlert({ status: 'resolved' }))
    expect(await beginAnalysis(store, id, 'later')).toBeNull()
    await expect(beginAnalysis(store, 'INC-NONE', 'x')).rejects.toMatchObject({ code: 'E_INCIDENT_UNKNOWN' })
  })

  test('ends with the incident: a resolve while it is analysed lets nothing leave', async () => {
    const store = tenant()
    const id = await openedIn(store)
    await beginAnalysis(store, id, 'a')
    await saveProposal(store, id, 'a', proposal)
    await receive(store, exampleAlert({ status: 'resolved' }))
    const decision = { incident: id, token: 'a', decision: exampleDecision(), actions: [{ kind: 'slack', key: 'k' }] }
    await expect(decide(store, decision)).rejects.toMatchObject(lost)
    expect(await loadActions(store, id)).toEqual([])
  })
})

describe('an incident nobody analyses', () => {
  test('is given out again when the flow that was told did not start', async () => {
    const store = tenant()
    const id = await openedIn(store)
    expect(await countUndispatched(store)).toBe(0)
    expect(await releaseDispatch(store, id)).toBe(true)
    expect(await claimDispatch(store)).toEqual({ incident: id, left: 0 })
  })

  test('is given out again when its analysis died, and not while it goes on', async () => {
    const store = tenant()
    const id = await openedIn(store)
    await beginAnalysis(store, id, 'dies')
    expect(await releaseDispatch(store, id)).toBe(true)
    expect(await countUndispatched(store)).toBe(0)
    await letTimePass(store, 301_000)
    expect(await claimDispatch(store)).toEqual({ incident: id, left: 0 })
    await decideOn(store, id)
    expect(await releaseDispatch(store, id)).toBe(false)
  })
})

describe('a decision', () => {
  test.each([
    ['act', 'dismiss', 'dismissed', 'dismissed', ['dismissed_expiry', 'quiet']],
    ['act', 'log_only', 'logged', 'logged', ['quiet']],
    ['act', 'notify_team', 'notified', 'notified', ['quiet', 'reminder']],
    ['act', 'auto_fix', 'fixing', null, ['fix', 'page_deadline', 'quiet']],
    ['notify', 'dismiss', 'dismissed', 'would_dismiss', ['dismissed_expiry', 'quiet']],
    ['observe', 'notify_team', 'logged', 'observed', ['quiet']],
    ['observe', 'dismiss', 'dismissed', 'observed', ['dismissed_expiry', 'quiet']],
  ] as const)('in mode %s to %s: %s', async (mode, action, state, end, due) => {
    const store = tenant()
    const id = await openedIn(store)
    await receive(store, exampleAlert({ external_id: 'on top' }))
    await decideOn(store, id, { mode, recommended_action: action }, [{ kind: 'slack', key: 'message' }])
    expect((await loadIncident(store, id)).incident).toMatchObject({ state, decided_at: expect.any(Date) })
    expect(Object.keys(await dueIn(store, id)).sort()).toEqual(due)
    expect(await loadActions(store, id)).toHaveLength(mode === 'observe' ? 0 : 1)
    expect(await listTickets(store)).toHaveLength(action === 'log_only' ? 1 : 0)
    const { byEndState, open } = await accountOfAlerts(store)
    if (end) expect(byEndState).toMatchObject({ [end]: 1, folded: 1 })
    else expect(open).toBe(2)
  })

  test('made again by the same execution is the first one, and plans nothing twice', async () => {
    const store = tenant()
    const id = await openedIn(store)
    const actions = [{ kind: 'slack', key: `${id}:1:slack:decision`, message: exampleMessage(id) }]
    const first = await decideOn(store, id, {}, actions)
    const timeline = await loadTimeline(store, id)
    const again = { incident: id, token: `execution of ${id}`, decision: exampleDecision({ severity: 'LOW' }), actions }
    expect(await decide(store, again)).toEqual(first)
    expect(await loadDecision(store, id)).toEqual(first)
    expect(await loadActions(store, id)).toHaveLength(1)
    expect(await loadTimeline(store, id)).toEqual(timeline)
    // The task before it, run again, does no harm either.
    await saveProposal(store, id, `execution of ${id}`, proposal)
  })

  test('made by two attempts at once is one', async () => {
    const store = tenant()
    const id = await openedIn(store)
    await beginAnalysis(store, id, 'a')
    await saveProposal(store, id, 'a', proposal)
    const both = await Promise.all(
      (['HIGH', 'LOW'] as const).map((severity) =>
        decide(store, {
          incident: id,
          token: 'a',
          decision: exampleDecision({ severity }),
          actions: [{ kind: 'slack', key: 'message' }],
        }),
      ),
    )
    expect(both[0]).toEqual(both[1])
    expect(await loadActions(store, id)).toHaveLength(1)
  })

  test('sets its severity, and is reminded of by tier', async () => {
    const store = tenant()
    const id = await openedIn(store)
    await saveEvidence(store, id, 1, [
      { id: 'ev_1', source: 'catalog', kind: 'catalog_entry', summary: 'Tier 2.', data: { asset: 'orders', tier: 2 } },
      { id: 'ev_2', source: 'catalog', kind: 'catalog_entry', summary: 'Tier 1.', data: { asset: 'sales', tier: 1 } },
    ])
    await decideOn(store, id, { severity: 'CRITICAL' })
    expect((await loadIncident(store, id)).incident.severity).toBe('CRITICAL')
    expect(await dueIn(store, id)).toMatchObject({ reminder: 60 })
  })

  test('needs a proposal', async () => {
    const store = tenant()
    const id = await openedIn(store)
    await expect(loadProposal(store, id, 1, 'a')).rejects.toMatchObject(lost)
    expect(await loadDecision(store, id)).toBeNull()
  })
})

describe('evidence', () => {
  test('is replaced as a whole, and keeps its order', async () => {
    const store = tenant()
    const id = await openedIn(store)
    const item = (name: string) =>
      ({ id: name, source: 'alert', kind: 'metric', summary: name, data: { name, value: 1 } }) as const
    await saveEvidence(store, id, 1, ['ev_1', 'ev_2', 'ev_3'].map(item))
    await saveEvidence(store, id, 1, ['ev_10', 'ev_2'].map(item))
    expect((await loadEvidence(store, id)).map((found) => found.id)).toEqual(['ev_10', 'ev_2'])
    await saveEvidence(store, id, 1, [])
    expect(await loadEvidence(store, id, 1)).toEqual([])
  })
})

describe('a fix', () => {
  const remediation = { template: 'airflow_clear_task', target: 'orders.load', params: { dag_id: 'orders' } } as const
  async function fixing(store: Store): Promise<string> {
    const id = await openedIn(store)
    await decideOn(store, id, { recommended_action: 'auto_fix', remediation }, [
      { kind: 'fix', key: 'fix', remediation },
    ])
    return id
  }

  test('is verified, and resolves', async () => {
    const store = tenant()
    const id = await fixing(store)
    expect(await loadFix(store, id)).toMatchObject({
      key: 'fix',
      revision: 1,
      remediation,
      state: 'planned',
      detail: null,
      underWay: true,
      overdue: false,
      abandoned: false,
      planned_at: expect.any(Date),
    })
    await beginVerifying(store, id, 'cleared')
    await beginVerifying(store, id, 'cleared')
    expect(Object.keys(await dueIn(store, id)).sort()).toEqual(['page_deadline', 'quiet', 'verify'])
    const told = [{ kind: 'slack', key: 'fixed', message: exampleMessage(id, { occasion: 'fixed' }) }]
    await resolveFix(store, id, 1, 'well', told)
    await resolveFix(store, id, 1, 'well', told)
    expect((await loadIncident(store, id)).incident).toMatchObject({ state: 'resolved', closed_how: 'fixed' })
    expect(await loadFix(store, id)).toMatchObject({ state: 'cancelled', underWay: false })
    expect((await loadActions(store, id)).map(({ key, state }) => [key, state])).toEqual([
      ['fix', 'cancelled'],
      ['fixed', 'planned'],
    ])
    expect((await accountOfAlerts(store)).byEndState.fixed).toBe(1)
    expect((await loadTimeline(store, id)).map(({ to_state }) => to_state)).toEqual([
      'open',
      'analyzing',
      'fixing',
      'verifying',
      'resolved',
    ])
  })

  test('that takes too long is overdue', async () => {
    const store = tenant()
    const id = await fixing(store)
    await letTimePass(store, 31 * 60_000)
    expect(await loadFix(store, id)).toMatchObject({ overdue: true })
  })

  const refusedWith = (key: string) => ({
    why: 'refused',
    outcome: 'not_run' as const,
    messages: async () => [{ kind: 'slack', key }],
  })

  test('that did not help is people’s', async () => {
    const store = tenant()
    const id = await fixing(store)
    await escalateFix(store, id, 1, refusedWith('escalated'))
    await escalateFix(store, id, 1, refusedWith('escalated again'))
    expect((await loadIncident(store, id)).incident).toMatchObject({ state: 'escalated', closed_at: null })
    expect(Object.keys(await dueIn(store, id)).sort()).toEqual(['quiet', 'reminder'])
    expect((await loadActions(store, id)).map(({ key }) => key)).toEqual(['fix', 'escalated'])
    expect((await accountOfAlerts(store)).byEndState.notified).toBe(1)
  })

  test('that did not help, of what is well by itself, is told and over', async () => {
    const store = tenant()
    const id = await fixing(store)
    await receive(store, exampleAlert({ status: 'resolved' }))
    await escalateFix(store, id, 1, refusedWith('escalated'))
    expect((await loadIncident(store, id)).incident).toMatchObject({ state: 'resolved', closed_how: 'resolve' })
    expect((await loadActions(store, id)).find(({ key }) => key === 'escalated')?.state).toBe('planned')
  })
})
