import type { Settings } from '../../lib/config.ts'
import type { Delivery } from '../channel.ts'
import { busy, causes, connectionFault, refused, secondsOf, unknown } from '../shared/outcome.ts'

/** For one call; Slack answers in well under a second. */
const timeoutMs = 10_000

/** What Slack's words mean to whoever set it up. https://docs.slack.dev/reference/methods/chat.postMessage#errors */
const refusals: Readonly<Record<string, string>> = {
  invalid_auth: 'SLACK_BOT_TOKEN is wrong',
  not_authed: 'SLACK_BOT_TOKEN is wrong',
  account_inactive: 'SLACK_BOT_TOKEN belongs to an app or a workspace that is gone',
  token_revoked: 'SLACK_BOT_TOKEN was revoked: install the app again',
  token_expired: 'SLACK_BOT_TOKEN has expired',
  missing_scope: 'the app lacks a scope: SETUP.md names those it needs; install it again after adding one',
  channel_not_found: 'there is no such channel, or the bot is not in it: invite it',
  not_in_channel: 'the bot is not in the channel: invite it',
  is_archived: 'the channel is archived',
  restricted_action: 'an administrator forbids it',
  invalid_blocks: 'the message breaks a rule of Slack',
  invalid_metadata_schema: 'the message breaks a rule of Slack',
  msg_too_long: 'the message breaks a rule of Slack',
}

/** Slack is not well, and says that nothing was done. */
const notNow = new Set([
  'ratelimited',
  'rate_limited',
  'message_limit_exceeded',
  'service_unavailable',
  'team_added_to_org',
])
/** "Some aspect of the operation may have succeeded before the error was raised." */
const perhapsDone = new Set(['internal_error', 'fatal_error', 'request_timeout', 'accesslimited'])

/** What the last call was answered with. */
export interface LastAnswer {
  status: number | null
  retryAfter: string | null
}

export interface CallSlack {
  (method: string, options: Record<string, unknown>): Promise<unknown>
  last(): LastAnswer
}

/** Calls of Slack's Web API, each made once: trying again is the outbox's part. */
export async function connectSlack(settings: Settings, signal: AbortSignal): Promise<CallSlack> {
  const { WebClient } = await import('@slack/web-api')
  let last: LastAnswer = { status: null, retryAfter: null }
  const client = new WebClient(settings.SLACK_BOT_TOKEN, {
    ...(settings.SLACK_API_URL ? { slackApiUrl: settings.SLACK_API_URL } : {}),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    timeout: timeoutMs,
    logger: silent,
    fetch: async (address, init = {}) => {
      last = { status: null, retryAfter: null }
      const signals = init.signal ? [signal, init.signal] : [signal]
      const response = await fetch(address, { ...init, signal: AbortSignal.any(signals) })
      last = { status: response.status, retryAfter: response.headers.get('retry-after') }
      return response
    },
  })
  return Object.assign((method: string, options: Record<string, unknown>) => client.apiCall(method, options), {
    last: () => last,
  })
}

/** Only tasks' own log prints: the library's would show what it sends. */
const silent = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => 'error' as never,
  setName() {},
}

/** Slack's word for what it refuses, or null when something else went wrong. */
export function platformWord(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !('data' in thrown)) return null
  const { data } = thrown
  const word = typeof data === 'object' && data !== null && 'error' in data ? data.error : null
  return typeof word === 'string' && /^[a-z_:]{3,80}$/.test(word) ? word : null
}

/** What a failed call means for the delivery. */
export function faultOf(thrown: unknown, { status, retryAfter }: LastAnswer): Delivery {
  const word = platformWord(thrown)
  if (status === 429 || (word !== null && notNow.has(word))) {
    return busy('Slack is rate limiting', secondsOf(retryAfter))
  }
  if (word !== null && perhapsDone.has(word)) return unknown(`Slack answered ${word}`)
  if (word !== null) return refused(`Slack answered ${word}${refusals[word] ? `: ${refusals[word]}` : ''}`)
  if (status !== null && status >= 500) return unknown(`Slack answered ${status}`)
  if (status !== null && status >= 400) return refused(`answered ${status}, and not in Slack's words`)
  if (status !== null && causes(thrown).every(({ name }) => name !== 'AbortError' && name !== 'TimeoutError')) {
    return unknown('what answered is not Slack: it said neither ok nor an error')
  }
  return connectionFault(thrown, 'Slack', 'SLACK_API_URL')
}
