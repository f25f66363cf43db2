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
import type { Alert, Asset } from '../domain/alert.ts'
import { Incident } from '../domain/incident.ts'
import { loadActions } from './actions.ts'
import { accountOfAlerts } from './books.ts'
import type { Store } from './connection.ts'
import { beginVerifying, escalateFix } from './fixes.ts'
import { regroupIncident } from './folding.ts'
import { incidentColumns, loadIncident, loadTimeline } from './incidents.ts'
import { replaceLineage } from './lineage.ts'
import { claimActions, finishAction } from './outbox.ts'
import { sql } from './sql.ts'

const { tenant } = useTestStore()

/** raw → stage → mart → report, and a second source of mart. */
const edges = [
  { upstream: 'raw', downstream: 'stage' },
  { upstream: 'stage', downstream: 'mart' },
  { upstream: 'vendor', downstream: 'mart' },
  { upstream: 'mart', downstream: 'report' },
]

async function withLineage(): Promise<Store> {
  const store = tenant()
  await replaceLineage(store, 'catalog', '1', edges)
  return store
}

let runs = 0
/** A condition of an asset of the lineage; every call is another delivery. */
function about(name: string, changes: Partial<Alert> & { check?: string } = {}): Alert {
  runs += 1
  const { check = 'late', ...rest } = changes
  const asset: Asset = { kind: 'dashboard', name }
  return exampleAlert({
    fingerprint: `fp_${name}_${check}`,
    title: `${name} is ${check}`,
    asset,
    external_id: `${runs}`,
    ...rest,
  })
}
const over = (name: string, changes: Partial<Alert> & { check?: string } = {}) =>
  about(name, { status: 'resolved', ...changes })

function open(store: Store): Promise<Incident[]> {
  return store.transaction((query) =>
    query.rows(Incident, sql`select ${incidentColumns} from incidents where closed_at is null order by opened_at, id`),
  )
}

async function onlyOpen(store: Store): Promise<Incident> {
  const all = await open(store)
  expect(all).toHaveLength(1)
  return all[0] ?? expect.fail()
}

function conditions(store: Store, incident: string): Promise<string[]> {
  return store.transaction(async (query) => {
    const rows = await query.rows(
      z.object({ fingerprint: z.string() }),
      sql`select fingerprint from conditions where incident = ${incident} and resolved_at is null order by fingerprint`,
    )
    return rows.map(({ fingerprint }) => fingerprint)
  })
}

/** Somebody was told of it. */
async function tell(store: Store, incident: string): Promise<void> {
  await decideOn(store, incident, {}, [{ kind: 'slack', key: incident, message: exampleMessage(incident) }])
  const [action] = await claimActions(store, { incident, kinds: ['slack'], limit: 1 })
  await finishAction(store, action ?? expect.fail(), { state: 'sent', reference: null })
}

async function dueKinds(store: Store, subject: string): Promise<string[]> {
  const rows = await store.transaction((query) =>
    query.rows(z.object({ kind: z.string() }), sql`select kind from due where subject = ${subject} order by kind`),
  )
  return rows.map(({ kind }) => kind)
}

describe('another condition of an asset', () => {
  test('joins its open incident; people who know are not told again', async () => {
    const store = tenant()
    const { incident } = await receive(store, about('mart'))
    await decideOn(store, incident ?? '')
    expect(await receive(store, about('mart', { check: 'empty' }))).toMatchObject({ count: 0 })
    expect(await onlyOpen(store)).toMatchObject({ id: incident, revision: 1, occurrences: 2 })
  })

  test('has what was found harmless looked at again', async () => {
    const store = tenant()
    const { incident } = await receive(store, about('mart'))
    await decideOn(store, incident ?? '', { recommended_action: 'log_only' })
    expect(await receive(store, about('mart', { check: 'empty' }))).toMatchObject({ count: 1, incident })
  })

  test('does not join a dismissal: that one speaks of its own condition', async () => {
    const store = tenant()
    const { incident } = await receive(store, about('mart'))
    await decideOn(store, incident ?? '', { recommended_action: 'dismiss', is_incident: false })
    expect(await receive(store, about('mart', { check: 'empty' }))).toMatchObject({ count: 1 })
    expect(await open(store)).toHaveLength(2)
  })

  test('half an hour later is another incident', async () => {
    const store = tenant()
    await receive(store, about('mart'))
    await letTimePass(store, 31 * 60_000)
    expect(await receive(store, about('mart', { check: 'empty' }))).toMatchObject({ count: 1 })
  })

  test('a task and its DAG are one asset', async () => {
    const store = tenant()
    const task: Asset = { kind: 'task', name: 'orders.load', native: { dag_id: 'Orders', task_id: 'load' } }
    await receive(store, about('task', { asset: task }))
    await receive(store, about('dag', { asset: { kind: 'dag', name: 'orders' } }))
    await onlyOpen(store)
  })

  test.each([
    ['another Airflow', { asset: { kind: 'dag', name: 'orders', system: 'airflow_b' } }],
    ['another environment', { environment: 'staging' }],
    ['no environment that is told', { environment: null }],
    ['another kind', { asset: { kind: 'table', name: 'orders', system: 'airflow_a' } }],
  ] as const)('the same name in %s never meets it', async (_, changes) => {
    const store = tenant()
    const asset: Asset = { kind: 'dag', name: 'orders', system: 'airflow_a' }
    await replaceLineage(store, 'catalog', '1', [{ upstream: 'orders', downstream: 'mart' }])
    await receive(store, about('orders', { asset }))
    await receive(store, about('orders', { check: 'other', asset, ...changes }))
    expect(await open(store)).toHaveLength(2)
  })
})

