import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type JiraStandIn, startJira, textsIn } from '../../tests/stand-ins/jira.ts'
import type { Fault } from '../../tests/stand-ins/server.ts'
import { dagTimeout, dagTimeoutFixed, hostileStrings } from '../../tests/support/example-incidents.ts'
import { exampleSending } from '../../tests/support/sending.ts'
import type { Message } from '../domain/message.ts'
import { buildMessage } from '../domain/message-build.ts'
import type { Sending } from './channel.ts'
import { jira } from './jira.ts'

let server: JiraStandIn
beforeEach(async () => {
  server = await startJira()
})
afterEach(() => server.close())

const message = buildMessage(dagTimeout)
function send(sent: Message = message, changes: Partial<Sending> = {}, settings = {}) {
  return jira.send(
    sent,
    exampleSending({ ...server.settings, ...settings }, { key: `key-${sent.occasion}`, ...changes }),
  )
}

test('one issue an incident, with its priority, labels, links and what is known', async () => {
  expect(await send()).toEqual({ outcome: 'sent', reference: 'DATA-1' })
  const [issue] = server.issues
  expect(issue?.fields).toMatchObject({
    summary: 'CRITICAL: daily_elt_pipeline exceeds its SLA: 6 h instead of 2 h',
    priority: { name: 'Highest' },
    labels: ['data-incident', 'incident:incident_management/inc_7f3c21'],
    issuetype: { name: 'Task' },
  })
  expect(textsIn(issue?.fields.description).join('\n')).toContain('load_orders hangs')
  expect([...(issue?.links.values() ?? [])]).toContain('https://wiki.example.com/runbooks/daily-elt')
})

test('what changes is a comment, and the end closes it', async () => {
  await send({ ...message, occasion: 'raw' })
  await send({ ...message, severity: 'LOW' }, { opened: 'DATA-1' })
  expect(await send(buildMessage(dagTimeoutFixed), { opened: 'DATA-1' })).toEqual({
    outcome: 'sent',
    reference: 'DATA-1',
  })
  expect(server.issues).toMatchObject([{ done: true, fields: { priority: { name: 'Low' } } }])
  expect(server.issues[0]?.comments.map(({ text }) => text)).toEqual([
    expect.stringContaining('load_orders hangs'),
    expect.stringContaining('Cleared daily_elt_pipeline.load_orders'),
  ])
  const links = server.issues[0]?.links.size
  await send(buildMessage(dagTimeoutFixed), { opened: 'DATA-1', inDoubt: true })
  expect(server.issues[0]).toMatchObject({ comments: { length: 2 } })
  expect(server.issues[0]?.links.size).toBe(links)
})

test('is set right without a word when nobody need hear of it, and opened for no end', async () => {
  expect(await send({ ...message, occasion: 'resolved' })).toMatchObject({ outcome: 'needless' })
  expect(await send({ ...message, occasion: 'merged' })).toMatchObject({ outcome: 'needless' })
  await send()
  await send({ ...message, occasion: 'resolved', silent: true }, { opened: 'DATA-1' })
  expect(server.issues).toMatchObject([{ done: true, comments: [] }])
})

test('a project without priorities, and a workflow without an end, take what they can', async () => {
  server.forgetPriority()
  server.forgetEnd()
  await send()
  expect(await send({ ...message, occasion: 'escalated' }, { opened: 'DATA-1' })).toMatchObject({ outcome: 'sent' })
  expect(await send({ ...message, occasion: 'resolved' }, { opened: 'DATA-1' })).toMatchObject({ outcome: 'sent' })
  expect(server.issues).toMatchObject([{ done: false, comments: { length: 2 } }])
})

test('an issue that somebody deleted is opened anew', async () => {
  expect(await send(message, { opened: 'DATA-9' })).toEqual({ outcome: 'sent', reference: 'DATA-1' })
})

