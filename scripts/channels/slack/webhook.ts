import type { Message } from '../../domain/message.ts'
import type { Delivery, Sending } from '../channel.ts'
import { withoutSecrets } from '../shared/clean.ts'
import { busy, connectionFault, refused, secondsOf, unknown } from '../shared/outcome.ts'
import { fallbackText, layOut } from './blocks.ts'

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

/** By an incoming webhook. It can't be asked afterwards whether a message arrived, nor change one. */
export async function postToWebhook(message: Message, { settings, key, signal }: Sending): Promise<Delivery> {
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
    if (!(thrown instanceof IncomingWebhookHTTPError)) return connectionFault(thrown, 'Slack', 'SLACK_WEBHOOK_URL')
    return httpFault(thrown.statusCode, thrown.body, retryAfter)
  }
}

function payload(message: Message, key: string) {
  return { text: fallbackText(message), blocks: layOut(message, key), unfurl_links: false, unfurl_media: false }
}

function httpFault(status: number, body: string, retryAfter: string | null): Delivery {
  if (status === 429) return busy('Slack is rate limiting', secondsOf(retryAfter))
  if (status >= 500) return busy(`Slack answered ${status}`, secondsOf(retryAfter))
  // Slack's own word is short; anything else is a page of somebody else's, and may hold what it likes.
  const word = /^[a-z_]{3,60}$/.exec(body.trim())?.[0]
  if (!word) return refused(`answered ${status}, and not in Slack's words`)
  return refused(`Slack answered ${status} ${word}${refusals[word] ? `: ${refusals[word]}` : ''}`)
}