describe('an incident of several conditions', () => {
  test('closes with the last of them', async () => {
    const store = await withLineage()
    await receive(store, [about('raw'), about('stage'), about('mart')])
    const { id } = await onlyOpen(store)
    await receive(store, over('raw'))
    await receive(store, over('raw'))
    await receive(store, over('stage'))
    expect(await conditions(store, id)).toEqual(['fp_mart_late'])
    await receive(store, over('mart'))
    expect(await open(store)).toEqual([])
    expect((await loadIncident(store, id)).incident).toMatchObject({ closed_how: 'resolve' })
    expect((await accountOfAlerts(store, { overdueAfterMs: -60_000 })).unfinished).toEqual([])
  })

  test('takes a condition back that fires again while others still do', async () => {
    const store = await withLineage()
    await receive(store, [about('raw'), about('stage')])
    const { id } = await onlyOpen(store)
    await receive(store, over('raw', { ended_at: '2026-11-20T07:30:00.000Z' }))
    await receive(store, about('raw', { started_at: '2026-11-20T07:35:00.000Z' }))
    expect(await onlyOpen(store)).toMatchObject({ id, occurrences: 3 })
    expect(await conditions(store, id)).toEqual(['fp_raw_late', 'fp_stage_late'])
  })

  test('that succeeds in one asset goes on for the others', async () => {
    const store = await withLineage()
    await receive(store, [about('raw'), about('stage')])
    await receive(store, about('raw', { status: 'info', check: 'fine', labels: { outcome: 'success' } }))
    const { id } = await onlyOpen(store)
    expect(await conditions(store, id)).toEqual(['fp_stage_late'])
  })
})

describe('a more upstream alert', () => {
  test('that comes late becomes the root, and the incident is decided once again', async () => {
    const store = await withLineage()
    const { incident } = await receive(store, about('report'))
    await tell(store, incident ?? '')
    expect(await receive(store, about('raw'))).toMatchObject({ count: 1, incident })
    expect(await onlyOpen(store)).toMatchObject({
      id: incident,
      fingerprint: 'fp_raw_late',
      title: 'raw is late',
      revision: 2,
    })
    await decideOn(store, incident ?? '', {}, [], 'again')
    expect(await receive(store, about('stage'))).toMatchObject({ count: 0 })
    expect(await onlyOpen(store)).toMatchObject({ fingerprint: 'fp_raw_late', revision: 2 })
  })

  test('merges what was apart: the older one goes on, and who was told of the other hears where', async () => {
    const store = await withLineage()
    const first = await receive(store, about('stage'))
    const second = await receive(store, about('vendor'))
    await tell(store, first.incident ?? '')
    await tell(store, second.incident ?? '')
    await decideOn(store, second.incident ?? '', {}, [{ kind: 'slack', key: 'never', message: exampleMessage('x') }])
    await receive(store, about('mart'))
    const { id } = await onlyOpen(store)
    expect(id).toBe(first.incident)
    const { incident: merged } = await loadIncident(store, second.incident ?? '')
    expect(merged).toMatchObject({ state: 'resolved', closed_how: 'expired', merged_into: id })
    expect(await dueKinds(store, merged.id)).toEqual(['merged_notice'])
    expect(await conditions(store, id)).toEqual(['fp_mart_late', 'fp_stage_late', 'fp_vendor_late'])
    expect((await loadIncident(store, id)).alerts).toHaveLength(3)
    expect((await loadTimeline(store, merged.id)).at(-1)?.why).toContain(id)
  })

  test('cancels what the merged incident had planned', async () => {
    const store = await withLineage()
    await receive(store, about('stage'))
    const second = await receive(store, about('vendor'))
    await decideOn(store, second.incident ?? '', {}, [{ kind: 'slack', key: 'planned' }])
    await receive(store, about('mart'))
    expect(await loadActions(store, second.incident ?? '')).toMatchObject([{ state: 'cancelled' }])
    expect(await dueKinds(store, second.incident ?? '')).toEqual([])
  })

  test('changes nothing while a fix runs; what lies downstream joins it', async () => {
    const store = await withLineage()
    const { incident } = await receive(store, about('stage'))
    await decideOn(store, incident ?? '', { recommended_action: 'auto_fix' })
    expect(await receive(store, about('mart'))).toMatchObject({ count: 0 })
    const upstream = await receive(store, about('raw'))
    expect(await open(store)).toMatchObject([
      { id: incident, state: 'fixing', fingerprint: 'fp_stage_late', revision: 1 },
      { id: upstream.incident, state: 'open', fingerprint: 'fp_raw_late' },
    ])
    expect(await dueKinds(store, upstream.incident ?? '')).toContain('regroup')
    expect(await regroupIncident(store, upstream.incident ?? '')).toEqual({ waits: true })
    await beginVerifying(store, incident ?? '', 'cleared')
    await escalateFix(store, incident ?? '', 1, { why: 'it failed again', outcome: 'bad', messages: async () => [] })
    expect(await regroupIncident(store, upstream.incident ?? '')).toEqual({ waits: false })
    expect(await onlyOpen(store)).toMatchObject({
      id: incident,
      state: 'open',
      fingerprint: 'fp_raw_late',
      revision: 2,
    })
  })
})

