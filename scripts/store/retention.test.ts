import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { decideOn, exampleAlert, exampleMessage, receive, useTestStore } from '../../tests/support/store.ts'
import { planAction } from './actions.ts'
import { openStore, type Store } from './connection.ts'
import { addDeadLetter } from './dead-letters.ts'
import { saveEvidence } from './evidence.ts'
import { closeIncident } from './incidents.ts'
import { clearBodies, dropEvidence, retireDeliveries, retireIncidents } from './retention.ts'
import { sql } from './sql.ts'

const { tenant, database } = useTestStore()
const day = 86_400_000

/** Each condition is of an asset of its own, so that none folds into another one's incident. */
function alertOf(fingerprint: string) {
  return exampleAlert({ fingerprint, asset: { kind: 'dag', name: fingerprint } })
}

/** An incident with all that belongs to one, closed. */
async function closedIncident(store: Store, fingerprint: string): Promise<string> {
  const { incidents } = await receive(store, alertOf(fingerprint), `execution-${fingerprint}`)
  const id = incidents[0] ?? ''
  await decideOn(store, id, {})
  await saveEvidence(store, id, 1, [
    {
      id: 'ev_1',
      source: 'airflow',
      kind: 'unavailable',
      summary: 'No answer.',
      data: { system: 'airflow', reason: 'x' },
    },
  ])
  await planAction(store, id, 1, { kind: 'slack', key: `${id}:1:slack`, message: exampleMessage(id) })
  await closeIncident(store, id, 'resolve', { who: 'test', why: 'it is over' })
  return id
}

/** As the owner, who may: moves all of the tenant's times into the past. */
async function age(store: Store, ms: number): Promise<void> {
  await using owner = openStore(database().ownerUrl, store.tenant)
  await owner.transaction(async (query) => {
    await query.run(sql`update raw_payloads set received_at = received_at - make_interval(secs => ${ms / 1000})`)
    await query.run(sql`update incidents set closed_at = closed_at - make_interval(secs => ${ms / 1000})`)
    await query.run(sql`update dead_letters set replayed_at = replayed_at - make_interval(secs => ${ms / 1000})`)
  })
}

async function counts(store: Store): Promise<Record<string, number>> {
  const row = await store.transaction((query) =>
    query.first(
      z.record(z.string(), z.number()),
      sql`select (select count(*)::int from raw_payloads where body <> '') as bodies,
            (select count(*)::int from raw_payloads) as deliveries, (select count(*)::int from alerts) as alerts,
            (select count(*)::int from incidents) as incidents, (select count(*)::int from evidence) as evidence,
            (select count(*)::int from decisions) as decisions, (select count(*)::int from actions) as actions,
            (select count(*)::int from transitions) as timeline`,
    ),
  )
  return row ?? {}
}

describe('retention', () => {
  it('empties old bodies and keeps what was read from them', async () => {
    const store = tenant()
    await closedIncident(store, 'fp_body_old')
    expect(await clearBodies(store, 30, 10)).toBe(0)
    await age(store, 31 * day)
    await closedIncident(store, 'fp_body_new')
    expect(await clearBodies(store, 30, 10)).toBe(1)
    expect(await clearBodies(store, 30, 10)).toBe(0)
    expect(await counts(store)).toMatchObject({ bodies: 1, deliveries: 2, alerts: 2, incidents: 2, evidence: 2 })
  })

  it('never empties a body whose alert has no end, or that waits for a replay', async () => {
    const store = tenant()
    await receive(store, alertOf('fp_undecided'), 'execution-undecided')
    await closedIncident(store, 'fp_ended')
    const letter = { executionId: 'execution-fp_ended', task: 'receive', code: 'E', message: 'm', body: '{"a":1}' }
    await store.transaction((query) => addDeadLetter(query, { ...letter, originalId: 'execution-fp_ended' }))
    await age(store, 400 * day)
    expect(await clearBodies(store, 30, 10)).toBe(0)
    await store.transaction((query) => query.run(sql`update dead_letters set replayed_at = now()`))
    expect(await clearBodies(store, 30, 10)).toBe(1)
    expect(await clearBodies(store, 30, 10)).toBe(0)
    await age(store, 31 * day)
    expect(await clearBodies(store, 30, 10)).toBe(1)
  })

  it('drops evidence of incidents long closed, and their decisions later', async () => {
    const store = tenant()
    const first = await closedIncident(store, 'fp_first')
    await age(store, 91 * day)
    const second = await closedIncident(store, 'fp_second')
    await store.transaction((query) => query.run(sql`update incidents set merged_into = ${first} where id = ${second}`))
    expect(await dropEvidence(store, 90, 10)).toBe(1)
    expect(await counts(store)).toMatchObject({ evidence: 1, decisions: 2 })
    await age(store, 400 * day)
    expect(await retireIncidents(store, 400, 1)).toBe(1)
    expect(await counts(store)).toMatchObject({ incidents: 1, decisions: 1, actions: 1, alerts: 1, deliveries: 2 })
    expect(await retireIncidents(store, 400, 10)).toBe(1)
    expect(await retireDeliveries(store, 400, 10)).toBe(2)
    const nothing = { bodies: 0, deliveries: 0, alerts: 0, incidents: 0, evidence: 0, decisions: 0, actions: 0 }
    expect(await counts(store)).toEqual({ ...nothing, timeline: 0 })
  })

  it('leaves alone what is open, what is younger, and what is another tenant’s', async () => {
    const [store, other] = [tenant(), tenant()]
    await receive(store, alertOf('fp_open_still'), 'execution-open')
    await closedIncident(other, 'fp_of_other')
    await age(store, 800 * day)
    await age(other, 800 * day)
    expect(await retireIncidents(store, 400, 10)).toBe(0)
    expect(await retireDeliveries(store, 400, 10)).toBe(0)
    expect(await counts(other)).toMatchObject({ incidents: 1 })
  })

  it('holds itself to 30 days, and the product’s role to these ways', async () => {
    const store = tenant()
    await expect(clearBodies(store, 0, 10)).rejects.toThrow()
    await expect(retireIncidents(store, 3, 10)).rejects.toThrow()
    await expect(retireDeliveries(store, 3, 10)).rejects.toThrow()
    await expect(store.transaction((query) => query.run(sql`delete from incidents`))).rejects.toThrow()
    await expect(
      store.transaction((query) => query.first(z.object({}), sql`select * from erase_everywhere(array['text'], true)`)),
    ).rejects.toThrow()
  })
})
