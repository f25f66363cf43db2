import { describe, expect, test } from 'vitest'
import { lateTable, useWorlds, type World } from '../../tests/support/workflow.ts'
import { loadDecision } from '../store/decisions.ts'
import { feedbackOf } from '../store/feedback.ts'
import { loadTimeline, openIncidents } from '../store/incidents.ts'
import { addSilence } from '../store/silences.ts'
import { quietForTheSame } from '../store/was-real.ts'
import { sayAbout } from './feedback.ts'

const { world } = useWorlds()
const hour = 3_600_000

const catalog = `
assets:
  - name: shop.public.orders
    kind: table
    tier: 3
    owner: shop-data
    channel: '#shop'
    environment: production
    consumers: [finance]
  - name: shop.public.ledger
    kind: table
    tier: 1
    owner: shop-data
    channel: '#shop'
    environment: production
`
const policy = 'mode: act\nauto_fix: false\nallow: []\nmin_confidence: 0.8\n'
const noise = (one: World, incident: string, who: string) =>
  sayAbout(one.store, { incident, verdict: 'false_alarm', note: '', who }, one.settings)
const real = (one: World, incident: string, who = 'cem') =>
  sayAbout(one.store, { incident, verdict: 'was_real', note: 'orders were lost', who }, one.settings)

/** The same trouble again, after the one before has ended by itself. */
async function again(one: World, changes: object = {}): Promise<string> {
  const id = await one.handle(lateTable({ alert_id: crypto.randomUUID(), ...changes }))
  return id
}

async function end(one: World, id: string, changes: object = {}): Promise<void> {
  await one.fire(lateTable({ alert_id: crypto.randomUUID(), status: 'resolved', ...changes }))
  expect((await one.incident(id)).closed_at).not.toBeNull()
  await one.pass(hour)
}

describe('what people say', () => {
  test('twice, by two people, has the very condition dismissed without the model, until it was real after all', async () => {
    const one = await world({ policy, catalog })
    const first = await again(one)
    expect((await one.incident(first)).state).toBe('notified')
    await noise(one, first, 'ann')
    await end(one, first)
    const second = await again(one)
    expect((await one.incident(second)).state).toBe('notified')
    await noise(one, second, 'bob')
    await end(one, second)
    const third = await again(one)
    expect(await loadDecision(one.store, third)).toMatchObject({
      recommended_action: 'dismiss',
      rule: 'confirmed_noise',
      cheap_pass: true,
      root_cause: expect.stringContaining('2 people on'),
      guardrails: [],
    })
    const heard = await real(one, third)
    expect(heard).toEqual({ goesOnIn: third, isReopened: true, reason: 'rule confirmed_noise' })
    expect(await one.incident(third)).toMatchObject({ state: 'open', revision: 2, closed_at: null })
    await one.turn()
    expect(one.told(third).join('\n')).toMatch(/real after all[\s\S]*cem says that it is real: orders were lost/)
    await one.decide(third)
    expect((await one.incident(third)).state).toBe('notified')
    await one.notify(third)
    await end(one, third)
    const fourth = await again(one)
    expect((await one.incident(fourth)).state).toBe('notified')
  })

  test.each<[string, object]>([
    ['worse than it was then', { severity: 'critical' }],
    [
      'beyond what was measured then',
      { metric: { name: 'freshness_hours', value: 30, threshold: 3, table: 'shop.public.orders' } },
    ],
    ['of another kind of failure', { description: 'permission denied for table orders' }],
  ])('does not cover what is %s', async (_what, changes) => {
    const one = await world({ policy, catalog })
    for (const who of ['ann', 'bob']) {
      const id = await again(one)
      await noise(one, id, who)
      await end(one, id)
    }
    expect((await loadDecision(one.store, await again(one, changes)))?.recommended_action).toBe('notify_team')
  })

  test('never covers tier 1, nor what the catalogue does not know', async () => {
    for (const table of ['shop.public.ledger', 'shop.public.unknown']) {
      const one = await world({ policy, catalog })
      const about = {
        title: `Table ${table} is late`,
        metric: { name: 'freshness_hours', value: 9, threshold: 3, table },
      }
      for (const who of ['ann', 'bob', 'cem']) {
        const id = await again(one, about)
        await noise(one, id, who)
        await end(one, id, about)
      }
      expect((await loadDecision(one.store, await again(one, about)))?.recommended_action).toBe('notify_team')
    }
  })

  test('of one person on one day changes nothing, however often', async () => {
    const one = await world({ policy, catalog })
    for (let nth = 0; nth < 3; nth += 1) {
      const id = await again(one)
      expect((await one.incident(id)).state).toBe('notified')
      for (let times = 0; times < 3; times += 1) await noise(one, id, 'ann')
      await end(one, id)
    }
  })
})

