import { isObject, type JsonObject, plainKey, textOf } from './value.ts'

/** What a message that was made for people says, whatever draws it: Slack blocks, attachments, a card of Teams or Feishu, embeds of Discord. */
export interface ChatMessage {
  /** The header, or the first text; without markup. */
  title: string
  /** Every text, in the order of the message, with its markup. */
  texts: readonly string[]
  /** What is told as a name and its value (`*Status:* fail`, a fact, a field), by the name's plain key. */
  facts: ReadonlyMap<string, string>
  link: string | null
}

/** Under these a message keeps its parts; a message's own text comes last, because blocks repeat it. */
const partKeys = [
  'blocks',
  'title',
  'activityTitle',
  'activitySubtitle',
  'pretext',
  'card',
  'header',
  'post',
  'zh_cn',
  'en_us',
  'markdown',
  'text',
  'description',
  'body',
  'sections',
  'fields',
  'facts',
  'elements',
  'inlines',
  'items',
  'columns',
  'content',
  'embeds',
  'footer',
  'attachments',
]
/** A list of one of these makes a body a message. */
const messageKeys = ['blocks', 'attachments', 'sections', 'embeds']
/** Of these DingTalk, WeCom and Feishu say which it is, and keep the message under a key of that name, a card or the content. */
const kinds = ['msgtype', 'msg_type']
const mostParts = 500
const longestText = 4000

/** Several monitors ask it of one body, one after the other. */
const lastRead = new WeakMap<object, ChatMessage | null>()

/** The message in a body; null when it is none. Bounded in parts and in their length. */
export function readChatMessage(body: unknown): ChatMessage | null {
  if (!isObject(body)) return null
  const known = lastRead.get(body)
  if (known !== undefined) return known
  const message = messageIn(body)
  lastRead.set(body, message)
  return message
}

function messageIn(body: JsonObject): ChatMessage | null {
  const isCard = body.type === 'AdaptiveCard' && Array.isArray(body.body)
  const isKind = kinds.some((key) => typeof body[key] === 'string')
  const isMessage = isCard || isKind || typeof body.text === 'string'
  if (!isMessage && !messageKeys.some((key) => Array.isArray(body[key]))) return null
  const texts: string[] = []
  const facts = new Map<string, string>()
  let headline: string | null = null
  let parts = 0
  const walk = (part: unknown, depth: number) => {
    parts += 1
    if (parts > mostParts || depth > 20) return
    if (Array.isArray(part)) {
      for (const item of part) walk(item, depth + 1)
      return
    }
    if (!isObject(part)) {
      const text = typeof part === 'string' ? part.slice(0, longestText) : ''
      if (text.trim() !== '') texts.push(text)
      return
    }
    const pair = pairOf(part)
    if (pair) {
      keep(facts, ...pair)
      return
    }
    const before = texts.length
    for (const key of partKeys) if (Object.hasOwn(part, key)) walk(part[key], depth + 1)
    if (part.type === 'header') headline ??= texts[before] ?? null
  }
  walk(body, 0)
  const [first] = texts
  if (first === undefined) return null
  for (const text of texts) for (const [name, value] of boldPairs(text)) keep(facts, name, value)
  const link = texts.map((text) => /https?:\/\/[^\s|>)\]]{1,1000}/i.exec(text)?.[0]).find((url) => url !== undefined)
  return { title: withoutMarkup(headline ?? first.split('\n', 1)[0] ?? ''), texts, facts, link: link ?? null }
}

function keep(facts: Map<string, string>, name: string, value: string): void {
  const key = plainKey(withoutMarkup(name))
  const text = withoutMarkup(value)
  if (key !== '' && text !== '' && !facts.has(key)) facts.set(key, text)
}

/** Slack's `{title, value}` and Teams' `{title | name, value}`. */
function pairOf(part: JsonObject): [string, string] | null {
  const name = textOf(part.title ?? part.name)
  const value = textOf(part.value)
  return name === null || value === null || Object.hasOwn(part, 'type') ? null : [name, value]
}

/** `*Test:* orders_not_null | *Status:* fail`, `*Table*\nraw.orders`, `**Env:** prod`. */
function* boldPairs(text: string): Generator<[string, string]> {
  const pattern = /(?<!\*)\*{1,2}([^*\n|]{1,60})\*{1,2}(?::[ \t]{0,4}|[ \t]{0,4}\n|[ \t]{1,4})([^*|\n]{1,400})/g
  for (const [, name, value] of text.matchAll(pattern)) if (name && value) yield [name, value]
}

/** What a message tells as names and values: its facts, and what stands so on a line: `Flow ID: close`, `> host：db-1`. */
export function factsAndLines({ facts, texts }: ChatMessage): Map<string, string> {
  const all = new Map(facts)
  for (const text of texts) {
    for (const line of text.split(/\n|<br ?\/?>/i, mostLines)) {
      const bare = line
        .slice(0, 500)
        .replace(tag, '')
        .replace(/^[\s>*_#•-]{1,20}/, '')
      const [, name, value] = linePair.exec(bare) ?? []
      if (name !== undefined && value !== undefined) keep(all, name, value)
    }
  }
  return all
}
const linePair = /^(\p{L}[\p{L}\p{N} _-]{0,39}?)[*_` ]{0,4}[:：](?!\/\/)[*_ \t]{0,6}(\S.{0,400})$/u
const mostLines = 200
/** What draws a text in HTML, and in the markdown of WeCom and DingTalk: `<font color="warning">`. */
const tag = /<\/?(?:font|b|i|u|p|br|em|strong|span|div|h\d|code|at)(?:\s[^<>]{0,200})?\/?>/gi

/** The text without the tags that draw it. */
export function withoutTags(text: string): string {
  return text.includes('<') ? text.replace(tag, '') : text
}

/** The text without the marks that draw it: links by what they show, no bold, code or emphasis around it. */
export function withoutMarkup(text: string): string {
  return text
    .slice(0, longestText)
    .replace(tag, '')
    .replace(/<(?:https?:[^|>\s]{0,1000})\|([^>]{1,300})>/g, '$1')
    .replace(/\[([^\]\n]{1,300})\]\(https?:[^)\s]{1,1000}\)/g, '$1')
    .replace(/:[a-z_+-]{2,40}:/g, ' ')
    .replace(/^[\s*_~`>#]+|[\s*_~`:]+$/g, '')
    .trim()
}
