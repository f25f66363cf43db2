import type { Channel } from './channel.ts'
import { needless } from './shared/outcome.ts'
import { tellByBot } from './slack/bot.ts'
import { goneChannels } from './slack/directory.ts'
import { postToWebhook } from './slack/webhook.ts'

/**
 * Slack. With a bot's token: one message an incident, which changes with it, details in its thread. By an incoming
 * webhook: a message each time.
 */
export const slack: Channel = {
  name: 'slack',
  settings: ['SLACK_WEBHOOK_URL', 'SLACK_BOT_TOKEN', 'SLACK_CHANNEL', 'SLACK_API_URL'],
  // "Generally 1 message per second per channel", short bursts allowed: https://docs.slack.dev/apis/web-api/rate-limits
  pace: { everyMs: 1000, burst: 5 },
  isConfigured: (settings) => Boolean(settings.SLACK_WEBHOOK_URL || settings.SLACK_BOT_TOKEN),
  repeats: (settings, target) => (botChannel(settings, target) === null ? 'marked' : 'again'),
  gone: (targets, settings, signal) => (settings.SLACK_BOT_TOKEN ? goneChannels(targets, settings, signal) : null),
  async send(message, sending) {
    const channel = botChannel(sending.settings, sending.target)
    if (channel !== null) return tellByBot(message, channel, sending)
    // A webhook adds and changes nothing: what nobody need hear would be a message more.
    if (message.silent || message.occasion === 'acknowledged') return needless('a webhook changes no message')
    return postToWebhook(message, sending)
  },
}

/** Where a bot posts; null when there is none, or when only the webhook knows its channel. */
function botChannel(settings: Parameters<Channel['isConfigured']>[0], target: string | null): string | null {
  if (!settings.SLACK_BOT_TOKEN) return null
  return target ?? settings.SLACK_CHANNEL ?? (settings.SLACK_WEBHOOK_URL ? null : '')
}
