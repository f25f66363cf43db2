import { describe, expect, test } from 'vitest'
import { pagerdutyWebhook, startPagerduty } from '../../tests/stand-ins/pagerduty.ts'
import { count, lateTable, useWorlds, type World } from '../../tests/support/workflow.ts'
import { loadTimeline } from '../store/incidents.ts'

const { world } = useWorlds()
const policy = 'mode: notify\n'
const routing = `routes:
  - name: all
    tell: [pagerduty, slack]
    escalate: [{ after_minutes: 1, tell: [ticket] }]
`

async function paged() {
  const server = await startPagerduty()
  const one = await world({ policy, routing, settings: server.settings })
  const id = await one.open(lateTable())
  await one.decide(id)
  await one.notify(id)
  return { one, id, server, key: `${one.store.tenant}/${id}`, [Symbol.asyncDispose]: () => server.close() }
}

async function states(one: World) {
  return { incidents: await count(one.store, 'incidents'), letters: await count(one.store, 'dead_letters') }
}

describe('what people do in PagerDuty', () => {
  test('acknowledged there: theirs here, nobody is reminded, and PagerDuty is not told its own news', async () => {
    await using started = await paged()
    const { one, id, key, server } = started
    const events = server.requests.length
    await one.fire(pagerdutyWebhook('acknowledged', { key }))
    await one.fire(pagerdutyWebhook('acknowledged', { key }))
    expect(await one.incident(id)).toMatchObject({ acknowledged_by: 'Ana Diaz (PagerDuty)', state: 'notified' })
    expect(await one.due(id)).toEqual(['quiet'])
    await one.turn()
    expect(server.requests).toHaveLength(events)
    expect(await states(one)).toEqual({ incidents: 1, letters: 0 })
  })

  test('handed on there: whoever was handed it has it', async () => {
    await using started = await paged()
    const { one, id, key } = started
    await one.fire(pagerdutyWebhook('acknowledged', { key }))
    await one.fire(pagerdutyWebhook('reassigned', { key, assignees: ['Ben Li'] }))
    expect(await one.incident(id)).toMatchObject({ acknowledged_by: 'Ben Li (PagerDuty)' })
    await one.fire(pagerdutyWebhook('unacknowledged', { key, agent: null }))
    expect(await one.incident(id)).toMatchObject({ acknowledged_by: null })
    expect(await one.due(id)).toContain('reminder')
  })

  test('resolved there: over here, and told', async () => {
    await using started = await paged()
    const { one, id, key } = started
    await one.fire(pagerdutyWebhook('resolved', { key }))
    expect(await one.incident(id)).toMatchObject({ state: 'resolved', closed_how: 'manual' })
    expect((await loadTimeline(one.store, id)).at(-1)).toMatchObject({
      who: 'Ana Diaz (PagerDuty)',
      why: 'resolved in PagerDuty',
    })
    await one.turn()
    expect(one.told(id).at(-1)).toContain('Resolved')
    expect(await states(one)).toEqual({ incidents: 1, letters: 0 })
  })

  test.for(['triggered', 'escalated', 'annotated', 'priority_updated'])(
    '%s changes nothing and opens nothing',
    async (event) => {
      await using started = await paged()
      const { one, id, key } = started
      const before = await one.incident(id)
      await one.fire(pagerdutyWebhook(event, { key }))
      expect(await one.incident(id)).toEqual(before)
      expect(await states(one)).toEqual({ incidents: 1, letters: 0 })
    },
  )

  test.for([
    ['another tenant', (id: string) => `another_tenant/${id}`],
    ['a prefix', (id: string) => `x-${id}`],
  ] as const)('a key of %s moves nothing here', async ([, keyOf]) => {
    await using started = await paged()
    const { one, id } = started
    const before = await one.incident(id)
    await one.fire(pagerdutyWebhook('resolved', { key: keyOf(id) }))
    expect(await one.incident(id)).toEqual(before)
  })

  test('where PagerDuty is told, who is next is PagerDuty’s affair', async () => {
    await using started = await paged()
    const { one, id } = started
    await one.pass(5 * 60_000)
    await one.turn()
    expect((await one.messages(id)).map(({ kind }) => kind).sort()).toEqual(['pagerduty', 'slack'])
    expect(await one.due(id)).not.toContain('escalation')
  })
})

describe('an alert that came through PagerDuty', () => {
  test('opens no second page there, and who acknowledges it there has it here', async () => {
    const server = await startPagerduty()
    const one = await world({ policy, routing, settings: { ...server.settings, ...server.noteSettings } })
    const id = await one.open(
      pagerdutyWebhook('triggered', { key: 'from-elsewhere', title: 'Table shop.public.orders is late' }),
    )
    await one.decide(id)
    await one.notify(id)
    expect(server.alerts.size).toBe(0)
    expect(server.notes.get('Q1ABCDEF23GHIJ')).toHaveLength(1)
    expect(one.told(id)).toHaveLength(1)
    await one.fire(
      pagerdutyWebhook('acknowledged', { key: 'from-elsewhere', title: 'Table shop.public.orders is late' }),
    )
    expect(await one.incident(id)).toMatchObject({ acknowledged_by: 'Ana Diaz (PagerDuty)' })
    expect(await count(one.store, 'incidents')).toBe(1)
    await server.close()
  })
})

test('a resolve of the monitor ends the page that the firing opened', async () => {
  await using started = await paged()
  const { one, key, server } = started
  await one.fire(lateTable({ status: 'resolved', alert_id: 'late-2' }))
  await one.turn()
  expect(server.alerts.get(key)).toMatchObject({ status: 'resolved', pages: 1 })
})

test('a channel that is down: the fallback is told why, the page is kept, and goes out once when it is back', async () => {
  const server = await startPagerduty()
  const down = `routes: [{ name: all, tell: [pagerduty] }]\nfallback: [slack]\n`
  const one = await world({ policy, routing: down, settings: server.settings })
  const id = await one.open(lateTable())
  await one.decide(id)
  server.fail({ status: 503 }, { times: 3 })
  for (let attempt = 0; attempt < 6; attempt += 1) {
    await one.notify(id)
    await one.pass(5 * 60_000)
  }
  expect(one.told(id)).toEqual([
    expect.stringContaining('Told here because pagerduty did not take it: PagerDuty answered 503'),
  ])
  expect(server.alerts.get(`${one.store.tenant}/${id}`)).toMatchObject({ pages: 1 })
  await server.close()
})
