import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { decideOn, exampleAlert, exampleMessage, receive, useTestStore } from '../../tests/support/store.ts'
import { planAction } from './actions.ts'
import { appendAudit } from './audit.ts'
import { openStore, type Store } from './connection.ts'
import { eraseText, variantsOf } from './erase.ts'
import { loadIncident } from './incidents.ts'
import { sql } from './sql.ts'

const { tenant, database } = useTestStore()
const person = 'Jörg "Joe" Ööl'

async function withOwner<T>(store: Store, work: (owner: Store) => Promise<T>): Promise<T> {
  await using owner = openStore(database().ownerUrl, store.tenant)
  return await work(owner)
}

/** Everything the tenant's tables hold, as text. */
function everything(store: Store): Promise<string> {
  return store.transaction(async (query) => {
    const row = await query.first(
      z.object({ all: z.string() }),
      sql`select concat((select string_agg(t::text, ' ') from raw_payloads t), (select string_agg(t::text, ' ') from alerts t),
            (select string_agg(t::text, ' ') from incidents t), (select string_agg(t::text, ' ') from actions t),
            (select string_agg(t::text, ' ') from transitions t), (select string_agg(t::text, ' ') from decisions t)) as all`,
    )
    return row?.all ?? ''
  })
}

async function filled(): Promise<{ store: Store; id: string }> {
  const store = tenant()
  const alert = exampleAlert({
    title: `orders failed, says ${person}`,
    labels: { owner: person.toUpperCase(), [`by ${person}`]: 'yes', team: 'data' },
  })
  const { incidents } = await receive(store, alert, 'execution-1')
  const id = incidents[0] ?? ''
  await decideOn(store, id, { root_cause: `${person} dropped it.` })
  await planAction(store, id, 1, {
    kind: 'slack',
    key: `${id}:1:slack`,
    message: exampleMessage(id, { title: person }),
  })
  return { store, id }
}

describe('erasing', () => {
  it('counts first and changes nothing', async () => {
    const { store } = await filled()
    const before = await everything(store)
    const found = await withOwner(store, (owner) => eraseText(owner, person, { apply: false }))
    expect(found.map(({ place }) => place)).toEqual(
      expect.arrayContaining(['alerts.alert', 'incidents.title', 'actions.message', 'transitions.why']),
    )
    expect(await everything(store)).toBe(before)
  })

  it('takes a person out of everything, in any case, and what is left can still be read', async () => {
    const { store, id } = await filled()
    await withOwner(store, (owner) => eraseText(owner, person, { apply: true }))
    const left = await everything(store)
    for (const variant of variantsOf(person)) expect(left.toLowerCase()).not.toContain(variant.toLowerCase())
    const { alerts, incident } = await loadIncident(store, id)
    expect(incident.title).toBe('orders failed, says erased')
    expect(alerts[0]?.labels).toEqual({ owner: 'erased', 'by erased': 'yes', team: 'data' })
    expect(await withOwner(store, (owner) => eraseText(owner, person, { apply: true }))).toEqual([])
  })

  it('finds a text as JSON writes it: escaped, in ASCII, in a string inside a string', async () => {
    const store = tenant()
    const ascii = JSON.stringify({ by: 'Jörg Ööl' }).replaceAll('ö', '\\u00F6').replaceAll('Ö', '\\u00D6')
    const wrapped = JSON.stringify({ Message: ascii })
    await withOwner(store, (owner) =>
      owner.transaction((query) =>
        query.run(
          sql`insert into raw_payloads (tenant, id, execution_id, headers, body)
              values (current_setting('dim.tenant'), 'one', 'one', '{}', ${ascii}),
                (current_setting('dim.tenant'), 'two', 'two', '{}', ${wrapped})`,
        ),
      ),
    )
    const found = await withOwner(store, (owner) => eraseText(owner, 'jörg ööl', { apply: true }))
    expect(found).toEqual([{ place: 'raw_payloads.body', found: 2 }])
    const rows = await store.transaction((query) =>
      query.rows(z.object({ body: z.string() }), sql`select body from raw_payloads order by id`),
    )
    expect(rows.map(({ body }) => body)).toEqual(['{"by":"erased"}', JSON.stringify({ Message: '{"by":"erased"}' })])
  })

  it('leaves the audit log as it was, and counts it', async () => {
    const store = tenant()
    await appendAudit(store, { actor: 'test', what: 'test', subject: null, detail: { by: person } })
    const found = await withOwner(store, (owner) => eraseText(owner, person, { apply: true }))
    expect(found).toEqual([{ place: 'audit.detail', found: 1 }])
    expect(await withOwner(store, (owner) => eraseText(owner, person, { apply: false }))).toEqual(found)
  })

  it('touches no other tenant', async () => {
    const { store } = await filled()
    await withOwner(tenant(), (owner) => eraseText(owner, person, { apply: true }))
    expect(await everything(store)).toContain('says J')
  })

  it.each(['%', 'abc', "a'); drop table alerts; --", '.*+?[](){}|\\', '***=orders'])(
    'takes %j as it is',
    async (text) => {
      const { store } = await filled()
      const before = await everything(store)
      const erased = withOwner(store, (owner) => eraseText(owner, text, { apply: true }))
      if (text.length < 4) await expect(erased).rejects.toThrow()
      else expect(await erased).toEqual([])
      expect(await everything(store)).toBe(before)
    },
  )
})