describe('“this was real”', () => {
  test('of what has ended since opens it again, and lists what else went the same way', async () => {
    const one = await world({ policy, catalog })
    const load = { source: 'prometheus', title: 'Memory at 90 %', severity: 'low', environment: 'staging' }
    const [id, other] = [
      await one.handle({ ...load, host: 'a' }),
      await one.handle({ ...load, host: 'b', title: 'CPU at 90 %' }),
    ]
    const decision = await loadDecision(one.store, id)
    expect(decision).toMatchObject({ rule: 'lower_environment' })
    await one.pass(2 * hour)
    await one.turn()
    const heard = await real(one, id)
    expect(heard).toMatchObject({ isReopened: true, reason: 'rule lower_environment' })
    expect((await quietForTheSame(one.store, id)).map((alike) => alike.id)).toEqual([other])
    expect((await loadTimeline(one.store, id)).at(-1)).toMatchObject({
      to_state: 'open',
      why: 'cem says that it is real',
    })
    // Whatever the analyser thinks of it, people are told.
    await one.decide(id)
    expect(await loadDecision(one.store, id)).toMatchObject({ recommended_action: 'notify_team' })
    // Said again it changes nothing but the word.
    expect(await real(one, id, 'dora')).toMatchObject({ isReopened: false })
    expect(await feedbackOf(one.store, id)).toHaveLength(2)
  })

  test('of what people were told of opens nothing', async () => {
    const one = await world({ policy, catalog })
    const id = await again(one)
    expect(await real(one, id)).toMatchObject({ isReopened: false, reason: null })
    expect((await one.incident(id)).state).toBe('notified')
  })

  test('of a silenced one has it analysed', async () => {
    const one = await world({ policy, catalog })
    const until = new Date(Date.now() + hour)
    await addSilence(one.store, { name: 'upgrade', asset: 'shop.*', until, recurring: null, by: 'ada' })
    await one.fire(lateTable())
    const id = (await openIncidents(one.store, 5))[0]?.id ?? expect.fail()
    expect(await real(one, id)).toMatchObject({ isReopened: true, reason: expect.stringContaining('upgrade') })
    expect(await one.decide(id)).toMatchObject({ decision: { recommended_action: 'notify_team' } })
  })

  test('goes on where the same condition fires now', async () => {
    const one = await world({ policy, catalog })
    const load = { source: 'prometheus', title: 'Memory at 90 %', severity: 'low', environment: 'staging', host: 'a' }
    const id = await one.handle(load)
    await one.fire({ ...load, status: 'resolved' })
    await one.pass(2 * hour)
    const now = await one.handle({ ...load, alert_id: 'again' })
    expect(now).not.toBe(id)
    expect(await real(one, id)).toMatchObject({ goesOnIn: now, isReopened: true })
    expect((await one.incident(id)).closed_at).not.toBeNull()
    expect(await one.decide(now)).toMatchObject({ decision: { recommended_action: 'notify_team' } })
  })

  test('in mode observe tells nobody', async () => {
    const one = await world({ policy: policy.replace('act', 'observe'), catalog })
    const id = await again(one, { environment: 'staging', severity: 'low' })
    await real(one, id)
    expect(await one.messages(id)).toEqual([])
  })
})
