import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type AirbyteStandIn, type StandInConnection, startAirbyte } from '../../tests/stand-ins/airbyte.ts'
import { count, useWorlds, type World } from '../../tests/support/workflow.ts'
import { claimDispatch } from '../store/dispatch.ts'
import { sql } from '../store/sql.ts'

const { world } = useWorlds()
const minute = 60_000
const ago = (minutes: number) => new Date(Date.now() - minutes * minute)

const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0)) await end()
})

const billing = (...minutesAgo: number[]): StandInConnection => ({
  connectionId: '7d3b2c10-0000-4000-8000-000000000002',
  name: 'Billing to lake',
  status: 'active',
  source: 'MySQL billing',
  destination: 'Snowflake',
  syncs: minutesAgo.map((minutes, index) => ({ jobId: 40 + index, status: 'failed', endedAt: ago(minutes) })),
})

/** What Airbyte notifies of the failure of `billing`. */
const notification = (jobId: number) => ({
  data: {
    workspace: { id: 'a-space', name: 'Shop' },
    connection: { id: '7d3b2c10-0000-4000-8000-000000000002', name: 'Billing to lake' },
    source: { id: 'MySQL billing', name: 'MySQL billing' },
    destination: { id: 'Snowflake', name: 'Snowflake' },
    jobId,
    startedAt: ago(15).toISOString(),
    finishedAt: ago(5).toISOString(),
    success: false,
    errorMessage: 'Access denied for user loader',
  },
})

async function arrange(...connections: StandInConnection[]): Promise<{ one: World; airbyte: AirbyteStandIn }> {
  const airbyte = await startAirbyte({ connections })
  endings.push(airbyte.close)
  const one = await world({
    systems: `systems:\n  - {name: airbyte_shop, kind: airbyte, url: '${airbyte.api}'}\n`,
    settings: { SYSTEMS_CREDENTIALS: JSON.stringify({ airbyte_shop: airbyte.credentials.reader }) },
  })
  return { one, airbyte }
}

const fingerprints = ({ store }: World) =>
  store.transaction((query) =>
    query.rows(
      z.object({ fingerprint: z.string() }),
      sql`select distinct alert ->> 'fingerprint' as fingerprint from alerts`,
    ),
  )

test('a sync that failed and that nobody told of is taken in once, as its notification would have told it', async () => {
  const { one } = await arrange(billing(5))
  await one.turn()
  await one.turn()
  expect(await count(one.store, 'alerts')).toBe(1)
  const { incident } = await claimDispatch(one.store)
  expect(await one.incident(incident ?? '')).toMatchObject({
    source: 'airbyte',
    title: 'Sync of Billing to lake (MySQL billing → Snowflake) failed',
    asset: {
      kind: 'connector',
      name: 'billing to lake (mysql billing → snowflake)',
      native: { connection_id: '7d3b2c10-0000-4000-8000-000000000002', source: 'MySQL billing' },
    },
  })
})

test.each(['before', 'after'])(
  'its notification, %s the poll, and the poll are one condition and one incident',
  async (when) => {
    const { one } = await arrange(billing(5))
    if (when === 'before') await one.fire(notification(40))
    await one.turn()
    if (when === 'after') await one.fire(notification(40))
    await one.turn()
    expect(await count(one.store, 'incidents')).toBe(1)
    expect(await count(one.store, 'alerts')).toBe(when === 'before' ? 1 : 2)
    expect(await fingerprints(one)).toHaveLength(1)
  },
)

test('what succeeded, was cancelled, is tried again by Airbyte, or may still be told, is left alone', async () => {
  const connection = billing(1)
  for (const [index, status] of ['succeeded', 'cancelled', 'incomplete', 'running'].entries()) {
    connection.syncs.unshift({ jobId: 30 + index, status, endedAt: ago(10) })
  }
  const { one } = await arrange(connection)
  await one.turn()
  expect(await count(one.store, 'alerts')).toBe(0)
})

test('what failed while we were away is caught up with, over several pages; what is gone by now is not', async () => {
  const { one, airbyte } = await arrange(billing(3_000))
  await one.turn()
  expect(await count(one.store, 'alerts')).toBe(0)
  await one.store.transaction((query) =>
    query.run(sql`update marks set at = at - interval '20 hours' where name like 'failures/%'`),
  )
  for (let jobId = 100; jobId < 230; jobId += 1) {
    airbyte.connections[0]?.syncs.push({ jobId, status: 'failed', endedAt: ago(500 - jobId) })
  }
  // Another copy of its jobs, of a connection that nobody finds.
  airbyte.connections.push({ ...billing(30), connectionId: '00000000-0000-4000-8000-00000000dead', name: '' })
  airbyte.gone.add('00000000-0000-4000-8000-00000000dead')
  await one.turn()
  expect(await count(one.store, 'alerts')).toBe(130)
  expect(await count(one.store, 'incidents')).toBe(1)
  airbyte.forget()
  await one.turn()
  expect(await count(one.store, 'alerts')).toBe(130)
})

test('an Airbyte that does not answer is said, and keeps its mark', async () => {
  const { one, airbyte } = await arrange(billing())
  await one.turn()
  airbyte.connections[0]?.syncs.push({ jobId: 60, status: 'failed', endedAt: ago(3) })
  airbyte.fail({ status: 503, body: {} }, { times: Number.POSITIVE_INFINITY })
  await one.turn()
  expect(one.logged).toEqual([expect.stringMatching(/^warn airbyte_shop was not asked what failed: E_HTTP_/)])
  airbyte.heal()
  await one.turn()
  expect(await count(one.store, 'alerts')).toBe(1)
})