describe('what may have arrived is looked up', () => {
  const steps = ['/rest/api/3/issue', '/rest/api/3/issue/DATA-1/remotelink']
  test.for(steps.map((path) => [path] as const))('after %s was lost: one issue, no comment', async ([lost]) => {
    // Opening is tried once; a link, which may be set twice, three times.
    server.fail('lost_answer', { times: lost.endsWith('link') ? 3 : 1, when: ({ path }) => path === lost })
    expect(await send()).toMatchObject({ outcome: 'unknown' })
    expect(await send(message, { inDoubt: true })).toEqual({ outcome: 'sent', reference: 'DATA-1' })
    expect(server.issues).toMatchObject([{ comments: [] }])
  })

  test('a comment is written once', async () => {
    await send()
    const update: Message = { ...message, occasion: 'escalated' }
    server.fail('lost_answer', { when: ({ path, method }) => path.endsWith('comment') && method === 'POST' })
    expect(await send(update, { opened: 'DATA-1' })).toMatchObject({ outcome: 'unknown' })
    expect(await send(update, { opened: 'DATA-1', inDoubt: true })).toMatchObject({ outcome: 'sent' })
    expect(server.issues).toMatchObject([{ comments: { length: 1 } }])
  })

  test('a pause that Jira asks for after the issue was opened leads to no second one', async () => {
    server.fail({ status: 429, headers: { 'retry-after': '60' } }, { when: ({ path }) => path.endsWith('remotelink') })
    expect(await send()).toMatchObject({ outcome: 'unknown' })
  })

  test('and did not, is opened', async () => {
    server.fail('reset')
    await send()
    expect(await send(message, { inDoubt: true })).toEqual({ outcome: 'sent', reference: 'DATA-1' })
  })
})

describe('what came of it', () => {
  const answers: [string, Fault, object][] = [
    [
      '401',
      { status: 401, body: 'x' },
      { outcome: 'refused', reason: 'Jira answered 401: JIRA_USERNAME or JIRA_TOKEN is wrong' },
    ],
    ['403', { status: 403 }, { outcome: 'refused', reason: expect.stringContaining('may not') }],
    ['404', { status: 404 }, { outcome: 'refused', reason: expect.stringContaining('no such project') }],
    ['409', { status: 409 }, { outcome: 'refused', reason: expect.stringContaining('somebody else') }],
    ['422', { status: 422 }, { outcome: 'refused', reason: 'Jira answered 422' }],
    ['429 with Retry-After', { status: 429, headers: { 'retry-after': '9' } }, { outcome: 'busy', retryAfterMs: 9000 }],
    ['500', { status: 500 }, { outcome: 'unknown', reason: 'Jira answered 500' }],
    ['half an answer', { status: 201, body: '{"key": "DA' }, { outcome: 'unknown' }],
    ['another shape', { status: 201, body: { ok: true } }, { outcome: 'unknown' }],
    ['a reset', 'reset', { outcome: 'unknown' }],
  ]
  test.for(answers)('%s', async ([, fault, outcome]) => {
    server.fail(fault)
    expect(await send()).toMatchObject(outcome)
    expect(server.requests).toHaveLength(1)
  })

  test.for([
    [{ JIRA_PROJECT: '' }, 'JIRA_PROJECT'],
    [{ JIRA_PROJECT: 'x" OR project = "Y' }, 'not the key of a project'],
    [{ JIRA_PROJECT: 'NONE' }, '400'],
    [{ JIRA_URL: 'jira' }, 'not a web address'],
  ] as const)('%j', async ([settings, reason]) => {
    expect(await send(message, {}, settings)).toEqual({ outcome: 'refused', reason: expect.stringContaining(reason) })
  })
})

test.for(hostileStrings.map((text) => [text] as const))('%j stands in texts only', async ([text]) => {
  const hostile = text || ' '
  const everywhere = {
    ...message,
    title: hostile,
    what: hostile,
    root_cause: hostile,
    owner: hostile,
    tried: [hostile, hostile],
    links: [{ title: hostile, url: 'https://example.com/' }],
  }
  expect(await send(everywhere)).toMatchObject({ outcome: 'sent' })
  expect(await send({ ...everywhere, occasion: 'escalated' }, { opened: 'DATA-1' })).toMatchObject({ outcome: 'sent' })
  expect(server.requests.map(({ body }) => body).join()).not.toContain('stand-in-token')
})
