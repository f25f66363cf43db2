import { describe, expect, test } from 'vitest'
import { useTestStore } from '../../tests/support/store.ts'
import type { Outcome } from '../domain/asking.ts'
import type { Store } from './connection.ts'
import { sql } from './sql.ts'
import { takeTurn, tellOutcome } from './systems.ts'

const { tenant } = useTestStore()
const limits = { waitMs: 0, leaseMs: 6_000 }
const answered = (answer: unknown[]): Outcome => ({ answer, keepSeconds: 20, fault: null, isWell: true })
const failed: Outcome = {
  answer: null,
  keepSeconds: 0,
  fault: { code: 'E_HTTP_NETWORK', reason: 'It is down.', retryAfterMs: undefined },
  isWell: false,
}

async function pass(store: Store, seconds: number): Promise<void> {
  const by = sql`make_interval(secs => ${seconds})`
  await store.transaction(async (query) => {
    await query.run(sql`update system_answers set until = until - ${by}`)
    await query.run(sql`update system_health set paused_until = paused_until - ${by}, failed_at = failed_at - ${by}`)
  })
}

describe('an answer', () => {
  test('is asked for once, however many want it', async () => {
    const store = tenant()
    const turns = Array.from({ length: 8 }, () => takeTurn(store, 'airflow', 'k', { waitMs: 5_000, leaseMs: 6_000 }))
    const first = await Promise.race(turns)
    expect(first).toMatchObject({ turn: 'ask', token: expect.any(String) })
    await tellOutcome(store, 'airflow', 'k', first.turn === 'ask' ? first.token : null, answered([{ a: 1 }]))
    const all = await Promise.all(turns)
    expect(all.filter(({ turn }) => turn === 'ask')).toHaveLength(1)
    expect(all.filter(({ turn }) => turn === 'answered')).toHaveLength(7)
    expect(await takeTurn(store, 'airflow', 'k', limits)).toEqual({ turn: 'answered', answer: [{ a: 1 }] })
  })

  test('is another one’s for another question, system or tenant', async () => {
    const store = tenant()
    const turn = await takeTurn(store, 'airflow', 'k', limits)
    await tellOutcome(store, 'airflow', 'k', turn.turn === 'ask' ? turn.token : null, answered([]))
    expect(await takeTurn(store, 'airflow', 'other', limits)).toMatchObject({ turn: 'ask' })
    expect(await takeTurn(store, 'airflow_us', 'k', limits)).toMatchObject({ turn: 'ask' })
    expect(await takeTurn(tenant(), 'airflow', 'k', limits)).toMatchObject({ turn: 'ask' })
  })

  test('grows old', async () => {
    const store = tenant()
    const turn = await takeTurn(store, 'airflow', 'k', limits)
    await tellOutcome(store, 'airflow', 'k', turn.turn === 'ask' ? turn.token : null, answered([]))
    await pass(store, 21)
    expect(await takeTurn(store, 'airflow', 'k', limits)).toMatchObject({ turn: 'ask', token: expect.any(String) })
  })

  test('of one who died is not waited for beyond the lease', async () => {
    const store = tenant()
    await takeTurn(store, 'airflow', 'k', limits)
    expect(await takeTurn(store, 'airflow', 'k', limits)).toEqual({ turn: 'ask', token: null })
    await pass(store, 7)
    expect(await takeTurn(store, 'airflow', 'k', limits)).toMatchObject({ turn: 'ask', token: expect.any(String) })
  })

  test('of one who was taken over is not kept', async () => {
    const store = tenant()
    const slow = await takeTurn(store, 'airflow', 'k', limits)
    await pass(store, 7)
    await takeTurn(store, 'airflow', 'k', limits)
    await tellOutcome(store, 'airflow', 'k', slow.turn === 'ask' ? slow.token : null, answered(['stale']))
    expect(await takeTurn(store, 'airflow', 'k', limits)).toEqual({ turn: 'ask', token: null })
  })

  test('that is a failure frees the question at once', async () => {
    const store = tenant()
    const turn = await takeTurn(store, 'airflow', 'k', limits)
    await tellOutcome(store, 'airflow', 'k', turn.turn === 'ask' ? turn.token : null, failed)
    expect(await takeTurn(store, 'airflow', 'k', limits)).toMatchObject({ turn: 'ask', token: expect.any(String) })
  })

  test('old ones are cleared away', async () => {
    const store = tenant()
    for (const key of ['a', 'b']) {
      const turn = await takeTurn(store, 'airflow', key, limits)
      await tellOutcome(store, 'airflow', key, turn.turn === 'ask' ? turn.token : null, answered([]))
      await pass(store, 100)
    }
    const left = await store.transaction((query) => query.run(sql`select from system_answers`))
    expect(left).toBe(1)
  })
})

describe('a system that fails', () => {
  const fail = async (store: Store, times: number, outcome: Outcome = failed) => {
    for (let count = 0; count < times; count += 1) await tellOutcome(store, 'airflow', null, null, outcome)
  }

  test('is left alone from the third time on, then tried by one', async () => {
    const store = tenant()
    await fail(store, 2)
    expect(await takeTurn(store, 'airflow', null, limits)).toMatchObject({ turn: 'ask' })
    await fail(store, 1)
    expect(await takeTurn(store, 'airflow', null, limits)).toMatchObject({ turn: 'paused', reason: 'It is down.' })
    expect(await takeTurn(store, 'airflow_us', null, limits)).toMatchObject({ turn: 'ask' })
    await pass(store, 31)
    const turns = await Promise.all(Array.from({ length: 4 }, () => takeTurn(store, 'airflow', null, limits)))
    expect(turns.map(({ turn }) => turn).sort()).toEqual(['ask', 'paused', 'paused', 'paused'])
    await tellOutcome(store, 'airflow', null, null, answered([]))
    expect(await takeTurn(store, 'airflow', null, limits)).toMatchObject({ turn: 'ask' })
  })

  test('is left alone longer each time, at most five minutes', async () => {
    const store = tenant()
    await fail(store, 4)
    const second = await takeTurn(store, 'airflow', null, limits)
    expect(second.turn === 'paused' && (second.untilMs - Date.now()) / 1000).toBeCloseTo(60, -1)
    await fail(store, 30)
    const long = await takeTurn(store, 'airflow', null, limits)
    expect(long.turn === 'paused' && (long.untilMs - Date.now()) / 1000).toBeCloseTo(300, -1)
  })

  test('waits as long as it asks for, within bounds', async () => {
    const store = tenant()
    const busy = (retryAfterMs: number): Outcome => ({
      ...failed,
      fault: { code: 'E_HTTP_BUSY', reason: '', retryAfterMs },
    })
    await fail(store, 1, busy(45_000))
    const turn = await takeTurn(store, 'airflow', null, limits)
    expect(turn.turn === 'paused' && (turn.untilMs - Date.now()) / 1000).toBeCloseTo(45, -1)
    await fail(store, 1, busy(86_400_000))
    const longest = await takeTurn(store, 'airflow', null, limits)
    expect(longest.turn === 'paused' && (longest.untilMs - Date.now()) / 1000).toBeCloseTo(300, -1)
  })

  test('now and then is forgiven', async () => {
    const store = tenant()
    await fail(store, 2)
    await pass(store, 1000)
    await fail(store, 2)
    expect(await takeTurn(store, 'airflow', null, limits)).toMatchObject({ turn: 'ask' })
  })
})
