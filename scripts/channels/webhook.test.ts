import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Fault, type StandIn, startStandIn } from '../../tests/stand-ins/server.ts'
import { schemaDrift } from '../../tests/support/example-incidents.ts'
import { exampleSending } from '../../tests/support/sending.ts'
import { Message } from '../domain/message.ts'
import { buildMessage } from '../domain/message-build.ts'
import { parseJson } from '../lib/json.ts'
import { webhook } from './webhook.ts'

let server: StandIn
beforeEach(async () => {
  server = await startStandIn(() => ({ status: 204 }))
})
afterEach(() => server.close())

const key = `whsec_${Buffer.from('a key of a receiver').toString('base64')}`
const message = buildMessage(schemaDrift)
function send(sent = message, changes = {}) {
  return webhook.send(
    sent,
    exampleSending({ NOTIFY_WEBHOOK_URL: `${server.url}/hook`, NOTIFY_WEBHOOK_KEY: key, ...changes }),
  )
}

test('is signed as Standard Webhooks has it, with a time and an id that stays', async () => {
  expect(await send()).toMatchObject({ outcome: 'sent' })
  await send({ ...message, possible_repeat: true })
  const [first, second] = server.requests
  if (!first || !second) throw new Error('nothing was sent')
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = first.headers
  const expected = createHmac('sha256', 'a key of a receiver').update(`${id}.${at}.${first.body}`).digest('base64')
  expect(signature).toBe(`v1,${expected}`)
  expect(second.headers['webhook-id']).toBe(id)
  const body = z.object({ type: z.string(), subject: z.string(), data: Message }).parse(parseJson(first.body))
  expect(body).toMatchObject({ type: 'incident.decision', subject: 'incident_management/inc_7f3c21' })
  expect(body.data.possible_repeat).toBe(false)
  expect(second.body).toContain('"possible_repeat":true')
})

test('a key of any other shape is taken as it is; no secret is in what is sent', async () => {
  await send(
    { ...message, what: 'the key is my-plain-key-of-24-letters' },
    { NOTIFY_WEBHOOK_KEY: 'my-plain-key-of-24-letters' },
  )
  const [request] = server.requests
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request?.headers ?? {}
  const expected = createHmac('sha256', 'my-plain-key-of-24-letters').update(`${id}.${at}.${request?.body}`)
  expect(signature).toBe(`v1,${expected.digest('base64')}`)
  expect(request?.body).not.toContain('my-plain-key')
})

describe('what came of it', () => {
  const answers: [string, Fault, object][] = [
    ['200 with a page', { status: 200, body: '<html>thanks' }, { outcome: 'sent' }],
    ['401', { status: 401 }, { outcome: 'refused', reason: expect.stringContaining('NOTIFY_WEBHOOK_KEY') }],
    ['404', { status: 404 }, { outcome: 'refused', reason: expect.stringContaining('NOTIFY_WEBHOOK_URL') }],
    ['409', { status: 409 }, { outcome: 'refused' }],
    ['422', { status: 422 }, { outcome: 'refused' }],
    ['429', { status: 429, headers: { 'retry-after': '30' } }, { outcome: 'busy', retryAfterMs: 30_000 }],
    ['500', { status: 500 }, { outcome: 'unknown' }],
    ['503', { status: 503 }, { outcome: 'busy' }],
    ['a reset', 'reset', { outcome: 'unknown' }],
    ['a redirect', { status: 307, headers: { location: 'http://127.0.0.1:1/' } }, { outcome: 'refused' }],
  ]
  test.for(answers)('%s', async ([, fault, outcome]) => {
    server.fail(fault)
    expect(await send()).toMatchObject(outcome)
    expect(server.requests).toHaveLength(1)
  })
})
