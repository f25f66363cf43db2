import { describe, expect, test } from 'vitest'
import { rateLimited } from '../../tests/stand-ins/slack.ts'
import { count, lateTable, useWorlds, type World } from '../../tests/support/workflow.ts'
import { loadActions } from '../store/actions.ts'
import { openStore } from '../store/connection.ts'
import { claimActions, finishAction } from '../store/outbox.ts'
import { listTickets } from '../store/tickets.ts'
import { deliverMessages, refusals } from './deliver.ts'

const { world } = useWorlds()
const minute = 60_000

async function decided(one: World): Promise<string> {
  const id = await one.open(lateTable())
  await one.decide(id)
  return id
}

async function only({ store }: World, id: string) {
  const [action, ...more] = await loadActions(store, id)
  expect(more).toEqual([])
  return action ?? expect.fail()
}

describe('a message', () => {
  test('that Slack takes is sent, and from then on people count as told', async () => {
    const one = await world()
    const id = await decided(one)
    expect((await one.incident(id)).told_at).toBeNull()
    expect(await one.notify(id)).toEqual({ sent: 1, later: [], refused: [] })
    expect(await only(one, id)).toMatchObject({ state: 'sent', attempt: 1 })
    expect((await one.incident(id)).told_at).toBeInstanceOf(Date)
    expect(await one.notify(id)).toEqual({ sent: 0, later: [], refused: [] })
    expect(one.told(id)).toHaveLength(1)
  })

  test('is sent once by eight at once', async () => {
    const one = await world()
    const id = await decided(one)
    const all = await Promise.all(Array.from({ length: 8 }, () => one.notify(id)))
    expect(all.reduce((sum, { sent }) => sum + sent, 0)).toBe(1)
    expect(one.slack.requests).toHaveLength(1)
  })

  test('that Slack is too busy for waits as long as Slack asks, and is no repeat', async () => {
    const one = await world()
    const id = await decided(one)
    one.slack.fail(rateLimited)
    expect(await one.notify(id)).toMatchObject({ sent: 0, later: [expect.stringContaining('rate limiting')] })
    expect(await only(one, id)).toMatchObject({ state: 'planned', attempt: 1 })
    await one.pass(29_000)
    expect(await one.notify(id)).toMatchObject({ sent: 0, later: [] })
    await one.pass(2_000)
    expect(await one.notify(id)).toMatchObject({ sent: 1 })
    expect(one.told(id)).toEqual([expect.not.stringContaining('possible repeat')])
  })

  test('waits no longer than an hour, whatever it is asked', async () => {
    const one = await world()
    const id = await decided(one)
    one.slack.fail({ status: 429, headers: { 'retry-after': '900000' }, body: '' })
    await one.notify(id)
    await one.pass(61 * minute)
    expect(await one.notify(id)).toMatchObject({ sent: 1 })
  })

  test('is kept while Slack has faults of its own, for as long as it takes, with growing patience', async () => {
    const one = await world()
    const id = await decided(one)
    one.slack.fail({ status: 500, body: 'server error' }, { times: 12 })
    const waits = [5, 15, 60, 300, 900, 900, 900, 900, 900, 900, 900, 900]
    for (const seconds of waits) {
      expect(await one.notify(id)).toMatchObject({ sent: 0, later: [expect.stringContaining('500')] })
      await one.pass(seconds * 1000 - 1000)
      expect(await one.notify(id)).toEqual({ sent: 0, later: [], refused: [] })
      await one.pass(2000)
    }
    expect(await one.notify(id)).toMatchObject({ sent: 1 })
    expect(one.told(id)).toEqual([expect.not.stringContaining('possible repeat')])
  })

  test('that may have arrived is sent again, marked, and left alone after three attempts', async () => {
    const one = await world()
    const id = await decided(one)
    one.slack.fail('lost_answer', { times: 4 })
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      await one.notify(id)
      await one.pass(20 * minute)
    }
    expect(await only(one, id)).toMatchObject({ state: 'unknown', attempt: 3 })
    const repeats = one.told(id).map((text) => text.includes('possible repeat'))
    expect(repeats).toEqual([false, true, true])
  })

  test('is not given up when only its last attempt was in doubt', async () => {
    const one = await world()
    const id = await decided(one)
    one.slack.fail({ status: 503, body: '' }, { times: 3 })
    one.slack.fail('reset')
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await one.notify(id)
      await one.pass(20 * minute)
    }
    expect(one.told(id)).toEqual([expect.stringContaining('possible repeat')])
    expect(await only(one, id)).toMatchObject({ state: 'sent', attempt: 5 })
  })

  test('whose sender died in mid-flight is sent again, marked; the sender’s late answer changes nothing', async () => {
    const one = await world()
    const id = await decided(one)
    const { promise, resolve } = Promise.withResolvers<void>()
    one.slack.fail({ until: promise })
    const late = one.notify(id)
    await one.slack.waitFor(() => true)
    await one.pass(61_000)
    expect(await one.notify(id)).toMatchObject({ sent: 1 })
    resolve()
    await late
    expect(one.told(id)).toEqual([
      expect.stringContaining('possible repeat'),
      expect.not.stringContaining('possible repeat'),
    ])
    expect(await only(one, id)).toMatchObject({ state: 'sent', attempt: 2 })
  })

  test('to a webhook that is gone is kept with Slack’s word, written down as a ticket, and sent once it is mended', async () => {
    const one = await world()
    const id = await decided(one)
    one.slack.fail({ status: 404, body: 'no_service' })
    const reason = expect.stringMatching(/^slack for INC-\w+: Slack answered 404 no_service: .*SLACK_WEBHOOK_URL/)
    expect(await one.notify(id)).toEqual({ sent: 0, later: [], refused: [reason] })
    expect(await only(one, id)).toMatchObject({ state: 'failed' })
    expect((await one.incident(id)).told_at).toBeNull()
    expect(await listTickets(one.store)).toMatchObject([{ incident: id }])
    // The task's second attempt has nothing to send, and still says that nobody heard of it.
    expect(await one.notify(id)).toEqual({ sent: 0, later: [], refused: [] })
    expect(await refusals(one.store, id)).toEqual([reason])
    await one.pass(16 * minute)
    expect(await one.notify(id)).toMatchObject({ sent: 1 })
    expect(await refusals(one.store, id)).toEqual([])
  })

  test('that nobody answers is in doubt, and does not keep the others', async () => {
    const one = await world()
    const first = await decided(one)
    const second = await one.open(lateTable({ metric: { name: 'freshness_hours', table: 'shop.public.items' } }))
    await one.decide(second)
    one.slack.fail('reset')
    const { sent, later } = await deliverMessages(one.store, one.settings, { limit: 10 })
    expect({ sent, later }).toEqual({ sent: 1, later: [expect.stringContaining(first)] })
    expect(await only(one, first)).toMatchObject({ state: 'unknown' })
  })

  test('goes to one ticket an incident while no channel is set up', async () => {
    const one = await world({ settings: { SLACK_WEBHOOK_URL: '' } })
    const id = await one.open(lateTable())
    await one.whenDue('page_deadline', id)
    await one.decide(id)
    expect(await one.notify(id)).toMatchObject({ sent: 1 })
    expect((await one.messages(id)).map(({ kind, state }) => [kind, state])).toEqual([
      ['ticket', 'sent'],
      ['ticket', 'sent'],
    ])
    expect(await count(one.store, 'tickets')).toBe(1)
    expect((await one.incident(id)).told_at).toBeInstanceOf(Date)
  })

  test('for a channel that was taken away is kept', async () => {
    const one = await world()
    const id = await decided(one)
    await deliverMessages(one.store, { ...one.settings, SLACK_WEBHOOK_URL: '' }, { limit: 10 })
    expect(await only(one, id)).toMatchObject({ state: 'planned' })
    await one.pass(minute)
    expect(await one.notify(id)).toMatchObject({ sent: 1 })
  })
})

test('nothing is claimed once time is up', async () => {
  const one = await world()
  const id = await decided(one)
  await deliverMessages(one.store, one.settings, { limit: 10, stop: () => true })
  expect(await only(one, id)).toMatchObject({ state: 'planned', attempt: 0 })
})

test('a store that is away is said so', async () => {
  const one = await world()
  await using away = openStore('postgresql://dim_app:x@127.0.0.1:1/none', one.store.tenant)
  await expect(deliverMessages(away, one.settings, { limit: 1 })).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
})

test('a message about what is over by then is not sent any more', async () => {
  const one = await world()
  const id = await decided(one)
  const [action] = await claimActions(one.store, { kinds: ['slack'], limit: 1 })
  await finishAction(one.store, action ?? expect.fail(), { state: 'failed', reason: 'refused', retryInMs: 1 })
  await one.fire(lateTable({ status: 'resolved', alert_id: 'late-2' }))
  await one.pass(minute)
  expect(await one.notify(id)).toEqual({ sent: 0, later: [], refused: [] })
  expect(await only(one, id)).toMatchObject({ state: 'cancelled' })
})
