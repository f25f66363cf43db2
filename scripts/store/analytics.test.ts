import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { dayOfIncidents } from '../../tests/support/day-of-incidents.ts'
import { useTestStore } from '../../tests/support/store.ts'
import { tell } from '../../tests/support/stories.ts'
import { analytics } from './analytics.ts'
import type { Store } from './connection.ts'
import { listIncidents } from './incident-list.ts'
import { type Statement, sql } from './sql.ts'

const { tenant } = useTestStore()
const day = 86_400_000
const span = { from: new Date(Date.now() - day), to: new Date(Date.now() + day) }

async function count(store: Store, statement: Statement): Promise<number> {
  const row = await store.transaction((query) => query.first(z.object({ count: z.coerce.number() }), statement))
  return row?.count ?? 0
}

describe('figures', () => {
  it('are what counting row by row says', async () => {
    const store = tenant()
    for (const story of dayOfIncidents()) await tell(store, story)
    await store.transaction((query) =>
      query.run(sql`update decisions set cost_usd = 0.25, tokens = 100, record = record || '{"fallback": "it was away"}'
        where analyzer = 'gemini'`),
    )
    const { totals, days, owners } = await analytics(store, span)
    expect(totals.alerts).toBe(await count(store, sql`select count(*) from alerts`))
    expect(totals.incidents).toBe(await count(store, sql`select count(*) from incidents`))
    expect(totals.fallbacks).toBe(
      await count(store, sql`select count(*) from decisions where record ->> 'fallback' is not null`),
    )
    expect(totals.messages).toBe(
      await count(
        store,
        sql`select count(*) from actions where message is not null and state in ('sent', 'confirmed')`,
      ),
    )
    expect(totals.fallbacks).toBeGreaterThan(0)
    expect(totals.messages).toBeGreaterThan(0)
    const sum = (of: 'incidents' | 'alerts' | 'cost_usd') => days.reduce((all, one) => all + one[of], 0)
    expect([sum('incidents'), sum('alerts')]).toEqual([totals.incidents, totals.alerts])
    expect(sum('cost_usd')).toBeCloseTo(totals.cost_usd)
    expect(totals.cost_usd).toBe(0.25 * totals.fallbacks)
    for (const { name, incidents } of owners) {
      const told = await count(
        store,
        name === 'nobody named'
          ? sql`select count(*) from incidents where told_at is not null and not exists (
              select from evidence where incident = incidents.id and item #>> '{data,owner}' is not null)`
          : sql`select count(distinct incident) from evidence join incidents on incidents.id = evidence.incident
              where told_at is not null and item #>> '{data,owner}' = ${name}`,
      )
      expect([name, incidents]).toEqual([name, told])
    }
    expect(owners.length).toBeGreaterThan(1)
  })

  it('lead to as many incidents as they count, page by page, each once', async () => {
    const store = tenant()
    for (const story of dayOfIncidents()) await tell(store, story)
    const { totals } = await analytics(store, span)
    const seen: string[] = []
    for (let page = 1; page <= 3; page += 1) {
      const { items, total } = await listIncidents(store, { span, shown: 'all', page, size: 3 })
      expect(total).toBe(totals.incidents)
      seen.push(...items.map(({ id }) => id))
    }
    expect(new Set(seen).size).toBe(totals.incidents)
    const told = await listIncidents(store, { span, shown: 'told' })
    expect(told.total).toBe(totals.told)
  })

  it('of a source, a severity and an owner are those of the incidents that are left', async () => {
    const store = tenant()
    for (const story of dayOfIncidents()) await tell(store, story)
    const whole = await analytics(store, span)
    for (const { name, incidents } of whole.sources) {
      expect((await analytics(store, { ...span, source: name })).totals.incidents).toBe(incidents)
    }
    const owner = whole.owners.find(({ name }) => name !== 'nobody named')
    const left = await listIncidents(store, { span: { ...span, owner: owner?.name }, shown: 'told' })
    expect(left.total).toBe(owner?.incidents)
  })
})
