import { z } from 'zod'
import type { Message } from '../../domain/message.ts'
import type { Delivery, Sending } from '../channel.ts'
import { withoutSecrets } from '../shared/clean.ts'
import { busy, needless, refused } from '../shared/outcome.ts'
import { fallbackText, layOutDetails, layOutRoot } from './blocks.ts'
import { channelId } from './directory.ts'
import { type CallSlack, connectSlack, faultOf, platformWord } from './web-api.ts'

/** How far back a message is looked for whose outcome is unknown. */
const mostPages = 5

/** Marks our messages, so that they are found again. https://docs.slack.dev/messaging/message-metadata */
const rootEvent = 'data_incident'
const replyEvent = 'data_incident_update'

const Posted = z.object({ channel: z.string(), ts: z.string() })
type Posted = z.infer<typeof Posted>

const Found = z.object({
  messages: z
    .array(
      z.object({
        ts: z.string(),
        metadata: z
          .object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) })
          .optional()
          .catch(undefined),
      }),
    )
    .default([]),
  response_metadata: z.object({ next_cursor: z.string().default('') }).default({ next_cursor: '' }),
})
/** Slack's words for a message that can't be changed any more: it is followed up in its thread. */
const unchangeable = new Set(['cant_update_message', 'edit_window_closed', 'cant_broadcast_message'])

/** These people should see although the message itself only changed: the reply is shown in the channel too. */
const loud: ReadonlySet<Message['occasion']> = new Set(['reminder', 'escalated', 'reopened'])
const isLoud = ({ occasion, dry_run }: Message) => loud.has(occasion) || dry_run !== null

/**
 * By a bot: posts the incident's one message or changes it, then adds what is new to its thread. Each step is looked up
 * by its metadata before it is repeated, so nothing appears twice.
 */
export async function tellByBot(message: Message, channel: string, sending: Sending): Promise<Delivery> {
  if (!channel) return refused('no channel is named: set SLACK_CHANNEL, or write slack:#channel in routing.yaml')
  if (sending.signal.aborted) return busy('the time was up before it was sent')
  const clean = withoutSecrets(message, sending.settings)
  const call = await connectSlack(sending.settings, sending.signal)
  try {
    const known = referenceOf(sending.opened) ?? (sending.inDoubt ? await findRoot(call, channel, sending) : null)
    if (!known && (message.silent || message.occasion === 'acknowledged')) return needless('nobody was told there')
    const root = known ? await change(call, known, clean, sending) : await open(call, channel, clean, sending)
    if (!message.silent) await reply(call, root, clean, sending, known !== null)
    return { outcome: 'sent', reference: `${root.channel}/${root.ts}` }
  } catch (thrown) {
    return faultOf(thrown, call.last())
  }
}

async function open(call: CallSlack, channel: string, message: Message, { key, subject }: Sending): Promise<Posted> {
  const posted = await call('chat.postMessage', {
    channel,
    ...content(message, layOutRoot(message)),
    metadata: { event_type: rootEvent, event_payload: { incident: subject, key } },
  })
  return Posted.parse(posted)
}

/** The incident's message as it is now. One that somebody deleted is posted anew; one that is too old stays. */
async function change(call: CallSlack, root: Posted, message: Message, sending: Sending): Promise<Posted> {
  try {
    await call('chat.update', { channel: root.channel, ts: root.ts, ...content(message, layOutRoot(message)) })
    return root
  } catch (thrown) {
    const word = platformWord(thrown)
    if (word === 'message_not_found') return open(call, root.channel, message, sending)
    if (word !== null && unchangeable.has(word)) return root
    throw thrown
  }
}

async function reply(
  call: CallSlack,
  root: Posted,
  message: Message,
  { key, subject, inDoubt }: Sending,
  isChange: boolean,
): Promise<void> {
  const blocks = layOutDetails(message, isChange)
  if (blocks.length === 0) return
  if (inDoubt && (await isInThread(call, root, key))) return
  await call('chat.postMessage', {
    channel: root.channel,
    thread_ts: root.ts,
    ...(isChange && isLoud(message) ? { reply_broadcast: true } : {}),
    ...content(message, blocks),
    metadata: { event_type: replyEvent, event_payload: { incident: subject, key } },
  })
}

function content(message: Message, blocks: object[]) {
  return { text: fallbackText(message), blocks, unfurl_links: false, unfurl_media: false }
}

/** The incident's message in a channel, the newest that there is. */
async function findRoot(call: CallSlack, channel: string, { subject }: Sending): Promise<Posted | null> {
  const id = await channelId(call, channel)
  let cursor = ''
  for (let page = 0; page < mostPages; page += 1) {
    const found = Found.parse(
      await call('conversations.history', {
        channel: id,
        limit: 200,
        include_all_metadata: true,
        ...(cursor ? { cursor } : {}),
      }),
    )
    const own = found.messages.find(
      ({ metadata }) => metadata?.event_type === rootEvent && metadata.event_payload.incident === subject,
    )
    if (own) return { channel: id, ts: own.ts }
    cursor = found.response_metadata.next_cursor
    if (!cursor) return null
  }
  return null
}

async function isInThread(call: CallSlack, root: Posted, key: string): Promise<boolean> {
  const found = Found.parse(
    await call('conversations.replies', {
      channel: root.channel,
      ts: root.ts,
      limit: 200,
      include_all_metadata: true,
    }),
  )
  return found.messages.some(
    ({ metadata }) => metadata?.event_type === replyEvent && metadata.event_payload.key === key,
  )
}

function referenceOf(opened: string | null): Posted | null {
  const [channel, ts] = opened?.split('/') ?? []
  return channel && ts ? { channel, ts } : null
}
