import { z } from 'zod'
import { parseJson, tryParseJson } from '../../scripts/lib/json.ts'
import { type Answer, type Received, type StandIn, startStandIn } from './server.ts'
import { SlackPayload } from './slack.ts'

/** One message as people see it now. */
export interface SlackMessage {
  channel: string
  ts: string
  /** The message whose thread it is in; null for one of the channel itself. */
  thread_ts: string | null
  broadcast: boolean
  payload: SlackPayload
  metadata: { event_type: string; event_payload: Record<string, unknown> } | null
  /** How often it was changed. */
  edits: number
}

export interface SlackWebApi extends StandIn {
  /** The settings that reach it. */
  readonly settings: { SLACK_BOT_TOKEN: string; SLACK_CHANNEL: string; SLACK_API_URL: string }
  /** All messages, oldest first. */
  readonly messages: SlackMessage[]
  /** The messages of the channel itself, and those of one's thread. */
  roots(): SlackMessage[]
  thread(root: SlackMessage | undefined): SlackMessage[]
}

const token = 'xoxb-stand-in-stand-in-stand-in'
const channels = [
  { id: 'C0INCIDENTS', name: 'incidents', isMember: true, isArchived: false },
  { id: 'C0FINANCE', name: 'finance-data', isMember: true, isArchived: false },
  { id: 'C0STRANGER', name: 'strangers', isMember: false, isArchived: false },
  { id: 'C0ARCHIVE', name: 'archive', isMember: true, isArchived: true },
]

const Metadata = z.object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) })

/** Slack answers 429 with `Retry-After` in seconds. https://docs.slack.dev/apis/web-api/rate-limits (read 2026-11) */
export const tooMany: Answer = {
  status: 429,
  headers: { 'retry-after': '1' },
  body: { ok: false, error: 'ratelimited' },
}

/**
 * Slack's Web API as far as a bot needs it: chat.postMessage, chat.update, conversations.history, .replies and .list.
 * Answers as documented: 200 with `ok: false` and a word for what is refused. https://docs.slack.dev/reference/methods
 */
export async function startSlackWebApi(): Promise<SlackWebApi> {
  const messages: SlackMessage[] = []
  let clock = 1_700_000_000
  const nextTs = () => {
    clock += 1
    return `${clock}.000100`
  }

  const methods: Record<string, (form: URLSearchParams) => object> = {
    'chat.postMessage': (form) => {
      const channel = find(form.get('channel'))
      if (!channel) return no('channel_not_found')
      if (channel.isArchived) return no('is_archived')
      if (!channel.isMember) return no('not_in_channel')
      const payload = payloadOf(form)
      if (!payload) return no('invalid_blocks')
      const thread = form.get('thread_ts')
      if (thread && !messages.some(({ ts }) => ts === thread)) return no('thread_not_found')
      const metadata = Metadata.nullable().parse(tryParseJson(form.get('metadata') ?? 'null') ?? null)
      const ts = nextTs()
      messages.push({
        channel: channel.id,
        ts,
        thread_ts: thread,
        broadcast: form.get('reply_broadcast') === 'true',
        payload,
        metadata,
        edits: 0,
      })
      return {
        ok: true,
        channel: channel.id,
        ts,
        message: { text: payload.text, type: 'message', subtype: 'bot_message' },
      }
    },
    'chat.update': (form) => {
      // Only an id will do here: "channel: Channel containing the message to be updated."
      const found = messages.find(({ ts, channel }) => ts === form.get('ts') && channel === form.get('channel'))
      if (!found)
        return no(channels.some(({ id }) => id === form.get('channel')) ? 'message_not_found' : 'channel_not_found')
      const payload = payloadOf(form)
      if (!payload) return no('invalid_blocks')
      found.payload = payload
      found.edits += 1
      return { ok: true, channel: found.channel, ts: found.ts, text: payload.text }
    },
    'conversations.history': (form) => {
      const id = form.get('channel')
      if (!channels.some((channel) => channel.id === id)) return no('channel_not_found')
      return listed(messages.filter(({ channel, thread_ts }) => channel === id && !thread_ts).reverse(), form)
    },
    'conversations.replies': (form) => {
      const ts = form.get('ts')
      const all = messages.filter((message) => message.ts === ts || message.thread_ts === ts)
      return all.length > 0 ? listed(all, form) : no('thread_not_found')
    },
    'conversations.list': () => ({
      ok: true,
      channels: channels.map(({ id, name, isArchived }) => ({ id, name, is_archived: isArchived })),
      response_metadata: { next_cursor: '' },
    }),
  }

  const server = await startStandIn(({ method, path, headers, body }: Received): Answer => {
    const answer = methods[path.replace('/api/', '')]
    if (method !== 'POST' || !answer) return { status: 200, body: no('unknown_method') }
    if (headers.authorization !== `Bearer ${token}`) return { status: 200, body: no('invalid_auth') }
    return { status: 200, body: answer(new URLSearchParams(body)) }
  })
  return {
    ...server,
    settings: { SLACK_BOT_TOKEN: token, SLACK_CHANNEL: 'C0INCIDENTS', SLACK_API_URL: `${server.url}/api/` },
    messages,
    roots: () => messages.filter(({ thread_ts }) => thread_ts === null),
    thread: (root) => messages.filter(({ thread_ts }) => thread_ts === root?.ts),
  }
}

function find(channel: string | null) {
  return channels.find(({ id, name }) => channel === id || channel === `#${name}`)
}

function no(error: string): object {
  return { ok: false, error }
}

function payloadOf(form: URLSearchParams): SlackPayload | null {
  const blocks = form.get('blocks')
  const payload = SlackPayload.safeParse({
    text: form.get('text') ?? '',
    ...(blocks ? { blocks: parseJson(blocks) } : {}),
  })
  return payload.success ? payload.data : null
}

/** Metadata comes only to whoever asks for it. Pages as Slack does. */
function listed(found: readonly SlackMessage[], form: URLSearchParams): object {
  const limit = Number(form.get('limit') ?? 100)
  const from = Number(form.get('cursor') ?? 0)
  const withMetadata = form.get('include_all_metadata') === 'true'
  return {
    ok: true,
    messages: found.slice(from, from + limit).map(({ ts, payload, metadata }) => ({
      type: 'message',
      ts,
      text: payload.text,
      ...(withMetadata && metadata ? { metadata } : {}),
    })),
    response_metadata: { next_cursor: from + limit < found.length ? String(from + limit) : '' },
  }
}
