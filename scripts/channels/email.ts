import { createHash } from 'node:crypto'
import type { Settings } from '../lib/config.ts'
import type { Channel, Delivery, Sending } from './channel.ts'
import { htmlOf, textOf } from './email/body.ts'
import { withoutSecrets } from './shared/clean.ts'
import { busy, needless, refused, unknown } from './shared/outcome.ts'
import { headline } from './shared/plain.ts'

/** A server that says nothing for so long is not there. */
const silenceMs = 15_000

/**
 * E-mail by SMTP. The messages about one incident make one thread. A server can't be asked whether it took a message: after
 * a time-out it is sent again with the same Message-ID, by which many mailboxes tell a repetition.
 */
export const email: Channel = {
  name: 'email',
  settings: ['SMTP_URL', 'EMAIL_FROM', 'EMAIL_TO'],
  pace: null,
  isConfigured: (settings) => Boolean(settings.SMTP_URL && settings.EMAIL_FROM),
  repeats: () => 'marked',
  async send(message, sending) {
    const { settings, target, key, opened, signal } = sending
    if (message.silent || message.occasion === 'acknowledged') return needless('an e-mail that is sent changes no more')
    const to = target ?? settings.EMAIL_TO
    if (!to) return refused('nobody is named: set EMAIL_TO, or write email:name@example.com in routing.yaml')
    const server = serverOf(settings)
    if (!server) return refused('SMTP_URL is not smtp://… or smtps://…')
    if (signal.aborted) return busy('the time was up before it was sent')
    const clean = withoutSecrets(message, settings)
    const id = `<${createHash('sha256').update(`${sending.subject} ${key}`).digest('hex').slice(0, 40)}@data-incident-manager>`
    return post(server, opened ?? id, sending, {
      from: settings.EMAIL_FROM,
      to,
      messageId: id,
      ...(opened ? { inReplyTo: opened, references: opened } : {}),
      subject: headline(clean).replace(/\s+/g, ' ').slice(0, 200),
      text: textOf(clean),
      html: htmlOf(clean),
      headers: { 'Auto-Submitted': 'auto-generated' },
    })
  },
}

async function post(
  server: NonNullable<ReturnType<typeof serverOf>>,
  reference: string,
  { signal }: Sending,
  mail: Record<string, unknown>,
): Promise<Delivery> {
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({ ...server, disableFileAccess: true, disableUrlAccess: true })
  try {
    await transport.sendMail(mail)
    return { outcome: 'sent', reference }
  } catch (thrown) {
    return signal.aborted ? unknown('the mail server did not answer in time') : faultOf(thrown)
  } finally {
    transport.close()
  }
}

/** Log-in data goes over a wire only when it is encrypted; on this machine itself there is none. */
function serverOf({ SMTP_URL: address = '' }: Settings) {
  const url = URL.parse(address)
  if (!url?.hostname || (url.protocol !== 'smtp:' && url.protocol !== 'smtps:')) return null
  const secure = url.protocol === 'smtps:'
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (secure ? 465 : 587),
    secure,
    requireTLS: !secure && !isHere,
    ...(url.username
      ? { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }
      : {}),
    connectionTimeout: silenceMs / 2,
    greetingTimeout: silenceMs / 2,
    socketTimeout: silenceMs,
  }
}

/** What the library says of a failure. Its text may quote the server, which may quote what it was sent: it is not kept. */
function faultOf(thrown: unknown): Delivery {
  if (!(thrown instanceof Error)) return unknown('the mail server failed')
  const code = 'code' in thrown ? String(thrown.code) : ''
  const status = 'responseCode' in thrown && typeof thrown.responseCode === 'number' ? thrown.responseCode : 0
  if (code === 'EAUTH' && status < 500 && status >= 400) return busy(`the mail server answered ${status}`)
  if (code === 'EAUTH') return refused('the mail server does not accept the log-in in SMTP_URL')
  if (code === 'ETLS') return refused('the mail server offers no encryption: use smtps://, or another server')
  if (status >= 500) return refused(`the mail server answered ${status}${hints[status] ? `: ${hints[status]}` : ''}`)
  if (status >= 400) return busy(`the mail server answered ${status}`)
  const neverCame =
    code === 'EDNS' || ('syscall' in thrown && (thrown.syscall === 'connect' || thrown.syscall === 'getaddrinfo'))
  if (neverCame || /^(Connection timeout|Greeting never received)/.test(thrown.message)) {
    return busy("the mail server can't be reached")
  }
  if (code === 'EENVELOPE') return refused('EMAIL_FROM or the address of the receiver is no e-mail address')
  return unknown('the connection to the mail server broke before it answered')
}

const hints: Readonly<Record<number, string>> = {
  530: 'it asks for a log-in: put it into SMTP_URL',
  550: 'it does not know the receiver, or does not send for EMAIL_FROM',
  552: 'the mailbox is full',
  553: 'it does not send for EMAIL_FROM',
  554: 'it takes the message for spam, or does not send for EMAIL_FROM',
}
