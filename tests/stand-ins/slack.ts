import { z } from 'zod'
import { tryParseJson } from '../../scripts/lib/json.ts'
import { openJournal } from './journal.ts'
import { type Answer, type Received, type StandIn, startStandIn } from './server.ts'

/** Block Kit as far as Slack's own limits go. https://docs.slack.dev/reference/block-kit (read 2026-11) */
const plain = (limit: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: z.string().min(1).max(limit), emoji: z.boolean().optional() })
const mrkdwn = (limit: number) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: z.string().min(1).max(limit), verbatim: z.boolean().optional() })
const anyText = (limit: number) => z.discriminatedUnion('type', [plain(limit), mrkdwn(limit)])
const blockId = z.string().min(1).max(255).optional()

const Block = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('header'), block_id: blockId, text: plain(150) }),
  z
    .strictObject({
      type: z.literal('section'),
      block_id: blockId,
      text: anyText(3000).optional(),
      fields: z.array(anyText(2000)).min(1).max(10).optional(),
    })
    .refine(({ text, fields }) => text ?? fields, 'a section needs text or fields'),
  z.strictObject({ type: z.literal('context'), block_id: blockId, elements: z.array(anyText(3000)).min(1).max(10) }),
  z.strictObject({ type: z.literal('divider'), block_id: blockId }),
])

export const SlackPayload = z.object({
  text: z.string().default(''),
  blocks: z
    .array(Block)
    .max(50)
    .refine((blocks) => {
      const ids = blocks.flatMap(({ block_id }) => block_id ?? [])
      return new Set(ids).size === ids.length
    }, 'block_id must be unique')
    .default([]),
  unfurl_links: z.boolean().optional(),
  unfurl_media: z.boolean().optional(),
})
export type SlackPayload = z.infer<typeof SlackPayload>

export interface SlackStandIn extends Omit<StandIn, 'forget'> {
  readonly webhookUrl: string
  /** Every message that was accepted, as Slack got it. */
  readonly messages: readonly SlackPayload[]
  /** The first message, past or to come, whose whole text (see `textOf`) the predicate accepts. */
  waitForMessage(accepts?: (text: string) => boolean, guardMs?: number): Promise<SlackPayload>
  forget(): void
}

/** What Slack says while it limits the rate. */
export const rateLimited: Answer = {
  status: 429,
  headers: { 'retry-after': '30' },
  body: { retry_after: 30, ok: false, error: 'rate_limited' },
}

const hook = '/services/T00000000/B00000000/standinstandinstandinstan'

/** Slack's incoming webhooks, errors included: validates as Slack does, answers `ok`, keeps the messages. */
export async function startSlack(options: { port?: number } = {}): Promise<SlackStandIn> {
  const accepted = openJournal<SlackPayload>(textOf)
  const server = await startStandIn((request) => {
    const judged = judge(request)
    if ('status' in judged) return judged
    accepted.add(judged)
    return { status: 200, body: 'ok' }
  }, options)
  return {
    ...server,
    webhookUrl: `${server.url}${hook}`,
    messages: accepted.entries,
    waitForMessage: (accepts = () => true, guardMs) => accepted.waitFor((message) => accepts(textOf(message)), guardMs),
    forget() {
      server.forget()
      accepted.clear()
    },
  }
}

/** Everything of a message that people read, one text a line. */
export function textOf({ text, blocks }: SlackPayload): string {
  return [text, ...blocks.flatMap(textsOfBlock)].join('\n')
}

/** What Slack would act upon: mentions of people, channels and groups, in any text of the message. */
export function mentionsIn(payload: SlackPayload): string[] {
  return textOf(payload).match(/<[!@#][^>]*>|(?<![\w＠])@(?:here|channel|everyone)\b/g) ?? []
}

/** The links of a message, as [address, title]. */
export function linksIn(payload: SlackPayload): [string, string][] {
  return [...textOf(payload).matchAll(/<([^!@#>|][^>|]*)\|?([^>]*)>/g)].map(([, url = '', title = '']) => [url, title])
}

function textsOfBlock(block: SlackPayload['blocks'][number]): string[] {
  switch (block.type) {
    case 'header':
      return [block.text.text]
    case 'section':
      return [block.text, ...(block.fields ?? [])].flatMap((item) => item?.text ?? [])
    case 'context':
      return block.elements.map((element) => element.text)
    case 'divider':
      return []
  }
}

/** Slack's answer to a request it refuses, or the message. */
function judge({ method, path, body, headers }: Received): Answer | SlackPayload {
  if (path !== hook) return { status: 404, body: path.startsWith('/services/') ? 'no_service' : 'no_team' }
  if (method !== 'POST') return { status: 405, body: 'method_not_allowed' }
  if (!headers['content-type']?.startsWith('application/json')) return { status: 400, body: 'invalid_payload' }
  const value = tryParseJson(body)
  if (typeof value !== 'object' || value === null) return { status: 400, body: 'invalid_payload' }
  const payload = SlackPayload.safeParse(value)
  if (!payload.success) return { status: 400, body: 'invalid_blocks' }
  if (payload.data.text === '' && payload.data.blocks.length === 0) return { status: 400, body: 'no_text' }
  return payload.data
}
