import { afterEach, describe, expect, test } from 'vitest'
import { type KestraStandIn, startKestra } from '../../tests/stand-ins/kestra.ts'
import { count, lateTable, useWorlds, type World } from '../../tests/support/workflow.ts'
import { claimDispatch, countUndispatched } from '../store/dispatch.ts'
import { takeBacklog } from './backlog.ts'
import { endCatchUp, isToCatchUp } from './catch-up.ts'

const { world } = useWorlds()

let kestra: KestraStandIn
afterEach(() => kestra.close())

const table = (name: string) => lateTable({ metric: { name: 'freshness_hours', table: `${name}.public.orders` } })

function waiting(one: World, id: string, body: unknown, state = 'QUEUED', startDate = new Date().toISOString()) {
  kestra.executions.push({
    id,
    namespace: one.store.tenant,
    flowId: 'alert_ingestion',
    originalId: id,
    state: { current: state, startDate },
    trigger: { variables: { body, headers: {} } },
  })
}

async function worldWithKestra() {
  kestra = await startKestra()
  return world({ settings: kestra.settings })
}

const take = ({ store, settings }: World, changes: Partial<Parameters<typeof takeBacklog>[1]> = {}) =>
  takeBacklog(store, {
    settings,
    namespace: store.tenant,
    taught: [],
    before: new Date(Date.now() + 60_000),
    limit: 1_000,
    stop: () => false,
    ...changes,
  })

describe('what waits in Kestra’s queue', () => {
  test('is taken in together, and its incidents are free to be claimed', async () => {
    const one = await worldWithKestra()
    for (let index = 0; index < 45; index += 1) waiting(one, `e-${index}`, table(`t${index % 9}`))
    const backlog = await take(one)
    expect(backlog.count).toBe(45)
    expect(backlog.taken).toHaveLength(45)
    expect(await count(one.store, 'alerts')).toBe(45)
    expect(await countUndispatched(one.store)).toBeGreaterThan(0)
    expect((await claimDispatch(one.store)).incident).toMatch(/^INC-/)
  })

  test('is told of again while it waits, and taken in once', async () => {
    const one = await worldWithKestra()
    waiting(one, 'first', lateTable())
    await take(one)
    waiting(one, 'second', lateTable())
    expect(await take(one)).toEqual({ taken: ['first', 'second'], count: 1 })
    expect(await count(one.store, 'raw_payloads')).toBe(2)
  })

  test('may get its turn meanwhile, and changes nothing then', async () => {
    const one = await worldWithKestra()
    waiting(one, 'first', lateTable())
    const [, received] = await Promise.all([take(one), one.fire(lateTable(), 'first')])
    expect(await count(one.store, 'alerts')).toBe(1)
    expect(await one.fire(lateTable(), 'first')).toEqual(received)
  })

  test('is only what waits: not what runs or has ended, nor what is younger than asked', async () => {
    const one = await worldWithKestra()
    waiting(one, 'runs', table('a'), 'RUNNING')
    waiting(one, 'ended', table('b'), 'SUCCESS')
    waiting(one, 'young', table('c'))
    expect(await take(one, { before: new Date(Date.now() - 60_000) })).toEqual({ taken: [], count: 0 })
  })

  test('holds up nothing where one of it can’t be read', async () => {
    const one = await worldWithKestra()
    waiting(one, 'broken', 'no JSON')
    waiting(one, 'whole', lateTable())
    expect((await take(one)).taken).toEqual(['broken', 'whole'])
    expect(await count(one.store, 'dead_letters')).toBe(1)
    expect(await count(one.store, 'alerts')).toBe(1)
  })

  test('is left when time is up', async () => {
    const one = await worldWithKestra()
    waiting(one, 'first', lateTable())
    expect(await take(one, { stop: () => true })).toEqual({ taken: [], count: 0 })
  })

  test('is looked for again until nothing more comes', async () => {
    const one = await worldWithKestra()
    waiting(one, 'first', lateTable())
    let looks = 0
    const stop = () => {
      looks += 1
      // Kestra shows the second one only after the first look.
      if (looks === 4) waiting(one, 'second', lateTable())
      return false
    }
    expect((await take(one, { again: true, stop })).taken).toEqual(['first', 'second'])
  })

  test('since long is taken in by the clock, which says so', async () => {
    const one = await worldWithKestra()
    const long = new Date(Date.now() - 360_000).toISOString()
    waiting(one, 'stuck', lateTable(), 'QUEUED', long)
    waiting(one, 'fresh', table('b'))
    expect(await one.turn()).toMatchObject({ toAnalyze: 1 })
    expect(await count(one.store, 'raw_payloads')).toBe(1)
    expect(one.logged).toEqual([
      'warn 1 executions of alert_ingestion wait since long; the store has their bodies now.',
    ])
  })
})

describe('who takes it in', () => {
  const ago = (ms: number) => new Date(Date.now() - ms).toISOString()

  test('is one of those that waited, for as long as its lease', async () => {
    const { store, pass } = await worldWithKestra()
    const asked = await Promise.all([1, 2, 3].map(() => isToCatchUp(store, ago(10_000))))
    expect(asked.filter(Boolean)).toHaveLength(1)
    expect(await isToCatchUp(store, ago(10_000))).toBe(false)
    await pass(31_000)
    expect(await isToCatchUp(store, ago(10_000))).toBe(true)
    await endCatchUp(store)
    expect(await isToCatchUp(store, ago(10_000))).toBe(true)
  })

  test('is nobody whose turn came at once, nor one of an unknown start', async () => {
    const { store } = await worldWithKestra()
    expect(await isToCatchUp(store, ago(100))).toBe(false)
    expect(await isToCatchUp(store, 'at some time')).toBe(false)
  })
})
