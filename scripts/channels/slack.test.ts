import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Fault, startStandIn } from '../../tests/stand-ins/server.ts'
import { linksIn, mentionsIn, rateLimited, type SlackStandIn, startSlack, textOf } from '../../tests/stand-ins/slack.ts'
import { dagTimeout, dagTimeoutFixed, hostileStrings, schemaDrift } from '../../tests/support/example-incidents.ts'
import { exampleSending } from '../../tests/support/sending.ts'
import type { Message } from '../domain/message.ts'
import { buildMessage } from '../domain/message-build.ts'
import { slack } from './slack.ts'

let server: SlackStandIn
beforeEach(async () => {
  server = await startSlack()
})
afterEach(() => server.close())

const message = buildMessage(schemaDrift)

function send(sent: Message = message, url = server.webhookUrl, signal = AbortSignal.timeout(60_000)) {
  return slack.send(sent, exampleSending({ SLACK_WEBHOOK_URL: url }, { signal }))
}

test('tells what happened, why, what it costs, who owns it, what it rests on and what to do', async () => {
  expect(await send({ ...message, tried: ['Asked the owner.'] })).toEqual({ outcome: 'sent', reference: null })
  const [payload] = server.messages
  if (!payload) throw new Error('nothing was sent')
  expect(payload.blocks[0]).toMatchObject({
    type: 'header',
    text: { text: '🟠 HIGH: Schema drift on prod.analytics.customer_events' },
  })
  const text = textOf(payload)
  for (const part of [
    'owner *analytics-engineering*',
    '> Column customer_segment (VARCHAR) is gone since the last check.',
    '*Root cause*\ncustomer_segment was dropped',
    '*Impact*\ncustomer_segments, churn_features',
    '*Next step*\nFind out whether the change to customer_segment',
    '*Tried*\n•  Asked the owner.',
    '•  *alert*  Column customer_segment was dropped from prod.analytics.customer_events at 05:52 UTC.',
    '*Could not be checked*\n•  airflow: no answer within 5 s',
    'inc_7f3c21  ·  seen once  ·  decided by rules  ·  90 % sure',
  ]) {
    expect(text).toContain(part)
  }
  expect(linksIn(payload)).toEqual([
    ['https://wiki.example.com/runbooks/schema-drift', 'Runbook'],
    ['https://app.datadoghq.example/monitors/4711?event=1', 'Alert in app.datadoghq.example'],
  ])
  expect(payload).toMatchObject({ unfurl_links: false, unfurl_media: false })
  expect(payload.text).toContain('HIGH: Schema drift on prod.analytics.customer_events')
})

test('good news is short', async () => {
  await send(buildMessage(dagTimeoutFixed))
  const text = server.messages.map(textOf).join()
  expect(text).toContain('✅ Fixed: daily_elt_pipeline')
  expect(text).toContain('*What was done*\n•  Cleared daily_elt_pipeline.load_orders')
  expect(text).not.toMatch(/Impact|Evidence/)
})

test('marks a possible repeat, and nothing else', async () => {
  await send()
  await send({ ...message, possible_repeat: true })
  expect(server.messages.map((payload) => textOf(payload).includes('possible repeat'))).toEqual([false, true])
})

test('leaves out what is not known', async () => {
  await send(buildMessage({ ...dagTimeout, occasion: 'raw', decision: null, evidence: [] }))
  const text = server.messages.map(textOf).join()
  expect(text).toContain('CRITICAL, not analysed yet: daily_elt_pipeline')
  expect(text).toContain('no owner in the catalogue')
  for (const absent of ['Root cause', 'Impact', 'Evidence', 'Tried', 'Could not', 'sure', 'decided by']) {
    expect(text).not.toContain(absent)
  }
})

