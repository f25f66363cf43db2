import { createHmac } from 'node:crypto'
import { AppError } from '../lib/errors.ts'
import { requestJson } from '../lib/http.ts'
import type { Channel } from './channel.ts'
import { withoutSecrets } from './shared/clean.ts'
import { busy, needless, refused } from './shared/outcome.ts'
import { restFault } from './shared/rest.ts'

const hints = {
  401: 'it did not accept the signature: check NOTIFY_WEBHOOK_KEY on both sides',
  403: 'it did not accept the signature: check NOTIFY_WEBHOOK_KEY on both sides',
  404: 'NOTIFY_WEBHOOK_URL is wrong',
  410: 'it does not want messages any more',
}

/**
 * Any system of a team's own: the message as JSON, signed as https://www.standardwebhooks.com has it, so that libraries
 * for checking it exist. `webhook-id` stays the same over repetitions: the receiver can tell one by it.
 */
export const webhook: Channel = {
  name: 'webhook',
  settings: ['NOTIFY_WEBHOOK_URL', 'NOTIFY_WEBHOOK_KEY'],
  pace: null,
  isConfigured: (settings) => Boolean(settings.NOTIFY_WEBHOOK_URL && settings.NOTIFY_WEBHOOK_KEY),
  repeats: () => 'marked',
  async send(message, { settings, key, subject, signal, opened, inDoubt }) {
    if (message.silent && opened === null && !inDoubt) return needless('nobody was told there')
    if (signal.aborted) return busy('the time was up before it was sent')
    if (!/^https?:\/\//.test(settings.NOTIFY_WEBHOOK_URL ?? ''))
      return refused('NOTIFY_WEBHOOK_URL is not a web address')
    const clean = withoutSecrets(message, settings)
    const timestamp = Math.floor(Date.now() / 1000)
    const body = JSON.stringify({
      type: `incident.${message.occasion}`,
      timestamp: new Date(timestamp * 1000).toISOString(),
      subject,
      data: clean,
    })
    try {
      await requestJson(settings.NOTIFY_WEBHOOK_URL ?? '', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': key,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': `v1,${sign(settings.NOTIFY_WEBHOOK_KEY ?? '', `${key}.${timestamp}.${body}`)}`,
        },
        body,
        system: 'the webhook',
        deepest: 50,
        maxBytes: 100_000,
        signal,
      })
      return { outcome: 'sent', reference: key }
    } catch (thrown) {
      // What a receiver says beside its 2xx is its own affair.
      if (thrown instanceof AppError && thrown.code === 'E_HTTP_ANSWER') return { outcome: 'sent', reference: key }
      return restFault(thrown, 'the webhook', hints)
    }
  },
}

/** The key of Standard Webhooks is `whsec_` and base64; any other is taken as it is. */
function sign(key: string, content: string): string {
  const secret = key.startsWith('whsec_') ? Buffer.from(key.slice(6), 'base64') : Buffer.from(key)
  return createHmac('sha256', secret).update(content).digest('base64')
}