describe('fifty alerts over one lineage', () => {
  const nodes = ['raw', 'stage', 'vendor', 'mart', 'report']

  test('at once are one incident', async () => {
    const store = await withLineage()
    const alerts = Array.from({ length: 50 }, (_, index) =>
      about(nodes[index % nodes.length] ?? '', { check: `${index % 10}` }),
    )
    await Promise.all(alerts.map((alert) => receive(store, alert)))
    const incident = await onlyOpen(store)
    expect(incident).toMatchObject({ occurrences: 50, fingerprint: 'fp_raw_0' })
    expect(await conditions(store, incident.id)).toHaveLength(10)
    await Promise.all(alerts.map((alert) => receive(store, { ...alert, status: 'resolved' })))
    expect(await open(store)).toEqual([])
    const { unfinished, alerts: kept } = await accountOfAlerts(store, { overdueAfterMs: -60_000 })
    expect({ unfinished, kept }).toEqual({ unfinished: [], kept: 100 })
  })

  test('in any order, one by one or several at a time, end as the same incident', async () => {
    const alerts = nodes.flatMap((name) => [about(name), about(name, { check: 'empty', severity: 'LOW' })])
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(alerts, { minLength: alerts.length }),
        fc.integer({ min: 1, max: 5 }),
        async (order, atOnce) => {
          const store = await withLineage()
          for (let start = 0; start < order.length; start += atOnce)
            await Promise.all(order.slice(start, start + atOnce).map((alert) => receive(store, alert)))
          const incident = await onlyOpen(store)
          expect(incident).toMatchObject({ fingerprint: 'fp_raw_late', occurrences: 10, severity: 'HIGH' })
          expect(await conditions(store, incident.id)).toEqual(alerts.map(({ fingerprint }) => fingerprint).sort())
          await store.close()
        },
      ),
      { numRuns: 12 },
    )
  })
})

describe('firing again soon after its end', () => {
  test('is the same incident, decided again the first time, and then quietly open', async () => {
    const store = tenant()
    const { incident } = await receive(store, about('mart'))
    const id = incident ?? ''
    await tell(store, id)
    await receive(store, over('mart'))
    expect(await dueKinds(store, id)).toEqual(['resolved_notice'])
    expect(await receive(store, about('mart'))).toMatchObject({ count: 1, incident })
    expect(await onlyOpen(store)).toMatchObject({ id, state: 'open', flaps: 1, revision: 2 })
    expect(await dueKinds(store, id)).not.toContain('resolved_notice')
    await decideOn(store, id, {}, [], 'again')
    await receive(store, over('mart'))
    expect(await receive(store, about('mart'))).toMatchObject({ count: 0 })
    expect(await onlyOpen(store)).toMatchObject({ id, state: 'notified', flaps: 2, revision: 2, closed_at: null })
  })

  test('a quarter of an hour later is another one', async () => {
    const store = tenant()
    const { incident } = await receive(store, about('mart'))
    await receive(store, over('mart'))
    await letTimePass(store, 15 * 60_000)
    await receive(store, about('mart'))
    expect((await onlyOpen(store)).id).not.toBe(incident)
  })
})
