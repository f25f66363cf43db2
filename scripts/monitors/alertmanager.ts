import { z } from 'zod'
import type { AlertStatus } from '../domain/alert.ts'
import { isHeartbeatRule } from '../domain/heartbeat.ts'
import { assetInText, assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { assetOfLabels, checkOfLabels, environmentOfLabels, severityOfLabels } from '../domain/reading/label-set.ts'
import { readTime } from '../domain/reading/time.ts'
import { firstText, type JsonObject, lookUp, textOf } from '../domain/reading/value.ts'
import { AppError } from '../lib/errors.ts'
import { bodiesOf, hasShape, parseFitting } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** The webhook's word, and the API's: what somebody silenced or another alert inhibits is not to be told. */
const statuses: Record<string, AlertStatus> = { firing: 'firing', resolved: 'resolved', suppressed: 'info' }

const titleAnnotations = ['summary', 'title', 'message', 'description']
const linkAnnotations = ['dashboard_url', 'dashboard', 'runbook_url', 'runbook']

const Texts = z.record(z.string(), z.unknown()).catch({})
const One = z.looseObject({
  status: z.string().optional().catch(undefined),
  labels: Texts.default({}),
  annotations: Texts.default({}),
  startsAt: z.unknown().optional(),
  endsAt: z.unknown().optional(),
  generatorURL: z.unknown().optional(),
})
const Body = z.looseObject({
  status: z.string().optional().catch(undefined),
  commonLabels: Texts.default({}),
  commonAnnotations: Texts.default({}),
  externalURL: z.unknown().optional(),
  alerts: z.array(One),
})

/**
 * An alert as Alertmanager's API takes and gives it, in a list: Prometheus' own `POST /api/v2/alerts`, and what scripts
 * read there and send on. https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */
const OfApi = z.looseObject({
  labels: z.record(z.string(), z.unknown()).refine((labels) => Object.keys(labels).length > 0),
  annotations: z.record(z.string(), z.unknown()),
  startsAt: z.string(),
  status: z.unknown().optional(),
})

/** Prometheus Alertmanager: webhook version 4, and alerts of its API. */
export const alertmanager: Monitor = {
  name: 'alertmanager',
  documentation: 'https://prometheus.io/docs/alerting/latest/configuration/#webhook_config',

  recognises({ body }) {
    if (isOfApi(body)) return true
    const parsed = parseFitting(Body, body)
    if (parsed === undefined) return false
    const { alerts, groupKey, receiver } = parsed
    if (alerts.length === 0) return typeof groupKey === 'string' && typeof receiver === 'string'
    return alerts.every((one) => Object.keys(one.labels).length > 0)
  },

  parse({ body, receivedAt }) {
    const parsed = Body.safeParse(isOfApi(body) ? { alerts: fromApi(body, receivedAt) } : body)
    if (!parsed.success) {
      throw new AppError('E_PAYLOAD_UNREADABLE', 'The body is no Alertmanager notification.', 'Send webhook version 4.')
    }
    const { alerts, commonLabels, commonAnnotations, externalURL, status } = parsed.data
    return alerts.map((one) => {
      const labels = { ...commonLabels, ...one.labels }
      const annotations = { ...commonAnnotations, ...one.annotations }
      return buildAlert(readOne({ ...one, status: one.status ?? status, labels, annotations }, externalURL), receivedAt)
    })
  },
}

function isOfApi(body: unknown): boolean {
  return hasShape(OfApi, body)
}

/** Its `state` in place of its status; what has none is over once its end has passed. */
function fromApi(body: unknown, receivedAt: string): JsonObject[] {
  return bodiesOf(OfApi, body, 'alert of Alertmanager', 'Send labels, annotations and startsAt.').map((one) => {
    const end = readTime(one.endsAt)
    const isOver = one.status === undefined && end !== null && end <= receivedAt
    return {
      ...one,
      status: textOf(one.status) ?? firstText(one.status, ['state']) ?? (isOver ? 'resolved' : 'firing'),
    }
  })
}

function readOne(one: z.infer<typeof One>, externalURL: unknown): AlertDraft {
  const { labels, annotations } = one
  const name = firstText(labels, ['alertname'])
  const title = firstText(annotations, titleAnnotations) ?? name
  const status = lookUp(statuses, one.status?.toLowerCase() ?? '') ?? 'firing'
  // Where no label names a thing, the rule stands for what it watches; a heartbeat watches none.
  const named = assetOfLabels(labels) ?? assetInText(title ?? '')
  const asset = named ?? (isHeartbeatRule(name ?? '') ? null : assetOf('service', name ?? ''))
  const fingerprint = firstText(one, ['fingerprint'])
  const link = [...linkAnnotations.map((key) => annotations[key]), one.generatorURL, externalURL]
  return {
    source: 'alertmanager',
    check: checkOfLabels(labels),
    external_id: fingerprint,
    status,
    title: name !== null && title !== null && !title.includes(name) ? `${name}: ${title}` : title,
    description: firstText(annotations, ['description', 'message', 'summary']),
    severity: severityOfLabels(labels),
    category: readCategory([
      firstText(labels, ['category', 'type']),
      name,
      title,
      firstText(annotations, ['description']),
    ]),
    environment: environmentOfLabels(labels),
    asset,
    started_at: one.startsAt,
    ended_at: status === 'resolved' ? one.endsAt : null,
    url: link.find((candidate) => typeof candidate === 'string' && /^https?:/i.test(candidate)),
    labels: {
      ...Object.fromEntries(Object.entries(annotations).filter(([key]) => !titleAnnotations.includes(key))),
      ...labels,
    },
    facts: readClaims(asset, {}, [annotations, labels]),
  }
}
