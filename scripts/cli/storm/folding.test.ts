import { expect, test } from 'vitest'
import { z } from 'zod'
import { useWorlds, type World } from '../../../tests/support/workflow.ts'
import { accountOfAlerts } from '../../store/books.ts'
import { claimDispatch } from '../../store/dispatch.ts'
import { sql } from '../../store/sql.ts'
import { ingest } from '../../workflow/ingest.ts'
import { type StormShape, stormBody } from './bodies.ts'

const { world } = useWorlds()
const atOnce = 10
/** The clock comes by after so many deliveries. */
const deliveriesATurn = 250
/** 1,000 deliveries, on a machine that others use as well. */
const patienceMs = 180_000

interface Counts {
  analyses: number
  /** Incidents at the end that went on in no other one. */
  incidents: number
  messages: number
  alerts: number
  open: number
}

/** Fires a storm in process: each body is ingested, what is to be analysed is analysed, and the clock ticks. */
async function storm(one: World, shape: StormShape): Promise<Counts> {
  const counts = { analyses: 0 }
  const start = Date.now()
  const analyse = async (incident: string) => {
    if (!(await one.decide(incident))) return
    counts.analyses += 1
    await one.notify(incident)
  }
  const tick = async () => {
    await one.turn()
    for (let { incident } = await claimDispatch(one.store); incident; { incident } = await claimDispatch(one.store))
      await analyse(incident)
  }
  for (let first = 0; first < shape.alerts; first += atOnce) {
    const deliveries = Array.from({ length: Math.min(atOnce, shape.alerts - first) }, (_, index) => first + index)
    const received = await Promise.all(
      deliveries.map((delivery) => {
        const { body, headers } = stormBody(shape, 'storm', delivery, new Date(start))
        const id = `delivery-${delivery}`
        const handedOver = {
          executionId: id,
          originalId: id,
          body,
          headers: JSON.stringify(headers),
          receivedAt: new Date(),
        }
        return ingest(one.store, handedOver, [], one.settings)
      }),
    )
    for (const { incidents } of received) for (const incident of incidents) await analyse(incident)
    if (first % deliveriesATurn === 0) await tick()
  }
  await one.pass(61_000)
  await tick()
  await tick()
  const { alerts, open } = await accountOfAlerts(one.store)
  const row = await one.store.transaction((query) =>
    query.first(
      z.object({ incidents: z.number() }),
      sql`select count(*)::int as incidents from incidents where merged_into is null`,
    ),
  )
  return { ...counts, alerts, open, incidents: row?.incidents ?? 0, messages: one.slack.messages.length }
}

test(
  'a storm of 20 conditions is at most 20 incidents and analyses',
  async () => {
    const found = await storm(await world(), { alerts: 1000, conditions: 20, assets: 20, sources: 5 })
    expect(found).toMatchObject({ alerts: 1000, open: 0 })
    expect(found.incidents).toBeLessThanOrEqual(20)
    expect(found.analyses).toBeLessThanOrEqual(20)
    expect(found.messages).toBeLessThanOrEqual(25)
  },
  patienceMs,
)

test(
  'a platform that fails with 300 assets in 600 conditions is three analyses and five messages at most',
  async () => {
    const one = await world()
    const found = await storm(one, { alerts: 1000, conditions: 600, assets: 300, sources: 5 })
    expect(found).toMatchObject({ alerts: 1000, open: 0 })
    expect(found.analyses).toBeLessThanOrEqual(3)
    expect(found.messages).toBeLessThanOrEqual(5)
    expect(found.incidents).toBeLessThanOrEqual(3)
  },
  patienceMs,
)
