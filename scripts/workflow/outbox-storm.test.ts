import { expect, test } from 'vitest'
import { z } from 'zod'
import { startSlack, textOf } from '../../tests/stand-ins/slack.ts'
import { startSlackWebApi, tooMany } from '../../tests/stand-ins/slack-web-api.ts'
import { exampleAlert, exampleMessage, letTimePass, receive, useTestStore } from '../../tests/support/store.ts'
import { planAction } from '../store/actions.ts'
import type { Store } from '../store/connection.ts'
import { sql } from '../store/sql.ts'
import { deliverMessages } from './deliver.ts'

const { tenant } = useTestStore()

/** A thousand take minutes, and were tried too. */
const messages = 60

/** One incident each, so that none takes another's place. */
async function outboxOf(store: Store, count: number, severityOf = (_index: number): 'HIGH' | 'CRITICAL' => 'HIGH') {
  const ids: string[] = []
  for (let index = 0; index < count; index += 1) {
    const { incident } = await receive(
      store,
      exampleAlert({
        fingerprint: `fp_storm_${index}`,
        external_id: `${index}`,
        source: `source-${index % 50}`,
        category: 'data_quality',
        asset: { kind: 'host', name: `machine-${index}` },
      }),
    )
    const id = incident ?? expect.fail()
    const message = exampleMessage(id, { title: `number ${index}`, severity: severityOf(index) })
    await planAction(store, id, 1, { kind: 'slack', key: `${id}:1:slack:decision`, message })
    ids.push(id)
    // So many at once would be folded as a storm.
    if (index % 100 === 99) await letTimePass(store, 7_200_000)
  }
  return ids
}

/** Sends until nothing waits any more; whoever would wait lets time pass instead. */
async function drain(store: Store, settings: Record<string, string>): Promise<void> {
  // A turn on the channel is all that is waited for within a round: only its time passes.
  const wait = (ms: number) =>
    store.transaction((query) =>
      query.run(sql`update paces set used_until = used_until - make_interval(secs => ${ms / 1000})`),
    )
  for (let round = 0; round < 200 && (await waiting(store)) > 0; round += 1) {
    await deliverMessages(store, settings, { limit: 100, wait })
    await letTimePass(store, 60_000)
  }
}

async function waiting(store: Store): Promise<number> {
  const row = await store.transaction((query) =>
    query.first(
      z.object({ count: z.number() }),
      sql`select count(*)::int as count from actions where state <> 'sent' and not_before is not null`,
    ),
  )
  return row?.count ?? 0
}

/** The same row of chances at each run. */
function chances(): () => number {
  let seed = 7
  return () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed / 2_147_483_648
  }
}

test('every message reaches a Slack that answers 429 and 500 half of the time, once', async () => {
  const store = tenant()
  const slack = await startSlackWebApi()
  const ids = await outboxOf(store, messages)
  const chance = chances()
  const always = Number.POSITIVE_INFINITY
  slack.fail(tooMany, { times: always, when: ({ path }) => path.endsWith('postMessage') && chance() < 0.25 })
  slack.fail({ status: 500 }, { times: always, when: ({ path }) => path.endsWith('postMessage') && chance() < 0.33 })
  slack.fail('lost_answer', { times: always, when: ({ path }) => path.endsWith('postMessage') && chance() < 0.05 })
  await drain(store, slack.settings)
  expect(await waiting(store)).toBe(0)
  const told = slack.roots().map(({ metadata }) => metadata?.event_payload.incident)
  expect(told.sort()).toEqual(ids.map((id) => `${store.tenant}/${id}`).sort())
  await slack.close()
})

test('what is critical does not wait behind what is not', async () => {
  const store = tenant()
  const slack = await startSlack()
  const ids = await outboxOf(store, 40, (index) => (index === 36 ? 'CRITICAL' : 'HIGH'))
  await deliverMessages(store, { SLACK_WEBHOOK_URL: slack.webhookUrl }, { limit: 1 })
  expect(slack.messages.map(textOf)).toEqual([expect.stringContaining(ids[36] ?? 'none')])
  await slack.close()
})

test('a burst leaves at Slack’s pace, whoever sends', async () => {
  const store = tenant()
  const slack = await startSlack()
  await outboxOf(store, 30)
  const settings = { SLACK_WEBHOOK_URL: slack.webhookUrl }
  // Nobody waits here: what is not let through is put back, untried.
  const wait = async () => {}
  const all = await Promise.all(Array.from({ length: 3 }, () => deliverMessages(store, settings, { limit: 10, wait })))
  const sent = all.reduce((sum, one) => sum + one.sent, 0)
  expect(sent).toBe(slack.messages.length)
  expect(sent).toBeGreaterThanOrEqual(5)
  // Five at once, and one more for each second that this took.
  expect(sent).toBeLessThan(20)
  await slack.close()
})
