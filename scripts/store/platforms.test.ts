import { describe, expect, test } from 'vitest'
import { decideOn, exampleAlert, letTimePass, receive, useTestStore } from '../../tests/support/store.ts'
import type { Alert } from '../domain/alert.ts'
import { Incident } from '../domain/incident.ts'
import { outageFrom } from '../domain/outage.ts'
import { accountOfAlerts } from './books.ts'
import { brokenAssets } from './conditions.ts'
import type { Store } from './connection.ts'
import { countUndispatched } from './dispatch.ts'
import { incidentColumns } from './incidents.ts'
import { endOutage } from './platforms.ts'
import { sql } from './sql.ts'

const { tenant } = useTestStore()

/** A table of the warehouse `shop`. */
const late = (table: number, changes: Partial<Alert> = {}) =>
  exampleAlert({
    fingerprint: `fp_table_${table}`,
    title: `table ${table} is late`,
    asset: { kind: 'table', name: `shop.public.t${table}` },
    ...changes,
  })

async function fail(store: Store, from: number, until: number, changes: Partial<Alert> = {}): Promise<number> {
  let analyses = 0
  for (let table = from; table <= until; table += 1) analyses += (await receive(store, late(table, changes))).count
  return analyses
}

function open(store: Store): Promise<Incident[]> {
  return store.transaction((query) =>
    query.rows(Incident, sql`select ${incidentColumns} from incidents where closed_at is null order by opened_at, id`),
  )
}

async function breaker(store: Store, system: string): Promise<void> {
  await store.transaction((query) =>
    query.run(
      sql`insert into system_health (tenant, system, failures, code, reason, paused_until)
          values (${store.tenant}, ${system}, 3, 'E_HTTP_TIMEOUT', 'No answer within 5 s.', now() + interval '5 minutes')`,
    ),
  )
}

const closeBreaker = (store: Store) =>
  store.transaction((query) => query.run(sql`update system_health set system = 'another'`))

describe('many assets of one platform within minutes', () => {
  test('are one incident; two were analysed, and the others waited to see', async () => {
    const store = tenant()
    expect(await fail(store, 1, outageFrom - 1)).toBe(2)
    expect(await countUndispatched(store)).toBe(0)
    expect(await fail(store, outageFrom, outageFrom)).toBe(1)
    expect(await open(store)).toMatchObject([
      {
        platform: 'shop|production',
        title: 'Many assets of shop fail at once',
        occurrences: outageFrom,
        severity: 'HIGH',
      },
    ])
    expect(await fail(store, outageFrom + 1, 40, { severity: 'CRITICAL' })).toBe(0)
    expect(await open(store)).toMatchObject([{ occurrences: 40, severity: 'CRITICAL', revision: 1 }])
  })

  test('that do not get to be many are analysed after a moment', async () => {
    const store = tenant()
    await fail(store, 1, 4)
    await letTimePass(store, 20_000)
    expect(await countUndispatched(store)).toBe(2)
  })

  test('hours apart are what they are', async () => {
    const store = tenant()
    for (let table = 1; table <= 10; table += 1) {
      expect(await fail(store, table, table)).toBe(1)
      await letTimePass(store, 3 * 60_000)
    }
    expect(await open(store)).toHaveLength(10)
  })

  test.each([
    ['another environment', { environment: 'staging' }],
    ['another instance', { asset: { kind: 'dag', name: 'orders', system: 'airflow_b' } }],
  ] as const)('take in nothing of %s', async (_, changes) => {
    const store = tenant()
    await fail(store, 1, 20)
    expect(await receive(store, late(21, changes))).toMatchObject({ count: 1 })
    expect(await open(store)).toHaveLength(2)
  })

  test('take in what names no environment, while only one is in trouble', async () => {
    const store = tenant()
    await fail(store, 1, 20)
    expect(await receive(store, late(21, { environment: null }))).toMatchObject({ count: 0 })
    await receive(store, late(22, { environment: 'staging' }))
    expect(await receive(store, late(23, { environment: null }))).toMatchObject({ count: 1 })
  })

  test('leave alone what is being fixed', async () => {
    const store = tenant()
    const { incident } = await receive(store, late(1))
    await decideOn(store, incident ?? '', { recommended_action: 'auto_fix' })
    await fail(store, 2, 20)
    expect(await open(store)).toMatchObject([{ id: incident, state: 'fixing' }, { platform: 'shop|production' }])
  })

  test('at once, from many processes, are one incident', async () => {
    const store = tenant()
    await Promise.all(Array.from({ length: 40 }, (_, table) => receive(store, late(table))))
    expect(await open(store)).toMatchObject([{ occurrences: 40 }])
  })
})

describe('a platform that is back', () => {
  test('leaves what is still broken, and an end for every alert', async () => {
    const store = tenant()
    await fail(store, 1, 20)
    const [{ id } = expect.fail()] = await open(store)
    await fail(store, 1, 16, { status: 'resolved' })
    expect(await open(store)).toMatchObject([{ id, platform: null }])
    const broken = await store.transaction((query) => brokenAssets(query, id))
    expect(broken.map(({ title }) => title).sort()).toEqual([17, 18, 19, 20].map((table) => `table ${table} is late`))
    await fail(store, 17, 20, { status: 'resolved' })
    expect(await open(store)).toEqual([])
    expect((await accountOfAlerts(store, { overdueAfterMs: -60_000 })).unfinished).toEqual([])
  })

  test('and fails again while something is still broken is the same incident, decided again', async () => {
    const store = tenant()
    await fail(store, 1, 20)
    const [{ id } = expect.fail()] = await open(store)
    await decideOn(store, id)
    await fail(store, 1, 16, { status: 'resolved' })
    await letTimePass(store, 31 * 60_000)
    await fail(store, 30, 45)
    const all = await open(store)
    expect(all.filter(({ platform }) => platform !== null)).toMatchObject([{ id, state: 'open', revision: 2 }])
  })
})

describe('a system whose breaker is open', () => {
  test('makes the first alert of its platform an incident of the platform, until it answers', async () => {
    const store = tenant()
    await breaker(store, 'shop')
    expect(await fail(store, 1, 5)).toBe(1)
    const [incident = expect.fail(), ...others] = await open(store)
    expect(others).toEqual([])
    expect(incident).toMatchObject({ title: 'shop does not answer', platform: 'shop|production' })
    await fail(store, 1, 4, { status: 'resolved' })
    expect(await store.transaction((query) => endOutage(query, incident.id))).toBe('lasts')
    await closeBreaker(store)
    expect(await store.transaction((query) => endOutage(query, incident.id))).toBe('ended')
    expect(await open(store)).toMatchObject([{ id: incident.id, platform: null }])
  })
})
