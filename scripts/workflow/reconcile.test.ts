import { afterEach, describe, expect, test } from 'vitest'
import { type KestraStandIn, type StandInExecution, startKestra } from '../../tests/stand-ins/kestra.ts'
import { count, lateTable, useWorlds, type World } from '../../tests/support/workflow.ts'
import { listDeadLetters } from '../store/dead-letters.ts'
import { claimDispatch } from '../store/dispatch.ts'

const { world } = useWorlds()

let kestra: KestraStandIn | undefined
afterEach(async () => {
  await kestra?.close()
  kestra = undefined
})

/** A world whose clock knows a Kestra. */
async function worldWithKestra() {
  const server = await startKestra()
  kestra = server
  const one = await world({ settings: server.settings })
  return { one, kestra: server }
}

const table = (name: string) => lateTable({ metric: { name: 'freshness_hours', table: `${name}.public.orders` } })

function failed({ store }: World, id: string, body: unknown, changes: Partial<StandInExecution> = {}) {
  return {
    id,
    namespace: store.tenant,
    flowId: 'alert_ingestion',
    originalId: id,
    state: { current: 'FAILED', startDate: new Date(Date.now() - 600_000).toISOString() },
    trigger: { variables: { body, headers: { 'User-Agent': ['curl'], Authorization: ['Bearer x'] } } },
    ...changes,
  }
}

describe('what Kestra accepted and the store does not know', () => {
  test('is taken in once, and may be analysed at once', async () => {
    const { one, kestra } = await worldWithKestra()
    kestra.executions.push(failed(one, 'lost', lateTable()))
    expect(await one.turn()).toMatchObject({ toAnalyze: 1 })
    const { incident } = await claimDispatch(one.store)
    expect((await one.incident(incident ?? '')).title).toContain('shop.public.orders')
    await one.turn()
    expect(await count(one.store, 'raw_payloads')).toBe(1)
    expect(one.logged).toEqual([])
  })

  test('is only what failed, in this namespace, of the last two days', async () => {
    const { one, kestra } = await worldWithKestra()
    const old = new Date(Date.now() - 49 * 3_600_000).toISOString()
    kestra.executions.push(
      failed(one, 'well', table('a'), { state: { current: 'SUCCESS', startDate: new Date().toISOString() } }),
      failed(one, 'at work', table('b'), { state: { current: 'RUNNING', startDate: new Date().toISOString() } }),
      failed(one, 'elsewhere', table('c'), { namespace: `${one.store.tenant}.other` }),
      failed(one, 'another flow', table('d'), { flowId: 'clock' }),
      failed(one, 'old', table('e'), { state: { current: 'FAILED', startDate: old } }),
      failed(one, 'killed', table('f'), { state: { current: 'KILLED', startDate: new Date().toISOString() } }),
    )
    await one.turn()
    expect(await count(one.store, 'raw_payloads')).toBe(1)
  })

  test('is not what the store knows, under whichever execution', async () => {
    const { one, kestra } = await worldWithKestra()
    await one.fire(lateTable(), 'first')
    kestra.executions.push(
      failed(one, 'first', lateTable()),
      failed(one, 'again', lateTable(), { originalId: 'first' }),
    )
    expect(await one.turn()).toMatchObject({ toAnalyze: 0 })
    expect(await count(one.store, 'raw_payloads')).toBe(1)
  })

  test('may go over many pages', async () => {
    const { one, kestra } = await worldWithKestra()
    for (let index = 0; index < 23; index += 1) kestra.executions.push(failed(one, `e-${index}`, table(`t${index}`)))
    expect(await one.turn()).toMatchObject({ toAnalyze: 23 })
    kestra.forget()
    await one.turn()
    const asked = kestra.requests.filter(({ query }) => query.get('filters[state][IN]')?.includes('FAILED'))
    expect(asked).toHaveLength(3)
    expect(await count(one.store, 'alerts')).toBe(23)
  })

  test('may have been started by hand, or hold no JSON, or nothing', async () => {
    const { one, kestra } = await worldWithKestra()
    kestra.executions.push(
      failed(one, 'by hand', null, { trigger: { variables: {} }, inputs: { alert: lateTable() } }),
      failed(one, 'text', 'no JSON'),
      failed(one, 'nothing', undefined, { trigger: { variables: {} } }),
    )
    expect(await one.turn()).toMatchObject({ toAnalyze: 1 })
    const letters = await listDeadLetters(one.store)
    expect(letters.map(({ execution_id }) => execution_id).sort()).toEqual(['nothing', 'text'])
    await one.turn()
    expect(await count(one.store, 'dead_letters')).toBe(2)
  })

  test('may be nested deep, and keeps nothing else from being taken in', async () => {
    const { one, kestra } = await worldWithKestra()
    let deep: unknown = 'x'
    for (let level = 0; level < 900; level += 1) deep = [deep]
    kestra.executions.push(failed(one, 'deep', { title: 'Load failed', deep }), failed(one, 'plain', lateTable()))
    expect(await one.turn()).toMatchObject({ toAnalyze: 1 })
    expect(await listDeadLetters(one.store)).toMatchObject([{ execution_id: 'deep', code: 'E_PAYLOAD_UNREADABLE' }])
  })
})

describe('a Kestra that does not answer', () => {
  test.each([
    ['with a fault of its own', { status: 500, body: {} }],
    ['with a page', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>log in</html>' }],
    ['with a refusal', { status: 401, body: {} }],
  ])('%s is logged, and the turn goes on', async (_, fault) => {
    const { one, kestra } = await worldWithKestra()
    kestra.fail(fault, { times: Number.POSITIVE_INFINITY })
    const id = await one.open(lateTable())
    await one.pass(120_000)
    expect(await one.turn()).toMatchObject({ toAnalyze: 1 })
    expect(one.logged).toEqual([expect.stringMatching(/^error taking in what failed: E_HTTP_/)])
    expect(one.told(id)).toHaveLength(1)
  })

  test('is not asked when none is configured', async () => {
    const one = await world()
    await one.turn()
    expect(one.logged).toEqual([])
  })
})
