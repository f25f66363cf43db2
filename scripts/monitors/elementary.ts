import { z } from 'zod'
import type { AlertStatus, Asset, Category, Severity } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { type ChatMessage, readChatMessage } from '../domain/reading/chat-message.ts'
import { lookUp } from '../domain/reading/value.ts'
import { readPayload } from '../lib/payload.ts'
import type { Monitor } from './monitor.ts'

/** The word before the colon of a title. */
const severities: Record<string, Severity> = {
  error: 'HIGH',
  'runtime error': 'HIGH',
  failure: 'HIGH',
  fail: 'HIGH',
  warning: 'MEDIUM',
  warn: 'MEDIUM',
}
const resolved = new Set(['pass', 'success', 'resolved', 'fixed'])

/** What its titles say, what names the asset in them, and of what kind it is. */
const titles: readonly { pattern: RegExp; kind: Asset['kind']; check: string }[] = [
  { pattern: /^.{0,200}? tests? (?:failed|passed|errored|warned)(?: on (.{1,300}))?$/, kind: 'table', check: 'test' },
  { pattern: /dbt failed to (?:build|run) \w{1,40} "?([^"]{1,300})"?/, kind: 'model', check: 'build' },
  {
    pattern: /(?:source freshness|freshness).{0,60}? (?:of|for|on|in) (?:source )?"?([^"\s]{1,300})"?/i,
    kind: 'table',
    check: 'freshness',
  },
  { pattern: /^(?:(.{1,300}?): )?\d{1,9} issues? detected$/, kind: 'table', check: 'issues' },
  // Elementary's own tests are headed by their kind: `Row count on shop.sales.orders`.
  { pattern: /^[^"]{1,100}? on ([\w$.-]{1,300})$/, kind: 'table', check: 'test' },
]

/** Facts that only its messages have, and those that say with a status what a message is about. */
const marks = ['subscribers', 'modelerrors', 'testfailures', 'testwarnings', 'testerrors']
const subjects = ['test', 'model', 'snapshot', 'source']

const Message = z.object({
  title: z.string(),
  texts: z.array(z.string()),
  facts: z.map(z.string(), z.string()),
  link: z.string().nullable(),
})

/** Elementary's messages for Slack and Microsoft Teams: all of it is text to be shown. */
export const elementary: Monitor = {
  name: 'elementary',
  documentation: 'https://docs.elementary-data.com/oss/guides/alerts/elementary-alerts',

  recognises({ body }) {
    const message = readChatMessage(body)
    if (message === null) return false
    const { facts, texts } = message
    if (['test', 'status', 'time'].every((name) => facts.has(name))) return true
    const isOurs =
      marks.some((name) => facts.has(name)) ||
      (facts.has('status') && subjects.some((name) => facts.has(name))) ||
      texts.some((text) => text.includes('View in Elementary'))
    if (!isOurs) return false
    const { sentence } = headOf(message.title)
    return titles.some(({ pattern }) => pattern.test(sentence))
  },

  parse({ body, receivedAt }) {
    return [buildAlert(readOne(readPayload(Message, readChatMessage(body), 'Elementary message')), receivedAt)]
  },
}

function readOne({ title, texts, facts, link }: ChatMessage): AlertDraft {
  const { level, sentence } = headOf(title)
  const shape = titles.find(({ pattern }) => pattern.test(sentence))
  const column = facts.get('column')
  const found = shape?.pattern.exec(sentence)?.[1] ?? null
  const named = column && found?.endsWith(`.${column}`) ? found.slice(0, -column.length - 1) : found
  // A source's title may name the source alone, where a fact names its table too.
  const told = [named, facts.get('source') ?? null].filter((one) => one !== null).sort((a, b) => depth(b) - depth(a))
  const table = facts.get('table') ?? (shape?.kind === 'table' ? (told[0] ?? null) : null)
  const model = facts.get('model') ?? facts.get('snapshot') ?? (shape?.kind === 'model' ? named : null)
  const name = table ?? model ?? named
  const test = facts.get('test') ?? /^"([^"]{1,200})" test/.exec(sentence)?.[1]
  const said = (facts.get('status') ?? level).toLowerCase()
  const status: AlertStatus = resolved.has(said) || resolved.has(level) ? 'resolved' : 'firing'
  const result = texts.findIndex((text) => text.includes('Result Message'))
  return {
    source: 'elementary',
    check: [shape?.check ?? 'test', test ?? '', column ?? ''].join('\n'),
    status,
    title: sentence || title,
    description: [
      facts.get('description'),
      result < 0 ? null : texts.slice(result + 1, result + 3).join('\n'),
      ...texts,
    ]
      .filter((text) => text)
      .slice(0, 12)
      .join('\n'),
    severity: lookUp(severities, level) ?? lookUp(severities, said) ?? null,
    category: categoryOf(shape?.check, [test, facts.get('description')]),
    environment: facts.get('env') ?? facts.get('environment') ?? null,
    asset: name === null ? null : assetOf(table === null && model !== null ? 'model' : 'table', name),
    started_at: facts.get('time') ?? facts.get('detectedat'),
    url: link,
    labels: Object.fromEntries(facts),
  }
}

function depth(name: string): number {
  return name.split('.').length
}

/** `Failure: "not_null" test failed on orders`: how bad, and the rest. */
function headOf(title: string): { level: string; sentence: string } {
  const [, level, rest] = /^[^\p{L}"]{0,8}([\p{L} ]{3,20}): (.{1,600})$/u.exec(title) ?? []
  return { level: level?.toLowerCase() ?? '', sentence: rest ?? title }
}

function categoryOf(check: string | undefined, texts: readonly (string | undefined)[]): Category {
  if (check === 'freshness') return 'freshness'
  if (check === 'build') return 'pipeline_failure'
  const told = readCategory(texts)
  return told === 'freshness' || told === 'volume' || told === 'schema_change' ? told : 'data_quality'
}