describe('hostile text', () => {
  test.for(hostileStrings.map((text) => [text] as const))('%j mentions, links and breaks nothing', async ([text]) => {
    const hostile = text || ' '
    const everywhere: Message = {
      ...message,
      incident: hostile,
      title: hostile,
      asset: hostile,
      environment: hostile,
      what: hostile,
      root_cause: hostile,
      impact: hostile,
      owner: hostile,
      evidence: Array.from({ length: 40 }, () => ({ source: hostile, summary: hostile })),
      runbook: hostile,
      links: [{ title: hostile, url: `https://example.com/${hostile}` }],
      unchecked: Array.from({ length: 40 }, () => hostile),
      next_step: hostile,
      dry_run: { known: true, text: hostile },
      tried: Array.from({ length: 40 }, () => hostile),
      analyzer: hostile,
    }
    expect(await send(everywhere)).toEqual({ outcome: 'sent', reference: null })
    const [payload] = server.messages
    if (!payload) throw new Error('nothing was sent')
    expect(mentionsIn(payload)).toEqual([])
    for (const [address] of linksIn(payload)) expect(address).toMatch(/^https:\/\/example\.com\//)
    // Only the titles that this channel writes itself stand bold at the start of a line.
    const titles = new Set(textOf(payload).match(/^\*[^*]+\*$/gm))
    const ours = [
      '*Root cause*',
      '*Impact*',
      '*Next step*',
      '*Checklist*',
      '*Tried*',
      '*Evidence*',
      '*Could not be checked*',
      '*Dry run*',
    ]
    expect([...titles].filter((title) => !ours.includes(title))).toEqual([])
  })

  test('secrets are taken out: the webhook, and whatever looks like one', async () => {
    await send({
      ...message,
      what: `posted to ${server.webhookUrl}`,
      root_cause: 'login with password=hunter2hunter2 failed',
    })
    const sent = server.requests.map(({ body }) => body).join()
    expect(sent).not.toContain('/services/')
    expect(sent).not.toContain('hunter2')
    expect(sent).toContain('[redacted]')
  })
})

describe('what came of it', () => {
  const answers: [string, Fault, object][] = [
    ['429 with Retry-After', rateLimited, { outcome: 'busy', reason: 'Slack is rate limiting', retryAfterMs: 30_000 }],
    ['429 without', { status: 429 }, { outcome: 'busy', reason: 'Slack is rate limiting', retryAfterMs: null }],
    [
      '500',
      { status: 500, body: 'rollup_error' },
      { outcome: 'busy', reason: 'Slack answered 500', retryAfterMs: null },
    ],
    [
      '503 with Retry-After',
      { status: 503, headers: { 'retry-after': '7' } },
      { outcome: 'busy', reason: 'Slack answered 503', retryAfterMs: 7000 },
    ],
    [
      'a webhook that was removed',
      { status: 404, body: 'no_service' },
      {
        outcome: 'refused',
        reason:
          'Slack answered 404 no_service: the webhook was removed or disabled: make a new one and set SLACK_WEBHOOK_URL',
      },
    ],
    [
      'an archived channel',
      { status: 410, body: 'channel_is_archived' },
      { outcome: 'refused', reason: 'Slack answered 410 channel_is_archived: its channel is archived' },
    ],
    [
      'a word it may learn one day',
      { status: 400, body: 'new_word' },
      { outcome: 'refused', reason: 'Slack answered 400 new_word' },
    ],
    [
      'the page of a proxy',
      { status: 403, body: '<html>Ask https://secret.example</html>' },
      { outcome: 'refused', reason: "answered 403, and not in Slack's words" },
    ],
    [
      'a redirect',
      { status: 302, headers: { location: 'https://example.com/' } },
      { outcome: 'refused', reason: 'SLACK_WEBHOOK_URL leads elsewhere: it was redirected' },
    ],
    [
      '200 from somebody else',
      { status: 200, body: '<html>Log in to the guest network</html>' },
      { outcome: 'unknown', reason: 'what answered is not Slack: it said neither ok nor an error' },
    ],
    [
      'a reset after it was read',
      'reset',
      { outcome: 'unknown', reason: 'the connection to Slack broke before it answered' },
    ],
  ]
  test.for(answers)('%s', async ([, fault, outcome]) => {
    server.fail(fault)
    expect(await send()).toEqual(outcome)
    expect(server.messages).toEqual([])
    // Trying again is the outbox's part: whoever repeats here could page twice.
    expect(server.requests).toHaveLength(1)
  })

  test('no answer within the time that the caller gives', async () => {
    server.fail('hang')
    const time = new AbortController()
    const delivery = send(message, server.webhookUrl, time.signal)
    await server.waitFor(() => true)
    time.abort()
    expect(await delivery).toEqual({ outcome: 'unknown', reason: 'Slack did not answer in time' })
  })

  test('no time left before it began', async () => {
    expect(await send(message, server.webhookUrl, AbortSignal.abort())).toMatchObject({ outcome: 'busy' })
    expect(server.requests).toEqual([])
  })

  test('nobody there', async () => {
    const gone = await startStandIn(() => ({ status: 200 }))
    await gone.close()
    expect(await send(message, `${gone.url}/services/T0/B0/secretsecret`)).toEqual({
      outcome: 'busy',
      reason: "Slack can't be reached (ECONNREFUSED)",
      retryAfterMs: null,
    })
  })

  test('no such host', async () => {
    const delivery = await send(message, 'http://slack.invalid/services/T0/B0/secretsecret')
    expect(delivery).toMatchObject({ outcome: 'busy', reason: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) })
  })

  test.for(['hooks.slack.com/services/T0/B0/secretsecret', 'https://', 'file:///etc/passwd', ''])(
    'an address that is none: %j',
    async (url) => {
      expect(await send(message, url)).toEqual({ outcome: 'refused', reason: 'SLACK_WEBHOOK_URL is not a web address' })
    },
  )

  test('a message for a hook that Slack does not know', async () => {
    const delivery = await send(message, `${server.url}/services/T0/B0/secretsecret`)
    expect(delivery).toMatchObject({ outcome: 'refused', reason: expect.not.stringContaining('secretsecret') })
  })
})
