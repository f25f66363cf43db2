import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type SmtpFault, type SmtpStandIn, startSmtp } from '../../tests/stand-ins/smtp.ts'
import { dagTimeout, dagTimeoutAsked, dagTimeoutFixed, hostileStrings } from '../../tests/support/example-incidents.ts'
import { exampleSending } from '../../tests/support/sending.ts'
import type { Message } from '../domain/message.ts'
import { buildMessage } from '../domain/message-build.ts'
import type { Sending } from './channel.ts'
import { htmlOf, textOf } from './email/body.ts'
import { email } from './email.ts'

let server: SmtpStandIn
beforeEach(async () => {
  server = await startSmtp()
})
afterEach(() => server.close())

const message = buildMessage(dagTimeout)
function send(sent: Message = message, changes: Partial<Sending> = {}, settings = {}) {
  return email.send(
    sent,
    exampleSending({ ...server.settings, ...settings }, { key: `key-${sent.occasion}`, ...changes }),
  )
}

test('says what happened, to whom the routing says, else to EMAIL_TO; one thread an incident', async () => {
  const first = await send()
  if (first.outcome !== 'sent') throw new Error(first.reason)
  await send(buildMessage(dagTimeoutFixed), { opened: first.reference, target: 'ana@example.com' })
  expect(server.mails.map(({ to }) => to)).toEqual([['data@example.com'], ['ana@example.com']])
  expect(server.mails[0]).toMatchObject({ from: 'incidents@example.com' })
  expect(server.mails[0]?.text).toMatch(/^Subject: CRITICAL: daily_elt_pipeline/m)
  const headers = server.mails.map(({ text }) => text.replaceAll('\r\n ', ' ').replaceAll(/: +/g, ': '))
  expect(headers[0]).toContain(`Message-ID: ${first.reference}`)
  expect(headers[1]).toContain(`In-Reply-To: ${first.reference}`)
})

test('the same message has the same id, so that mailboxes can tell a repetition', async () => {
  await send()
  await send({ ...message, possible_repeat: true })
  const ids = server.mails.map(({ text }) => /^Message-ID:\s+(<.*>)/m.exec(text)?.[1])
  expect(ids[0]).toMatch(/^<\w{40}@/)
  expect(ids[0]).toBe(ids[1])
  expect(textOf({ ...message, possible_repeat: true })).toContain('Possible repeat')
})

test.for([{ occasion: 'acknowledged' }, { silent: true }] as const)('%j sends nothing', async (changes) => {
  expect(await send({ ...message, ...changes })).toMatchObject({ outcome: 'needless' })
})

describe('what came of it', () => {
  const answers: [string, SmtpFault, object][] = [
    [
      'a wrong log-in',
      { at: 'auth', answer: '535 5.7.8 bad' },
      { outcome: 'refused', reason: expect.stringContaining('log-in') },
    ],
    [
      'a sender it does not serve',
      { at: 'mail', answer: '553 5.7.1 no' },
      { outcome: 'refused', reason: expect.stringContaining('EMAIL_FROM') },
    ],
    [
      'an unknown receiver',
      { at: 'rcpt', answer: '550 5.1.1 no' },
      { outcome: 'refused', reason: expect.stringContaining('receiver') },
    ],
    ['a greylist', { at: 'rcpt', answer: '450 4.2.0 later' }, { outcome: 'busy' }],
    ['too many', { at: 'mail', answer: '421 4.7.0 later' }, { outcome: 'busy' }],
    [
      'spam',
      { at: 'after', answer: '554 5.7.1 spam' },
      { outcome: 'refused', reason: expect.stringContaining('spam') },
    ],
    ['a connection cut after the mail', { at: 'after', answer: 'cut' }, { outcome: 'unknown' }],
  ]
  test.for(answers)('%s', async ([, fault, outcome]) => {
    server.fail(fault)
    const delivery = await send()
    expect(delivery).toMatchObject(outcome)
    expect(JSON.stringify(delivery)).not.toContain('stand-in-password')
  })

  test.for(['connect', 'after'] as const)('no answer in time, %s', async (at) => {
    void server.hang(at)
    expect(await send(message, { signal: AbortSignal.timeout(300) })).toMatchObject({ outcome: 'unknown' })
  })

  test('nobody there', async () => {
    await server.close()
    expect(await send()).toMatchObject({ outcome: 'busy' })
    server = await startSmtp()
  })

  test.for([
    [{ SMTP_URL: 'http://x' }, 'SMTP_URL'],
    [{ EMAIL_TO: '' }, 'EMAIL_TO'],
  ] as const)('%j', async ([settings, reason]) => {
    expect(await send(message, {}, settings)).toEqual({ outcome: 'refused', reason: expect.stringContaining(reason) })
  })
})

test('a fix that waits for approval is the subject, and its dry run is quoted', async () => {
  const asked = { ...buildMessage(dagTimeoutAsked), dry_run: { known: true, text: 'load_orders would run again' } }
  expect(await send(asked)).toMatchObject({ outcome: 'sent' })
  expect(textOf(asked)).toMatch(/^CRITICAL, waits for approval: .*\nDRY RUN\nload_orders would run again\n/s)
})

describe('hostile text', () => {
  test.for(hostileStrings.map((text) => [text] as const))(
    '%j is no header, no markup and no receiver',
    async ([text]) => {
      const hostile = `${text}\r\nBcc: evil@example.com`
      const everywhere = {
        ...message,
        title: hostile,
        what: hostile,
        owner: hostile,
        dry_run: { known: true, text: hostile },
        tried: [hostile, hostile],
        evidence: [{ source: hostile, summary: hostile }],
      }
      expect(await send(everywhere)).toMatchObject({ outcome: 'sent' })
      const [mail] = server.mails
      expect(mail?.to).toEqual(['data@example.com'])
      expect(mail?.text.split('\r\n\r\n')[0]).not.toMatch(/^Bcc:/m)
      expect(
        htmlOf(everywhere).replace(/<\/?(h2|h3|p|ul|li|small|br)>|<a href="https:\/\/[^"<>]*">|<\/a>/g, ''),
      ).not.toMatch(/[<>]/)
    },
  )
})
