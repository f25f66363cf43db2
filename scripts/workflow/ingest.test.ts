import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { asHandedOver as asHostile, hostileBodies } from '../../tests/hostile/corpus.ts'
import { asHandedOver, count, lateTable, useWorlds } from '../../tests/support/workflow.ts'
import { openStore, type Store } from '../store/connection.ts'
import { listDeadLetters } from '../store/dead-letters.ts'
import { countUndispatched } from '../store/dispatch.ts'
import { sql } from '../store/sql.ts'
import { ingest, ingestLate } from './ingest.ts'

const { world } = useWorlds()

const Kept = z.object({ headers: z.record(z.string(), z.string()), body: z.string(), alerts: z.number() })

function kept(store: Store, id: string) {
  return store.transaction((query) =>
    query.first(
      Kept,
      sql`select headers, body, (select count(*)::int from alerts where raw_id = raw.id) as alerts
          from raw_payloads as raw where id = ${id}`,
    ),
  )
}

describe('taking a body in', () => {
  test('twice by one execution emits the same and changes nothing', async () => {
    const { store, fire } = await world()
    const first = await fire(lateTable(), 'execution')
    expect(first).toMatchObject({ count: 1, incident: expect.stringMatching(/^INC-/) })
    expect(await fire(lateTable(), 'execution')).toEqual(first)
    expect(await count(store, 'alerts')).toBe(1)
    expect(await count(store, 'raw_payloads')).toBe(1)
  })

  test('by attempts that overlap emits the same to each', async () => {
    const { store, fire } = await world()
    const all = await Promise.all(Array.from({ length: 6 }, () => fire(lateTable(), 'execution')))
    for (const received of all) expect(received).toEqual(all[0])
    expect(await count(store, 'alerts')).toBe(1)
    expect(await count(store, 'incidents')).toBe(1)
  })

  test('that can’t be read keeps it as a dead letter with its reason', async () => {
    const { store, fire } = await world()
    expect(await fire('no JSON at all', 'execution')).toEqual({ count: 0, incident: null, incidents: [] })
    await fire('no JSON at all', 'execution')
    const letters = await listDeadLetters(store)
    expect(letters).toMatchObject([{ task: 'receive', code: 'E_PAYLOAD_UNREADABLE', payload: '"no JSON at all"' }])
    expect(letters[0]?.message).toMatch(/\w+ .*\. \w+/)
  })

  test('keeps every hostile body whole, and brings it to its end', async () => {
    const { store } = await world()
    // Takes seconds to fold, and is taken in through the engine.
    const bodies = hostileBodies.filter(({ name }) => name !== '5,000 alerts')
    expect(bodies).toHaveLength(hostileBodies.length - 1)
    for (const { name, bytes, end, never = [] } of bodies) {
      const body = asHostile(bytes)
      await ingest(store, { ...asHandedOver(null, name), body })
      const row = await kept(store, name)
      const letters = (await listDeadLetters(store, { limit: 1000 })).filter((letter) => letter.original_id === name)
      expect(row?.body, name).toBe(body.replaceAll('\0', '\\u0000'))
      expect(row?.alerts ? 'alerts' : letters.length > 0 ? 'refused' : 'nothing', name).toBe(end)
      for (const text of never) expect(letters.map(({ message }) => message).join(), name).not.toContain(text)
    }
  })

  test('keeps of its headers what tells of the body, and no credential', async () => {
    const { store } = await world()
    const headers = {
      'Content-Type': ['application/json', 'second'],
      'User-Agent': 'Datadog/1.0',
      'X-Amz-Sns-Message-Type': ['Notification'],
      Authorization: ['Bearer open-sesame'],
      Cookie: 'session=open-sesame',
      'X-Api-Key': ['open-sesame'],
      'X-GitHub-Event-Token': 'open-sesame',
    }
    await ingest(store, { ...asHandedOver(lateTable(), 'execution'), headers: JSON.stringify(headers) })
    expect((await kept(store, 'execution'))?.headers).toEqual({
      'content-type': 'application/json',
      'user-agent': 'Datadog/1.0',
      'x-amz-sns-message-type': 'Notification',
    })
  })

  test.each(['', 'no JSON', '[]', '{"content-type": {"a": 1}}'])(
    'does without headers that are %j',
    async (headers) => {
      const { store } = await world()
      const received = await ingest(store, { ...asHandedOver(lateTable(), 'execution'), headers })
      expect(received.count).toBe(1)
      expect((await kept(store, 'execution'))?.headers).toEqual({})
    },
  )

  test('throws when the store is away, so that Kestra keeps it, and succeeds once it is back', async () => {
    const { store, fire } = await world()
    await using away = openStore('postgresql://dim_app:secret-word@127.0.0.1:1/none', store.tenant)
    const failure = ingest(away, asHandedOver(lateTable(), 'execution'))
    await expect(failure).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE', retryable: true })
    await expect(failure).rejects.not.toThrow(/secret-word/)
    expect(await fire(lateTable(), 'execution')).toMatchObject({ count: 1 })
  })
})

test('what is taken in late waits for nobody who was told of it', async () => {
  const { store } = await world()
  await ingest(store, asHandedOver(lateTable(), 'in time'))
  expect(await countUndispatched(store)).toBe(0)
  const body = lateTable({ metric: { name: 'freshness_hours', table: 'shop.public.items' } })
  await ingestLate(store, [asHandedOver(body, 'late')])
  expect(await countUndispatched(store)).toBe(1)
})

test('the last of many alerts in one body is read and folded like the first', async () => {
  const one = await world()
  const at = new Date().toISOString()
  const late = (index: number, status: string) => ({
    status,
    labels: { alertname: 'Late', table: `db${index}.sales.orders`, severity: 'warning' },
    annotations: {},
    startsAt: at,
    ...(status === 'resolved' ? { endsAt: at } : {}),
  })
  const body = (alerts: object[]) => ({ version: '4', receiver: 'dim', status: 'firing', alerts })
  const last = 2_400
  await one.fire(body([late(last, 'firing')]))
  await one.fire(body(Array.from({ length: last + 1 }, (_, index) => late(index, 'resolved'))))
  expect(await count(one.store, 'alerts')).toBe(last + 2)
  const open = await one.store.transaction((query) =>
    query.rows(z.object({ id: z.string() }), sql`select id from incidents where closed_at is null`),
  )
  expect(open).toEqual([])
})
