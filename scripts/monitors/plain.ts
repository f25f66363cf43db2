import { z } from 'zod'
import type { AlertStatus, Asset } from '../domain/alert.ts'
import { assetIn, assetInText, assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert, checkFromTitle, readUrl } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { leavesOf } from '../domain/reading/leaves.ts'
import { isRoutine } from '../domain/reading/meaning-routine.ts'
import { readPriority, readSeverity } from '../domain/reading/severity.ts'
import { readStatus, readTitleStatus } from '../domain/reading/status.ts'
import { firstText, isObject, type JsonObject, textOf } from '../domain/reading/value.ts'
import { AppError } from '../lib/errors.ts'
import type { Monitor } from './monitor.ts'

const statusKeys = ['status', 'state', 'alert_status', 'event_type', 'event']
const environmentKeys = ['environment', 'env', 'related_context.environment', 'metric.environment']
const urlKeys = [
  'url',
  'link',
  'alert_url',
  'related_context.url',
  'related_context.runbook_url',
  'related_context.runbook_link',
]
const startKeys = ['started_at', 'start_time', 'timestamp', 'time', 'created_at']
const endKeys = ['ended_at', 'end_time', 'resolved_at']
/** What names the check, whatever the title says this time. */
const checkKeys = [
  'dedup_key',
  'monitor_id',
  'rule_id',
  'check_id',
  'check',
  'rule',
  'test_name',
  'metric.name',
  'metric.check',
]
/** Keys whose presence tells the category as well as words do. */
const categoryKeys = [
  'category',
  'alert_type',
  'type',
  'check_type',
  'metric.change_type',
  'metric.type',
  'metric.check',
]

/** Two of these beside `source` make it this shape. */
const telling = ['alert_id', 'title', 'severity', 'description', 'metric', 'related_context']

/** Only what it is recognised by is required; everything else is read as far as it goes. */
const Body = z.looseObject({ source: z.string().trim().min(1) })

/** The plain custom JSON that names its `source`: what a script or a monitor with a free template sends. */
export const plain: Monitor = {
  name: 'plain',
  documentation: 'SETUP.md',

  recognises({ body }) {
    return Array.isArray(body) ? body.length > 0 && body.every(isPlain) : isPlain(body)
  },

  parse({ body, receivedAt }) {
    return (Array.isArray(body) ? body : [body]).map((one: unknown) => {
      const parsed = Body.safeParse(one)
      if (parsed.success) return buildAlert(readOne(parsed.data), receivedAt)
      throw new AppError(
        'E_PAYLOAD_UNREADABLE',
        'The body does not name its source.',
        'Send an object with `source` and `title`.',
      )
    })
  },
}

function isPlain(body: unknown): boolean {
  if (!isObject(body) || typeof body.source !== 'string' || textOf(body.source) === null) return false
  const present = telling.filter((key) => isObject(body[key]) || textOf(body[key]) !== null)
  return present.length >= 2 && firstText(body, ['title', 'description', 'metric.name']) !== null
}

function readOne(body: z.infer<typeof Body>): AlertDraft {
  const { source, severity, description, alert_id } = body
  const metric = isObject(body.metric) ? body.metric : {}
  const contexts = contextsOf(body)
  const asset = readAsset(body, [metric, ...contexts])
  const details = textOf(description)
  const title = textOf(body.title) ?? details?.split('\n')[0] ?? firstText(metric, ['name'])
  const category = readCategory([
    ...categoryKeys.map((key) => firstText(body, [key])),
    title,
    Object.keys(metric).slice(0, 50).join('. '),
    details,
  ])
  return {
    source: 'plain',
    check: `${source.toLowerCase()}\n${firstText(body, checkKeys) ?? checkFromTitle(title ?? '')}`,
    external_id: textOf(alert_id),
    status: statusOf(body, title ?? ''),
    title,
    description: details,
    severity: readSeverity(severity) ?? readPriority(severity),
    category,
    environment: firstText(body, environmentKeys),
    asset,
    started_at: firstText(body, startKeys),
    ended_at: firstText(body, endKeys),
    url: urlKeys.map((key) => readUrl(firstText(body, [key]))).find((url) => url !== null),
    labels: labelsOf(body, source),
    facts: readClaims(asset, metric, contexts),
  }
}

/** `related_context` first, then whatever other objects the sender added. */
function contextsOf(body: JsonObject): JsonObject[] {
  const others = Object.entries(body).filter(([key]) => key !== 'metric' && key !== 'related_context')
  return [body.related_context, ...others.map(([, value]) => value)].filter(isObject).slice(0, 20)
}

function readAsset(body: JsonObject, objects: readonly JsonObject[]): Asset | null {
  const named = isObject(body.asset) ? body.asset : {}
  const name = firstText(named, ['name', 'id'])
  if (name !== null && textOf(named.kind) === 'table') return assetOf('table', name)
  for (const object of [named, ...objects, body]) {
    const { source: _, ...rest } = object
    const asset = assetIn(rest)
    if (asset) return asset
  }
  return assetInText(`${textOf(body.title) ?? ''}. ${textOf(body.description)?.slice(0, 200) ?? ''}`)
}

/** Where a field is about what runs (`status: running`), it says nothing about the alert. */
function statusOf(body: JsonObject, title: string): AlertStatus {
  for (const key of statusKeys) {
    const status = readStatus(body[key])
    if (status === 'info' && !/^(?:info|informational|test|ping)$/i.test(textOf(body[key]) ?? '')) {
      if (isRoutine(leavesOf(body))) return 'info'
      continue
    }
    if (status !== null) return status
  }
  return readTitleStatus(title) === 'resolved' ? 'resolved' : 'firing'
}

/** The reported source, and what stands at the top and one level below as text. */
function labelsOf(body: JsonObject, source: string): Record<string, unknown> {
  const own = ['alert_id', 'timestamp', 'source', 'title', 'severity', 'description']
  const nested = Object.entries(body).flatMap(([key, value]) =>
    isObject(value)
      ? Object.entries(value)
          .slice(0, 60)
          .map(([inner, item]) => [`${key}.${inner}`, item] as const)
      : [],
  )
  const top = Object.entries(body).filter(([key]) => !own.includes(key))
  return { reported_source: source.toLowerCase(), ...Object.fromEntries(top), ...Object.fromEntries(nested) }
}
