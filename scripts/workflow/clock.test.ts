import { describe, expect, test } from 'vitest'
import { lateTable, scenario, useWorlds } from '../../tests/support/workflow.ts'
import { loadActions } from '../store/actions.ts'
import { openStore } from '../store/connection.ts'
import { countUndispatched } from '../store/dispatch.ts'
import { scheduleDue, withClockLock } from '../store/due.ts'
import { sql } from '../store/sql.ts'
import { tick } from './clock.ts'

const { world } = useWorlds()
const minute = 60_000
const hour = 60 * minute
const idle = { toAnalyze: 0, toFix: '', purgeBefore: null, worked: 0, isPageNear: false }

describe('a turn of the clock', () => {
  test('does nothing while another one is at it', async () => {
    const one = await world()
    const id = await one.open(lateTable())
    await one.pass(2 * minute)
    const { promise, resolve } = Promise.withResolvers<void>()
    const other = withClockLock(one.store, () => promise)
    expect(await one.turn()).toEqual(idle)
    expect(one.told(id)).toEqual([])
    resolve()
    await other
    expect(await one.turn()).toMatchObject({ toAnalyze: 1 })
    expect(one.told(id)).toHaveLength(1)
  })

  test('by two at once tells people once', async () => {
    const one = await world()
    const id = await one.open(lateTable())
    await one.pass(2 * minute)
    await Promise.all([one.turn(), one.turn()])
    expect(one.told(id)).toHaveLength(1)
  })

  test('says once an hour that old executions may go', async () => {
    const one = await world()
    expect((await one.turn()).purgeBefore).toEqual(expect.any(Date))
    expect((await one.turn()).purgeBefore).toBeNull()
    await one.pass(hour)
    expect((await one.turn()).purgeBefore).toEqual(expect.any(Date))
  })

  test('says how many incidents nobody analyses', async () => {
    const one = await world()
    const id = await one.open(lateTable())
    expect((await one.turn()).toAnalyze).toBe(0)
    expect((await one.whenDue('dispatch', id)).toAnalyze).toBe(1)
    await one.decide(id)
    expect((await one.turn()).toAnalyze).toBe(0)
    expect(await one.due(id)).not.toContain('dispatch')
  })

  test('starts the fix whose flow died, one a turn, and forgets none', async () => {
    const one = await world({ policy: 'mode: act\nauto_fix: true\nallow: ["airflow_clear_task:dag=*"]' })
    const bodies = [
      await scenario('dag_timeout'),
      await scenario('dag_timeout', { source: 'other', related_context: { environment: 'other' } }),
    ]
    const ids: string[] = []
    for (const body of bodies) {
      const id = await one.open(body)
      await one.decide(id)
      ids.push(id)
    }
    await one.pass(3 * minute)
    const first = await one.turn()
    expect(ids).toContain(first.toFix)
    expect((await one.turn()).toFix).toBe('')
    await one.pass(minute)
    const second = await one.turn()
    expect([first.toFix, second.toFix].sort()).toEqual(ids.sort())
  })

  test('postpones a row that fails, longer each time, and goes on with the others', async () => {
    const one = await world()
    const id = await one.open(lateTable())
    await scheduleDue(one.store, { kind: 'reminder', subject: 'INC-NONE', inMs: -hour })
    await one.pass(2 * minute)
    await one.turn()
    expect(one.logged).toEqual([expect.stringMatching(/^error reminder of INC-NONE: E_INCIDENT_UNKNOWN: /)])
    expect(one.told(id)).toHaveLength(1)
    await one.pass(31_000)
    await one.turn()
    await one.pass(31_000)
    await one.turn()
    expect(one.logged).toHaveLength(2)
    await one.pass(31_000)
    await one.turn()
    expect(one.logged).toHaveLength(3)
  })

  test('sends what a channel would not take before', async () => {
    const one = await world()
    one.slack.fail({ status: 500, body: '' })
    const id = await one.handle(lateTable())
    expect(one.told(id)).toEqual([])
    await one.turn()
    expect(one.told(id)).toEqual([])
    await one.pass(6_000)
    expect((await one.turn()).worked).toBeGreaterThan(0)
    expect(one.told(id)).toHaveLength(1)
  })

  test('says what it could not send, and why', async () => {
    const one = await world()
    const id = await one.open(lateTable())
    await one.decide(id)
    one.slack.fail({ status: 404, body: 'no_service' })
    await one.turn()
    expect(one.logged).toEqual([expect.stringMatching(new RegExp(`^warn slack for ${id}: .*no_service`))])
  })

  test('stops when its time is up, and leaves the rest to the next one, unharmed', async () => {
    const one = await world()
    const id = await one.open(lateTable())
    await one.pass(2 * minute)
    const options = { settings: one.settings, namespace: one.store.tenant, log: () => {} }
    await tick(one.store, { ...options, limitMs: -1 })
    expect(one.told(id)).toEqual([])
    expect((await loadActions(one.store, id)).length).toBe(0)
    await one.turn()
    expect(one.told(id)).toHaveLength(1)
  })

  test('fails when the store is away: the next one catches up', async () => {
    const one = await world()
    await using away = openStore('postgresql://dim_app:x@127.0.0.1:1/none', one.store.tenant)
    const options = { settings: one.settings, namespace: 'x', limitMs: 1_000, log: () => {} }
    await expect(tick(away, options)).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
  })

  test('after an outage works all that is due, the longest waiting first', async () => {
    const one = await world()
    const ids: string[] = []
    for (const table of ['a', 'b', 'c', 'd', 'e']) {
      ids.push(await one.open(lateTable({ metric: { name: 'freshness_hours', table: `shop_${table}.public.orders` } })))
    }
    await one.pass(10 * minute)
    expect(await one.turn()).toMatchObject({ toAnalyze: 5 })
    expect(await countUndispatched(one.store)).toBe(5)
    expect(ids.map((id) => one.told(id).length)).toEqual([1, 1, 1, 1, 1])
    const left = await one.store.transaction((query) =>
      query.run(sql`select from due where kind = 'page_deadline' and due_at <= now()`),
    )
    expect(left).toBe(0)
  })
})
