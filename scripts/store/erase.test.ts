import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { decideOn, exampleAlert, exampleMessage, receive, useTestStore } from '../../tests/support/store.ts'
import { planAction } from './actions.ts'
import { appendAudit } from './audit.ts'
import { checkAuditChain, sealAudit } from './audit-chain.ts'
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

/** Everything that every table holds of the tenant, as text. */
function everything(store: Store): Promise<string> {
  return withOwner(store, (owner) =>
    owner.transaction(async (query) => {
      const row = await query.first(
        z.object({ all: z.string() }),
        sql`select string_agg(query_to_xml(format('select to_jsonb(t) from %I t', relname), true, false, '')::text, ' ') as all
            from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`,
      )
      return (row?.all ?? '').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
    }),
  )
}

const word = person.toLowerCase().replaceAll(/[^a-z]/g, '')

async function filled(): Promise<{ store: Store; id: string }> {
  const store = tenant()
  await withOwner(store, (owner) =>
    owner.transaction(async (query) => {
      const own = sql`current_setting('dim.tenant')`
      await query.run(
        sql`insert into accounts (tenant, name, role, created_by) values (${own}, ${`${word}.x`}, 'viewer', ${person})`,
      )
      await query.run(sql`insert into sessions (tenant, account, token_hash) values (${own}, ${`${word}.x`}, 'x')`)
      await query.run(sql`insert into marks (tenant, name, at) values (${own}, ${`failures/${person}`}, now())`)
      await query.run(
        sql`insert into changes (tenant, id, at, what, ref, summary, who, environment, assets, files)
            values (${own}, ${person}, now(), 'deploy', 'x', ${person}, ${person}, null, ${[`raw.${person}`]}::text[], ${[`${person}.sql`]}::text[])`,
      )
    }),
  )
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
    const found = await withOwner(store, (owner) => eraseText(owner, person, { apply: false, by: 'test' }))
    expect(found.map(({ place }) => place)).toEqual(
      expect.arrayContaining(['alerts.alert', 'incidents.title', 'actions.message', 'transitions.why']),
    )
    expect(await everything(store)).toBe(before)
  })

  it('takes a person out of everything, in any case, and what is left can still be read', async () => {
    const { store, id } = await filled()
    for (const text of [person, word])
      await withOwner(store, (owner) => eraseText(owner, text, { apply: true, by: 'test' }))
    const left = await everything(store)
    for (const variant of [...variantsOf(person), ...variantsOf(word)])
      expect(left.toLowerCase()).not.toContain(variant.toLowerCase())
    const { alerts, incident } = await loadIncident(store, id)
    expect(incident.title).toBe('orders failed, says erased')
    expect(alerts[0]?.labels).toEqual({ owner: 'erased', 'by erased': 'yes', team: 'data' })
    expect(await withOwner(store, (owner) => eraseText(owner, person, { apply: true, by: 'test' }))).toEqual([])
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
    const found = await withOwner(store, (owner) => eraseText(owner, 'jörg ööl', { apply: true, by: 'test' }))
    expect(found).toEqual([{ place: 'raw_payloads.body', found: 2 }])
    const rows = await store.transaction((query) =>
      query.rows(z.object({ body: z.string() }), sql`select body from raw_payloads order by id`),
    )
    expect(rows.map(({ body }) => body)).toEqual(['{"by":"erased"}', JSON.stringify({ Message: '{"by":"erased"}' })])
  })

  it('takes it out of the audit log, whose chain still holds and shows what is changed afterwards', async () => {
    const { store } = await filled()
    const key = 'k'.repeat(32)
    for (const subject of ['one', 'two'])
      await appendAudit(store, { actor: person, what: 'test', subject, detail: { by: person } })
    await sealAudit(store, key)
    await withOwner(store, (owner) => eraseText(owner, person, { apply: true, by: person }))
    expect(await everything(store)).not.toContain('Ööl')
    const erased = { faults: [], erased: 2 }
    expect(await checkAuditChain(store, key)).toMatchObject(erased)
    await sealAudit(store, key)
    expect(await checkAuditChain(store, key)).toMatchObject(erased)
    await withOwner(store, (owner) =>
      owner.transaction((query) => query.run(sql`update audit set detail = '{"by": "bob"}' where subject = 'two'`)),
    )
    expect(await checkAuditChain(store, key)).toMatchObject({ faults: [{ what: 'changed' }], erased: 1 })
  })

  it('touches no other tenant', async () => {
    const { store } = await filled()
    await withOwner(tenant(), (owner) => eraseText(owner, person, { apply: true, by: 'test' }))
    expect(await everything(store)).toContain('says J')
  })

  it.each(['%', 'abc', "a'); drop table alerts; --", '.*+?[](){}|\\', '***=orders'])(
    'takes %j as it is',
    async (text) => {
      const { store } = await filled()
      const before = await everything(store)
      const erased = withOwner(store, (owner) => eraseText(owner, text, { apply: true, by: 'test' }))
      if (text.length < 4) await expect(erased).rejects.toThrow()
      else expect(await erased).toEqual([])
      expect(await everything(store)).toBe(before)
    },
  )
})
