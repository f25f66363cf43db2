import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { decideOn, exampleAlert, receive, useTestStore } from '../../tests/support/store.ts'
import type { Alert } from '../domain/alert.ts'
import type { ConditionMemory } from '../domain/condition-memory.ts'
import type { Store } from './connection.ts'
import { giveFeedback } from './feedback.ts'
import { likeQuery, similarIncidents } from './history.ts'
import { closeIncident } from './incidents.ts'
import { sql } from './sql.ts'

const { tenant, database } = useTestStore()

async function past(store: Store, changes: Partial<Alert> = {}): Promise<string> {
  const { incident } = await receive(store, exampleAlert({ external_id: crypto.randomUUID(), ...changes }))
  const id = incident ?? expect.fail()
  await decideOn(store, id)
  await closeIncident(store, id, 'manual', { who: 'x', why: 'x' })
  // Long ago enough to be no flap of the same incident.
  await store.transaction((query) =>
    query.run(sql`update incidents set closed_at = now() - interval '2 hours', opened_at = opened_at - interval '2 hours'
      where id = ${id}`),
  )
  return id
}

const noise = (store: Store, incident: string, who: string, note = '') =>
  giveFeedback(store, { incident, verdict: 'false_alarm', note, who })

/** So that the planner knows how much is there. */
async function analyze(): Promise<void> {
  const owner = new pg.Client({ connectionString: database().ownerUrl })
  await owner.connect()
  await owner.query('analyze incidents, memory_keys, decisions').finally(() => owner.end())
}

function like(changes: Partial<Parameters<typeof likeQuery>[0]> = {}) {
  const { fingerprint, category, title } = exampleAlert()
  return { fingerprint, assetKey: 'dag|orders||production', category, title, excluding: 'none', ...changes }
}

describe('what is remembered', () => {
  test('says what people said, and what their word is worth', async () => {
    const store = tenant()
    const id = await past(store)
    await noise(store, id, 'ann', 'the weekly batch')
    const [one] = await similarIncidents(store, like(), 5)
    expect(one?.data).toMatchObject({
      verdict: 'noise',
      is_incident: false,
      outcome: 'false_positive',
      feedback: 'one person says: it was noise (the weekly batch)',
      memory: { confirmations: 1, people: 1, until: null, severity: 'HIGH' } satisfies Partial<ConditionMemory>,
    })
    await noise(store, await past(store), 'bob')
    const [latest, first] = await similarIncidents(store, like(), 5)
    expect(latest?.data).toMatchObject({ memory: { confirmations: 2, people: 2, until: expect.any(String) } })
    expect(first?.data).not.toHaveProperty('memory')
    await giveFeedback(store, { incident: id, verdict: 'was_real', note: '', who: 'cem' })
    const [after] = await similarIncidents(store, like(), 5)
    expect(after?.data).toMatchObject({ memory: { counterexamples: 1, until: null } })
  })

  test('a person’s latest word counts', async () => {
    const store = tenant()
    const id = await past(store)
    await noise(store, id, 'ann')
    await giveFeedback(store, { incident: id, verdict: 'wrong_cause', note: '', shouldBe: 'the vendor', who: 'ann' })
    const [one] = await similarIncidents(store, like(), 5)
    expect(one?.data).toMatchObject({ verdict: 'real', is_incident: true, outcome: 'resolved' })
    expect(one?.data).not.toHaveProperty('memory')
  })

  test('finds by a title alike, of another asset, only what people judged', async () => {
    const store = tenant()
    const title = 'Load of raw_clicks into the warehouse failed on 2026-11-20'
    const other = { fingerprint: 'fp_clicks', asset: { kind: 'dag' as const, name: 'clicks', system: null }, title }
    const judged = await past(store, other)
    await past(store, { ...other, fingerprint: 'fp_unjudged', asset: { kind: 'dag', name: 'views', system: null } })
    await past(store, {
      fingerprint: 'fp_far',
      title: 'Certificate expires',
      asset: { kind: 'dag', name: 'far', system: null },
    })
    await noise(store, judged, 'ann')
    const asked = like({
      fingerprint: 'fp_new',
      assetKey: null,
      title: 'Load of raw_click into the warehouse failed on 2026-11-26',
    })
    const found = await similarIncidents(store, asked, 5)
    expect(found.map(({ data }) => data)).toMatchObject([{ incident_id: judged, verdict: 'noise' }])
    expect(found[0]?.data).not.toHaveProperty('memory')
  })

  test('of another tenant is not remembered', async () => {
    const [store, other] = [tenant(), tenant()]
    await noise(store, await past(store), 'ann')
    expect(await similarIncidents(other, like(), 5)).toEqual([])
  })

  test('is found by indexes alone, under row-level security', async () => {
    const store = tenant()
    const id = await past(store)
    await noise(store, id, 'ann')
    await store.transaction((query) =>
      query.run(
        sql`insert into incidents (tenant, id, fingerprint, asset_key, state, severity, claimed_severity, category, title,
              source, opened_at, closed_at, closed_how)
            select tenant, 'I' || nth, 'fp' || nth, 'asset' || nth % 500, 'resolved', 'LOW', 'LOW', category,
              'Load ' || nth || ' failed', source, now() - make_interval(mins => nth), now(), 'quiet'
            from incidents, generate_series(1, 2000) as nth where id = ${id}`,
      ),
    )
    await analyze()
    await store.transaction((query) =>
      query.run(
        sql`insert into memory_keys select tenant, key, opened_at, id from incidents, unnest(title_keys(id)) as key
            on conflict do nothing`,
      ),
    )
    await analyze()
    const plan = await store.transaction(async (query) => {
      // So few rows are cheaper to read as they lie; whether an index can be used is what is asked.
      await query.run(sql`set local enable_seqscan = off`)
      const { text, values } = likeQuery(like(), 5)
      const explained = { ...sql``, text: `explain ${text}`, values }
      return query.rows(z.object({ 'QUERY PLAN': z.string() }), explained)
    })
    const lines = plan.map((line) => line['QUERY PLAN']).join('\n')
    expect(lines).not.toMatch(/Seq Scan on (?:memory_keys|incidents)/)
    // The key itself is looked up: an index on the tenant alone would read all that is remembered.
    expect(lines).toMatch(/memory_keys_pkey[\s\S]*Index Cond: \(\(tenant = .*\) AND \(key = keys\.key\)\)/)
    expect(lines).toMatch(/Index Cond: \(\(tenant = .*\) AND \(fingerprint = .*\)\)/)
    expect(lines).toMatch(/Index Cond: \(\(tenant = .*\) AND \(asset_key = .*\)\)/)
  })
})
