import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Fault } from '../../../tests/stand-ins/server.ts'
import { mentionsIn, textOf } from '../../../tests/stand-ins/slack.ts'
import { type SlackWebApi, startSlackWebApi, tooMany } from '../../../tests/stand-ins/slack-web-api.ts'
import {
  dagTimeout,
  dagTimeoutAsked,
  dagTimeoutFixed,
  hostileStrings,
  schemaDrift,
} from '../../../tests/support/example-incidents.ts'
import { exampleSending } from '../../../tests/support/sending.ts'
import type { Message } from '../../domain/message.ts'
import { buildMessage } from '../../domain/message-build.ts'
import type { Sending } from '../channel.ts'
import { slack } from '../slack.ts'

let server: SlackWebApi
beforeEach(async () => {
  server = await startSlackWebApi()
})
afterEach(() => server.close())

const decision = buildMessage(dagTimeout)
const raw = buildMessage({ ...dagTimeout, occasion: 'raw', decision: null, evidence: [] })

function send(message: Message, changes: Partial<Sending> = {}) {
  return slack.send(message, exampleSending(server.settings, { key: `key-${message.occasion}`, ...changes }))
}

async function reference(message: Message, changes: Partial<Sending> = {}): Promise<string> {
  const delivery = await send(message, changes)
  if (delivery.outcome !== 'sent' || delivery.reference === null) throw new Error(JSON.stringify(delivery))
  return delivery.reference
}

describe('one message an incident', () => {
  test('which the decision changes, and the end marks, with what is new in its thread', async () => {
    const opened = await reference(raw)
    expect(await reference(decision, { opened })).toBe(opened)
    expect(await reference(buildMessage(dagTimeoutFixed), { opened })).toBe(opened)
    const [root, ...others] = server.roots()
    expect(others).toEqual([])
    expect(root).toMatchObject({ channel: 'C0INCIDENTS', edits: 2 })
    expect(root && textOf(root.payload)).toMatch(/^✅ Fixed/m)
    const thread = server.thread(root).map(({ payload }) => textOf(payload))
    expect(thread).toHaveLength(2)
    expect(thread[0]).toContain('*Evidence*')
    expect(thread[1]).toContain('*What was done*')
    expect(server.messages.some(({ broadcast }) => broadcast)).toBe(false)
  })

  test('is short, with what it rests on in its thread', async () => {
    await reference(buildMessage(schemaDrift))
    const [root] = server.roots()
    const text = root ? textOf(root.payload) : ''
    expect(text).toContain('*Root cause*')
    expect(text).toContain('*Next step*')
    expect(text).not.toContain('*Evidence*')
    expect(
      server
        .thread(root)
        .map(({ payload }) => textOf(payload))
        .join(),
    ).toMatch(/Evidence[\s\S]*Could not be checked/)
  })

  test('a reminder is seen in the channel, and says why it comes', async () => {
    const opened = await reference(decision)
    await reference({ ...decision, occasion: 'reminder', note: 'Nobody has acknowledged this' }, { opened })
    const [, reminder] = server.thread(server.roots()[0])
    expect(reminder?.broadcast).toBe(true)
    expect(reminder && textOf(reminder.payload)).toContain('Nobody has acknowledged this')
  })

  test('a fix that waits for approval says so, quotes its dry run, and is seen in the channel', async () => {
    const opened = await reference(raw)
    const asked = { ...buildMessage(dagTimeoutAsked), dry_run: { known: true, text: 'load_orders would run again' } }
    await reference(asked, { opened })
    const [root] = server.roots()
    for (const one of [root, server.thread(root).at(-1)]) {
      const text = one && textOf(one.payload)
      expect(text).toMatch(/🔴 CRITICAL, waits for approval/)
      expect(text).toContain('*Dry run*\n> load_orders would run again')
    }
    expect(server.thread(root).at(-1)?.broadcast).toBe(true)
  })

  test('says who has taken it on', async () => {
    const opened = await reference(decision)
    await reference({ ...decision, occasion: 'acknowledged', acknowledged_by: 'Ana <!here>' }, { opened })
    const [root] = server.roots()
    expect(root && textOf(root.payload)).toContain('taken on by *Ana &lt;!here&gt;*')
  })

  test('says where it goes on when it is part of another', async () => {
    const opened = await reference(decision)
    await reference({ ...decision, occasion: 'merged', what: 'It is part of INC-2: all of it' }, { opened })
    const [root] = server.roots()
    for (const message of [root, server.thread(root).at(-1)]) {
      expect(message && textOf(message.payload)).toContain('> It is part of INC-2: all of it')
    }
  })

  test('is set right without a word when nobody need hear of it', async () => {
    const opened = await reference(decision)
    const replies = server.thread(server.roots()[0]).length
    await reference({ ...decision, occasion: 'resolved', silent: true }, { opened })
    expect(server.roots()[0] && textOf(server.roots()[0]?.payload ?? expect.fail())).toContain('✅ Resolved')
    expect(server.thread(server.roots()[0])).toHaveLength(replies)
  })

  test('is posted anew when somebody deleted it, and followed up when it is too old to change', async () => {
    const opened = await reference(decision)
    server.messages.length = 0
    expect(await reference(decision, { opened })).not.toBe(opened)
    expect(server.roots()).toHaveLength(1)
    server.fail(
      { status: 200, body: { ok: false, error: 'edit_window_closed' } },
      { when: ({ path }) => path.endsWith('update') },
    )
    const again = `C0INCIDENTS/${server.roots()[0]?.ts}`
    expect(await reference({ ...decision, occasion: 'resolved', tried: ['Ran again.'] }, { opened: again })).toBe(again)
    expect(server.thread(server.roots()[0]).length).toBeGreaterThan(1)
  })

  test('goes where the routing says', async () => {
    await reference(decision, { target: '#finance-data' })
    expect(server.roots()).toMatchObject([{ channel: 'C0FINANCE' }])
  })
})

