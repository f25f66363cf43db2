import { z } from 'zod'
import type { Alert, AlertStatus, Severity } from '../domain/alert.ts'
import { assetIn, assetInText, assetOf } from '../domain/reading/asset.ts'
import { buildAlert, checkFromTitle } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { labelsOfLeaves, leavesOf } from '../domain/reading/leaves.ts'
import { firstText, lookUp, namesIn, objectAt } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** `state` of an issue, `current_state` of the older incident. An acknowledged one still goes on. */
const statuses: Record<string, AlertStatus> = {
  created: 'firing',
  activated: 'firing',
  open: 'firing',
  acknowledged: 'firing',
  resolved: 'resolved',
  closed: 'resolved',
  deactivated: 'resolved',
}

const severities: Record<string, Severity> = {
  critical: 'CRITICAL',
  high: 'HIGH',
  warning: 'MEDIUM',
  medium: 'MEDIUM',
  low: 'LOW',
  info: 'LOW',
}

/** An issue of a workflow, by its default template. */
const Issue = z
  .looseObject({ state: z.string(), title: z.string(), priority: z.string() })
  .refine((body) => firstText(body, ['issueUrl', 'impactedEntities.0', 'alertConditionNames.0']) !== null)

/** An incident of the alerts before workflows. */
const Incident = z.looseObject({ current_state: z.string(), condition_name: z.string(), policy_name: z.string() })

const Body = z.union([Issue, Incident])

/** New Relic: workflows with the default webhook template, and the notification channels before them. */
export const newRelic: Monitor = {
  name: 'new-relic',
  documentation: 'https://docs.newrelic.com/docs/alerts/get-notified/notification-integrations/',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'notification of New Relic', 'Use the default webhook template.')
    return bodies.map((one) => readOne(one, receivedAt))
  },
}

/** What a channel or a destination sends when somebody tests it. */
function isTest(state: string, title: string | null): boolean {
  return state === 'test' || /^test notification\b/i.test(title ?? '')
}

function readOne(body: z.infer<typeof Body>, receivedAt: string): Alert {
  const condition = firstText(body, ['alertConditionNames.0', 'condition_name'])
  const title = firstText(body, ['title', 'annotations.title.0', 'condition_name'])
  const details = firstText(body, ['details', 'annotations.description.0', 'alertConditionDescription'])
  const said = firstText(body, ['state', 'current_state'])?.toLowerCase() ?? ''
  const status = isTest(said, title) ? 'info' : (lookUp(statuses, said) ?? 'firing')
  const tags = objectAt(body, 'targets.0.labels')
  return buildAlert(
    {
      source: 'new-relic',
      // An issue's id is new each time; its condition and what it concerns stay.
      check: condition ?? checkFromTitle(title ?? ''),
      external_id: firstText(body, ['id', 'issueId', 'incident_id']),
      status,
      title,
      description: details,
      severity: lookUp(severities, firstText(body, ['priority', 'severity'])?.toLowerCase() ?? '') ?? null,
      category: readCategory([condition, title, details]),
      environment: firstText(tags, ['environment', 'env']) ?? firstText(body, ['environment', 'env']),
      asset: assetIn(tags) ?? readAsset(body, title ?? '', details ?? ''),
      started_at: firstText(body, ['activatedAt', 'createdAt', 'timestamp']),
      ended_at: status === 'resolved' ? firstText(body, ['closedAt', 'updatedAt', 'timestamp']) : null,
      url: firstText(body, ['issueUrl', 'incident_url']),
      labels: { ...labelsOfLeaves(leavesOf(body)), ...tags },
    },
    receivedAt,
  )
}

/** A data asset that the words name says more than the entity that reported it. */
function readAsset(body: z.infer<typeof Body>, title: string, details: string) {
  const named = assetInText(`${title}. ${details.slice(0, 200)}`)
  if (named && named.kind !== 'service' && named.kind !== 'host') return named
  const [entity] = namesIn(body.impactedEntities)
  const target = firstText(body, ['targets.0.name', 'entitiesData.names.0'])
  const type = firstText(body, ['targets.0.type', 'entitiesData.types.0']) ?? ''
  const name = entity ?? target
  if (name) return assetOf(/^host$/i.test(type) ? 'host' : 'service', name)
  const fallback = firstText(body, ['alertConditionNames.0', 'condition_name'])
  return named ?? (fallback === null ? null : assetOf('service', fallback))
}
