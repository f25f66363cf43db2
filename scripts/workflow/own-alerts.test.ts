import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { count, lateTable, useWorlds, type World } from '../../tests/support/workflow.ts'
import { claimDispatch } from '../store/dispatch.ts'
import { listSources } from '../store/sources.ts'
import { sql } from '../store/sql.ts'

const { world } = useWorlds()
const minute = 60_000
const hour = 60 * minute

/** Analyses whatever waits, and answers what it was. */
async function analyseAll(one: World): Promise<string[]> {
  const ids: string[] = []
  for (;;) {
    const { incident } = await claimDispatch(one.store)
    if (incident === null) return ids
    ids.push(incident)
    await one.decide(incident)
    await one.notify(incident)
  }
}

describe('a source that should speak', () => {
  const policy =
    'mode: notify\nsources:\n  plain/datadog:\n    heartbeat_minutes: 5\n  silent_one:\n    heartbeat_minutes: 60\n'

  test('and does not is an alert, told once, until it speaks again', async () => {
    const one = await world({ policy })
    await one.fire(lateTable({ status: 'resolved' }))
    await one.turn()
    await one.pass(5 * minute)
    // It would be an outage of our own if the clock had not ticked since.
    expect(await one.turn()).toMatchObject({ toAnalyze: 0 })
    await one.pass(2 * minute)
    await elapse(one)
    expect(await one.turn()).toMatchObject({ toAnalyze: 1 })
    const [id = ''] = await analyseAll(one)
    expect(await one.incident(id)).toMatchObject({
      source: 'dim',
      title: expect.stringContaining('plain/datadog is silent'),
    })
    expect(one.told(id)).toHaveLength(1)
    await one.turn()
    expect(await count(one.store, 'incidents')).toBe(1)
    await one.whenDue('quiet', id)
    expect((await one.incident(id)).closed_at).toBeNull()
    await one.fire(lateTable({ status: 'resolved' }))
    await one.turn()
    expect(await one.incident(id)).toMatchObject({ state: 'resolved', closed_how: 'resolve' })
    expect(await listSources(one.store)).toMatchObject([
      { source: 'plain/datadog', heard: 2, silent_since: null },
      { source: 'silent_one' },
    ])
  })

  test('and was never heard is one, too, after its time', async () => {
    const one = await world({ policy })
    await one.turn()
    await one.pass(90 * minute)
    await elapse(one)
    await one.turn()
    expect(await count(one.store, 'incidents')).toBe(2)
  })

  test('is not blamed for an outage of our own', async () => {
    const one = await world({ policy })
    await one.fire(lateTable({ status: 'resolved' }))
    await one.turn()
    await one.pass(10 * hour)
    await one.store.transaction((query) =>
      query.run(sql`update marks set at = at - interval '10 hours' where name = 'listening'`),
    )
    expect(await one.turn()).toMatchObject({ toAnalyze: 0 })
    expect(await count(one.store, 'incidents')).toBe(0)
  })
})

/** The clock has ticked all the time: it listened as long as the store's rows say. */
async function elapse(one: World): Promise<void> {
  const since = new Date(Date.now() - 24 * hour).toISOString()
  await one.store.transaction((query) =>
    query.run(sql`update marks set detail = jsonb_build_object('since', ${since}::text) where name = 'listening'`),
  )
}

describe('more than people and the model can take', () => {
  const policy = 'mode: notify\nlimits:\n  per_source: 3\n  per_tenant: 5\n'
  const table = (name: string, changes: object = {}) =>
    lateTable({ metric: { name: 'freshness_hours', table: `${name}.public.orders` }, ...changes })

  test('is kept and folded, not analysed, and told of in one summary', async () => {
    const one = await world({ policy })
    const opened: string[] = []
    for (let index = 0; index < 9; index += 1) {
      opened.push(...(await one.fire(table(`t${index}`))).incidents)
    }
    const ends = await one.store.transaction((query) =>
      query.rows(
        z.object({ end: z.string().nullable(), count: z.number() }),
        sql`select end_state as end, count(*)::int as count from alerts group by 1 order by 1`,
      ),
    )
    expect(ends).toEqual([
      { end: 'logged', count: 6 },
      { end: null, count: 3 },
    ])
    expect(opened).toHaveLength(3)
    for (const id of opened) await one.decide(id)
    expect(await analyseAll(one)).toEqual([])
    await one.pass(10 * minute)
    await one.turn()
    const [summary = '', ...more] = await analyseAll(one)
    expect(more).toEqual([])
    expect((await one.incident(summary)).title).toMatch(/^6 more incidents of plain\/datadog/)
    expect(one.told(summary)).toHaveLength(1)
    await one.pass(10 * minute)
    await one.turn()
    expect(await analyseAll(one)).toEqual([])
  })

  test('is told of within a minute or two when something critical is among it, and once a window', async () => {
    const one = await world({ policy })
    for (let index = 0; index < 5; index += 1) await one.fire(table(`t${index}`, { severity: 'critical' }))
    await one.pass(minute)
    await one.turn()
    const told = await count(one.store, 'incidents')
    expect(told).toBe(6)
    await one.fire(table('another', { severity: 'critical' }))
    await one.pass(2 * minute)
    await one.turn()
    expect(await count(one.store, 'incidents')).toBe(7)
  })

  test('of one source leaves room for the others, up to what all may bring', async () => {
    const one = await world({ policy })
    for (let index = 0; index < 5; index += 1) await one.fire(table(`t${index}`))
    expect(await one.fire(table('a', { source: 'prometheus' }))).toMatchObject({ count: 1 })
    expect(await one.fire(table('b', { source: 'prometheus' }))).toMatchObject({ count: 1 })
    expect(await one.fire(table('c', { source: 'prometheus' }))).toMatchObject({ count: 0 })
  })

  test('is looked at when it fires again later', async () => {
    const one = await world({ policy })
    for (let index = 0; index < 5; index += 1) await one.fire(table(`t${index}`))
    await analyseAll(one)
    await one.pass(11 * minute)
    expect(await one.fire(table('t4'))).toMatchObject({ count: 1 })
  })
})
