import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type PagerdutyStandIn, startPagerduty } from '../../tests/stand-ins/pagerduty.ts'
import type { Fault } from '../../tests/stand-ins/server.ts'
import { dagTimeout, dagTimeoutFixed, hostileStrings, schemaDrift } from '../../tests/support/example-incidents.ts'
import { exampleSending } from '../../tests/support/sending.ts'
import type { Message } from '../domain/message.ts'
import { buildMessage } from '../domain/message-build.ts'
import type { Sending } from './channel.ts'
import { pagerduty } from './pagerduty.ts'

let server: PagerdutyStandIn
beforeEach(async () => {
  server = await startPagerduty()
})
afterEach(() => server.close())

const message = buildMessage(dagTimeout)
const subject = 'incident_management/inc_7f3c21'

function send(sent: Message = message, changes: Partial<Sending> = {}, settings = {}) {
  return pagerduty.send(sent, exampleSending({ ...server.settings, ...settings }, changes))
}
const only = () => server.alerts.get(subject) ?? expect.fail('PagerDuty was told nothing')

test('one page an incident, however often it is told', async () => {
  expect(await send()).toEqual({ outcome: 'sent', reference: subject })
  await send({ ...message, occasion: 'escalated' }, { opened: subject })
  await send(message, { inDoubt: true })
  expect(only()).toMatchObject({ pages: 1, status: 'triggered', severity: 'critical' })
  expect(only().summary).toBe('CRITICAL: daily_elt_pipeline exceeds its SLA: 6 h instead of 2 h')
})

test('is acknowledged and resolved by its key', async () => {
  await send()
  await send({ ...message, occasion: 'acknowledged' }, { opened: subject })
  expect(only().status).toBe('acknowledged')
  await send(buildMessage(dagTimeoutFixed), { opened: subject })
  expect(only().status).toBe('resolved')
})

test('what goes on in another incident is no page of its own any more', async () => {
  await send()
  await send({ ...message, occasion: 'merged' }, { opened: subject })
  expect(only()).toMatchObject({ status: 'resolved', pages: 1 })
})

test('a dismissal ends what the raw page opened', async () => {
  await send({ ...message, occasion: 'raw' })
  await send({ ...message, dismissed: true }, { opened: subject })
  expect(only()).toMatchObject({ status: 'resolved', pages: 1 })
})

test.for(['resolved', 'fixed', 'merged', 'acknowledged'] as const)(
  '%s says nothing where nobody was paged',
  async (occasion) => {
    expect(await send({ ...message, occasion })).toMatchObject({ outcome: 'needless' })
    expect(server.requests).toEqual([])
  },
)

test('reminders are PagerDuty’s own', async () => {
  expect(await send({ ...message, occasion: 'reminder' }, { opened: subject })).toMatchObject({ outcome: 'needless' })
  expect(server.requests).toEqual([])
})

describe('an alert that came through PagerDuty', () => {
  const theirs = { ...message, origin: { source: 'pagerduty', id: 'Q1ABCDEF23GHIJ' } }

  test('opens no second page', async () => {
    expect(await send(theirs)).toMatchObject({ outcome: 'needless' })
    expect(server.alerts.size).toBe(0)
  })

  test('gets a note on its incident, once', async () => {
    server.fail('lost_answer')
    expect(await send(theirs, {}, server.noteSettings)).toMatchObject({ outcome: 'unknown' })
    expect(await send(theirs, { inDoubt: true }, server.noteSettings)).toMatchObject({ outcome: 'sent' })
    expect(server.notes.get('Q1ABCDEF23GHIJ')).toEqual([expect.stringContaining('load_orders hangs')])
    expect(server.alerts.size).toBe(0)
  })

  test.for([
    [{ PAGERDUTY_API_TOKEN: 'wrong-token' }, '401: PAGERDUTY_API_TOKEN is wrong'],
    [{ PAGERDUTY_FROM: '' }, '400: PAGERDUTY_FROM'],
  ] as const)('%j is said', async ([settings, reason]) => {
    expect(await send(theirs, {}, { ...server.noteSettings, ...settings })).toEqual({
      outcome: 'refused',
      reason: expect.stringContaining(reason),
    })
  })
})

describe('what came of it', () => {
  const answers: [string, Fault, object][] = [
    [
      '429 with Retry-After',
      { status: 429, headers: { 'retry-after': '20' } },
      { outcome: 'busy', retryAfterMs: 20_000 },
    ],
    [
      '400',
      { status: 400, body: { status: 'invalid event' } },
      { outcome: 'refused', reason: expect.stringContaining('ROUTING_KEY') },
    ],
    ['404', { status: 404 }, { outcome: 'refused', reason: 'PagerDuty answered 404' }],
    ['500', { status: 500 }, { outcome: 'unknown', reason: 'PagerDuty answered 500' }],
    ['503', { status: 503 }, { outcome: 'busy' }],
    ['a proxy’s page', { status: 200, body: '<html>' }, { outcome: 'unknown' }],
    ['somebody else’s JSON', { status: 200, body: { ok: true } }, { outcome: 'unknown' }],
    ['a redirect', { status: 302, headers: { location: 'https://example.com/' } }, { outcome: 'refused' }],
    ['a reset', 'reset', { outcome: 'unknown' }],
  ]
  test.for(answers)('%s', async ([, fault, outcome]) => {
    server.fail(fault)
    expect(await send()).toMatchObject(outcome)
    expect(server.requests).toHaveLength(1)
  })

  test('nobody there', async () => {
    const url = server.url
    await server.close()
    const delivery = await send(message, {}, { PAGERDUTY_EVENTS_URL: url })
    expect(delivery).toMatchObject({ outcome: 'busy', reason: "PagerDuty can't be reached (ECONNREFUSED)" })
    server = await startPagerduty()
  })
})

test.for(hostileStrings.map((text) => [text] as const))('%j is taken, and no secret leaves', async ([text]) => {
  const hostile = text || ' '
  const secret = server.settings.PAGERDUTY_ROUTING_KEY
  const everywhere = {
    ...buildMessage(schemaDrift),
    title: hostile,
    what: `${hostile} ${secret}`,
    asset: hostile,
    links: [{ title: hostile, url: 'javascript:1' }],
  }
  expect(await send(everywhere)).toMatchObject({ outcome: 'sent' })
  expect(server.requests[0]?.body.split(secret)).toHaveLength(2)
})
