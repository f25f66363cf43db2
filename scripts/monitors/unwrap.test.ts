import { describe, expect, it } from 'vitest'
import { AppError } from '../lib/errors.ts'
import { eventData, isHandshake, unwrap } from './unwrap.ts'

const alarm = { AlarmName: 'stale', NewStateValue: 'ALARM' }
const sns = (message: unknown) => ({
  Type: 'Notification',
  TopicArn: 'arn:aws:sns:eu-west-1:000000000000:x',
  Subject: 's',
  Message: message,
})

describe('unwrap', () => {
  it.each([
    ['a body that nothing carries', alarm],
    ['a string', JSON.stringify(alarm)],
    ['a string in a string', JSON.stringify(JSON.stringify(alarm))],
    ['SNS', sns(JSON.stringify(alarm))],
    ['SNS as text', JSON.stringify(sns(JSON.stringify(alarm, null, 2)))],
    ['records of SNS', { Records: [{ EventSource: 'aws:sns', Sns: sns(JSON.stringify(alarm)) }] }],
    [
      'Pub/Sub',
      { message: { data: Buffer.from(JSON.stringify(alarm)).toString('base64'), messageId: '1' }, subscription: 's' },
    ],
    ['a form', `payload=${encodeURIComponent(JSON.stringify(alarm))}&x=1`],
  ])('takes %s off', (_, body) => {
    expect(unwrap(body)).toEqual(alarm)
  })

  it('leaves an SNS message that is text with its subject', () => {
    expect(unwrap(sns('the disk is full'))).toEqual(sns('the disk is full'))
  })

  const pushed = (data: string, attributes?: unknown) => ({
    message: { data: Buffer.from(data).toString('base64'), messageId: '1', ...(attributes ? { attributes } : {}) },
    subscription: 's',
  })

  it('gives words that a script published as a message, with their attributes', () => {
    expect(unwrap(pushed('Load of orders failed'))).toEqual({ message: 'Load of orders failed' })
    expect(unwrap(pushed('Load failed', { severity: 'high' }))).toEqual({
      message: 'Load failed',
      attributes: { severity: 'high' },
    })
  })

  it('leaves what Pub/Sub pushed and is neither text nor JSON', () => {
    for (const data of ['{"a":', '42', '', '--', 'a\0b']) {
      const body = pushed(data)
      expect(unwrap(body)).toEqual(data === '42' ? 42 : body)
    }
  })

  it('keeps digits that a double would lose', () => {
    expect(unwrap(sns('{"id": 12345678901234567890}'))).toEqual({ id: '12345678901234567890' })
  })

  it.each(['text', '', '{"a":', 'payload=%7Bx'])('refuses the string %j', (body) => {
    expect(() => unwrap(body)).toThrow(AppError)
  })

  it('leaves what only resembles a wrapping', () => {
    for (const body of [
      { Records: [{}, {}] },
      { message: { data: 5 } },
      { message: 'x', subscription: 's' },
      { Records: [] },
      [],
      null,
      5,
    ])
      expect(unwrap(body)).toEqual(body)
  })
})

describe('eventData', () => {
  const event = { specversion: '1.0', type: 'com.example.alarm', source: 'x', id: '1' }
  const base64 = Buffer.from(JSON.stringify(alarm)).toString('base64')

  it.each([
    ['an object', { ...event, data: alarm }],
    ['text', { ...event, data: JSON.stringify(alarm) }],
    ['base64', { ...event, data_base64: base64 }],
  ])('opens %s', (_, body) => {
    expect(eventData(body)).toEqual(alarm)
  })

  it.each([[event], [{ data: alarm }], [{ ...event, data_base64: 'bm8gSlNPTg==' }], [null], [[]]])(
    'finds none in %j',
    (body) => {
      expect(eventData(body)).toBeUndefined()
    },
  )
})

it('knows handshakes', () => {
  expect(
    [
      { Type: 'SubscriptionConfirmation' },
      { type: 'url_verification', challenge: 'x' },
      { zen: 'z', hook_id: 1 },
      { type: 'block_actions', user: { id: 'U1' }, actions: [{ value: 'orders failed' }] },
      { type: 'view_submission', user: { id: 'U1' }, view: {} },
      { type: 1, application_id: '1', token: 't', user: { id: '1' } },
      { event: 'endpoint.url_validation', payload: { plainToken: 'p' } },
      { object_kind: 'push', project: { name: 'shop' }, commits: [{ message: 'Fix error' }] },
      { object_kind: 'merge_request', project: { name: 'shop' }, object_attributes: { title: 'Fix failing load' } },
      { repository: { full_name: 'example/shop' }, push: { changes: [] } },
    ].every(isHandshake),
  ).toBe(true)
  const others = [
    ...[sns('x'), {}, null, [], { type: 'url_verification' }, { challenge: 'x' }],
    ...[{ type: 'block_actions' }, { type: 1, application_id: '1' }, { event: 'endpoint.url_validation' }],
    { object_kind: 'pipeline', project: { name: 'shop' }, object_attributes: { status: 'failed' } },
  ]
  expect(others.some(isHandshake)).toBe(false)
})
