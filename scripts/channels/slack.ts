import { Message } from '../domain/message.ts'
import { oneLine } from '../domain/text.ts'
import { isSettingName, type Settings, settings as settingTable } from '../lib/config.ts'
import { redactDeep } from '../lib/redact.ts'
import type { Channel, Delivery } from './channel.ts'
import { fallbackText, layOut } from './slack/blocks.ts'

/** Slack answers in well under a second; a page must not wait for one that hangs. */
const timeoutMs = 10_000

/** What Slack's own words mean to whoever set it up. https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors */
const refusals: Readonly<Record<string, string>> = {
  invalid_payload: 'the message breaks a rule of Slack',
  invalid_blocks: 'the message breaks a rule of Slack',
  no_text: 'the message is empty',
  no_service: 'the webhook was removed or disabled: make a new one and set SLACK_WEBHOOK_URL',
  no_service_id: 'SLACK_WEBHOOK_URL is not complete',
  no_team: 'the workspace is gone, or SLACK_WEBHOOK_URL is not complete',
  no_active_hooks: 'the webhook is disabled: make a new one and set SLACK_WEBHOOK_URL',
  invalid_token: 'SLACK_WEBHOOK_URL is wrong or was revoked',
  channel_not_found: 'its channel is gone: make a new webhook and set SLACK_WEBHOOK_URL',
  channel_is_archived: 'its channel is archived',
  action_prohibited: 'an administrator forbids it',
  posting_to_general_channel_denied: 'an administrator forbids posting to #general',
  too_many_attachments: 'the message breaks a rule of Slack',
}

/** Faults of a connection that never came about, so nothing can have arrived. */
const neverLeft = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** Slack, by an incoming webhook. It can't be asked afterwards whether a message arrived, nor change one. */
export const slack: Channel = {
  name: 'slack',
  settings: ['SLACK_WEBHOOK_URL'],
  isConfigured: (settings) => Boolean(settings.SLACK_WEBHOOK_URL),
  async send(message, { settings, key, signal }) {
    const url = settings.SLACK_WEBHOOK_URL ?? ''
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return refused('SLACK_WEBHOOK_URL is not a web address')
    if (signal.aborted) return busy('the time was up before it was sent')
    const { IncomingWebhook, IncomingWebhookHTTPError } = await import('@slack/webhook')
    let retryAfter: string | null = null
    const webhook = new IncomingWebhook(url, {
      timeout: timeoutMs,
      // The SDK forgets the headers of an answer that it turns into an error.
      fetch: async (address, init = {}) => {
        const signals = init.signal ? [signal, init.signal] : [signal]
        const response = await fetch(address, { ...init, signal: AbortSignal.any(signals) })
        retryAfter = response.headers.get('retry-after')
        return response
      },
    })
    try {
      const answer = await webhook.send(payload(withoutSecrets(message, settings), key))
      if (answer.text.trim() === 'ok') return { outcome: 'sent', reference: null }
      return unknown('what answered is not Slack: it said neither ok nor an error')
    } catch (thrown) {
      if (!(thrown instanceof IncomingWebhookHTTPError)) return connectionFault(thrown)
      return httpFault(thrown.statusCode, thrown.body, retryAfter)
    }
  },
}

function payload(message: Message, key: string) {
  return { text: fallbackText(message), blocks: layOut(message, key), unfurl_links: false, unfurl_media: false }
}

/** The message without what looks like a secret, or is one of ours. */
function withoutSecrets(message: Message, settings: Settings): Message {
  const values = Object.entries(settings).flatMap(([name, value]) =>
    value && (!isSettingName(name) || settingTable[name].kind !== 'setting') ? value : [],
  )
  return Message.parse(redactDeep(message, values))
}

function httpFault(status: number, body: string, retryAfter: string | null): Delivery {
  if (status === 429) return busy('Slack is rate limiting', retryAfter)
  if (status >= 500) return busy(`Slack answered ${status}`, retryAfter)
  // Slack's own word is short; anything else is a page of somebody else's, and may hold what it likes.
  const word = /^[a-z_]{3,60}$/.exec(body.trim())?.[0]
  if (!word) return refused(`answered ${status}, and not in Slack's words`)
  return refused(`Slack answered ${status} ${word}${refusals[word] ? `: ${refusals[word]}` : ''}`)
}

function connectionFault(thrown: unknown): Delivery {
  const codes = causes(thrown).map(describe)
  if (codes.includes('unexpected redirect')) return refused('SLACK_WEBHOOK_URL leads elsewhere: it was redirected')
  const code = codes.find((candidate) => neverLeft.has(candidate))
  if (code) return busy(`Slack can't be reached (${code})`)
  if (codes.some((candidate) => candidate === 'TimeoutError' || candidate === 'AbortError')) {
    return unknown('Slack did not answer in time')
  }
  return unknown('the connection to Slack broke before it answered')
}

/** The fault and what caused it, outermost first. */
function causes(thrown: unknown): Error[] {
  const found: Error[] = []
  for (let error = thrown; error instanceof Error && found.length < 10; error = error.cause) found.push(error)
  return found
}

/** A code or a name: the message of such a fault may hold the address, and that is the secret. */
function describe(error: Error): string {
  if (error.message === 'unexpected redirect') return error.message
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

function refused(reason: string): Delivery {
  return { outcome: 'refused', reason: oneLine(reason, 300) }
}

/** `retryAfter` in seconds, as Slack writes the header. */
function busy(reason: string, retryAfter: string | null = null): Delivery {
  const seconds = retryAfter && /^\d{1,6}$/.test(retryAfter.trim()) ? Number(retryAfter) : null
  return { outcome: 'busy', reason, retryAfterMs: seconds === null ? null : seconds * 1000 }
}

function unknown(reason: string): Delivery {
  return { outcome: 'unknown', reason }
}