describe('what may have arrived', () => {
  const steps = [
    ['the message', (path: string, index: number) => path.endsWith('postMessage') && index === 0],
    ['its thread', (path: string, index: number) => path.endsWith('postMessage') && index === 1],
  ] as const

  test.for(steps)('%s is looked up before it is sent again: it is there once', async ([, isStep]) => {
    let posts = -1
    server.fail('lost_answer', {
      when({ path }) {
        if (path.endsWith('postMessage')) posts += 1
        return isStep(path, posts)
      },
    })
    expect(await send(decision)).toMatchObject({ outcome: 'unknown' })
    await reference(decision, { inDoubt: true })
    expect(server.roots()).toHaveLength(1)
    expect(server.thread(server.roots()[0])).toHaveLength(1)
  })

  test('is found in a channel that is known by its name, behind a page of others', async () => {
    const target = '#finance-data'
    await reference(decision, { target })
    for (let index = 0; index < 250; index += 1) await reference(raw, { target, subject: `other/${index}` })
    await reference(decision, { target, inDoubt: true })
    expect(server.roots().filter(({ metadata }) => metadata?.event_payload.incident !== 'x')).toHaveLength(251)
  })

  test('and did not, is sent', async () => {
    server.fail('reset')
    expect(await send(decision)).toMatchObject({ outcome: 'unknown' })
    await reference(decision, { inDoubt: true })
    expect(server.roots()).toHaveLength(1)
  })
})

describe('what came of it', () => {
  const word = (error: string): Fault => ({ status: 200, body: { ok: false, error } })
  const answers: [string, Fault, object][] = [
    ['429 with Retry-After', tooMany, { outcome: 'busy', reason: 'Slack is rate limiting', retryAfterMs: 1000 }],
    [
      '429 without',
      { status: 429, body: '' },
      { outcome: 'busy', reason: 'Slack is rate limiting', retryAfterMs: null },
    ],
    ['500', { status: 500, body: 'no' }, { outcome: 'unknown', reason: 'Slack answered 500' }],
    ['internal_error', word('internal_error'), { outcome: 'unknown', reason: 'Slack answered internal_error' }],
    [
      'invalid_auth',
      word('invalid_auth'),
      { outcome: 'refused', reason: 'Slack answered invalid_auth: SLACK_BOT_TOKEN is wrong' },
    ],
    ['missing_scope', word('missing_scope'), { outcome: 'refused', reason: expect.stringContaining('SETUP.md') }],
    ['a word it may learn one day', word('new_word'), { outcome: 'refused', reason: 'Slack answered new_word' }],
    ['404', { status: 404, body: '<html>x' }, { outcome: 'refused', reason: "answered 404, and not in Slack's words" }],
    [
      'half an answer',
      { status: 200, body: '{"ok": tr' },
      { outcome: 'unknown', reason: expect.stringContaining('not Slack') },
    ],
    ['a redirect', { status: 302, headers: { location: 'https://example.com/' } }, { outcome: 'refused' }],
    ['a reset', 'reset', { outcome: 'unknown', reason: 'the connection to Slack broke before it answered' }],
  ]
  test.for(answers)('%s', async ([, fault, outcome]) => {
    server.fail(fault)
    expect(await send(decision)).toMatchObject(outcome)
    expect(server.requests).toHaveLength(1)
  })

  test('no answer in time', async () => {
    server.fail('hang')
    const time = new AbortController()
    const delivery = send(decision, { signal: time.signal })
    await server.waitFor(() => true)
    time.abort()
    expect(await delivery).toEqual({ outcome: 'unknown', reason: 'Slack did not answer in time' })
  })

  test.for([
    ['#strangers', 'invite'],
    ['#nowhere', 'channel_not_found'],
    ['#archive', 'archived'],
  ] as const)('a channel that it can not post in: %s', async ([target, reason]) => {
    expect(await send(decision, { target })).toEqual({ outcome: 'refused', reason: expect.stringContaining(reason) })
  })

  test('no channel at all', async () => {
    const settings = { ...server.settings, SLACK_CHANNEL: undefined }
    const delivery = await slack.send(decision, exampleSending(settings))
    expect(delivery).toEqual({ outcome: 'refused', reason: expect.stringContaining('SLACK_CHANNEL') })
    expect(server.requests).toEqual([])
  })
})

test.for(hostileStrings.map((text) => [text] as const))('%j mentions nobody in message or thread', async ([text]) => {
  const hostile = text || ' '
  const everywhere: Message = {
    ...decision,
    title: hostile,
    asset: hostile,
    what: hostile,
    root_cause: hostile,
    owner: hostile,
    sla_owners: [hostile, hostile],
    acknowledged_by: hostile,
    note: hostile,
    evidence: [{ source: hostile, summary: hostile }],
    tried: [hostile],
    next_step: hostile,
  }
  const opened = await reference(everywhere)
  await reference({ ...everywhere, occasion: 'reminder' }, { opened })
  expect(server.messages.flatMap(({ payload }) => mentionsIn(payload))).toEqual([])
  expect(server.requests.map(({ body }) => body).join()).not.toContain('xoxb')
})
