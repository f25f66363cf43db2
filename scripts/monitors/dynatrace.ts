import { z } from 'zod'
import type { Alert, AlertStatus, Asset, Severity } from '../domain/alert.ts'
import { assetInText, assetOf } from '../domain/reading/asset.ts'
import { buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { labelsOfLeaves, leavesOf } from '../domain/reading/leaves.ts'
import { tagsOf } from '../domain/reading/tags.ts'
import { at, firstText, lookUp } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** `{State}`. A problem that became a part of another one is told of there. */
const statuses: Record<string, AlertStatus> = { OPEN: 'firing', RESOLVED: 'resolved', MERGED: 'info' }

/** `{ProblemSeverity}` names what kind of trouble it is; how bad follows from that. */
const severities: Record<string, Severity> = {
  AVAILABILITY: 'CRITICAL',
  ERROR: 'HIGH',
  MONITORING_UNAVAILABLE: 'HIGH',
  PERFORMANCE: 'MEDIUM',
  RESOURCE_CONTENTION: 'MEDIUM',
  CUSTOM_ALERT: 'MEDIUM',
}

const Body = z
  .looseObject({ State: z.string(), ProblemTitle: z.string() })
  .refine((body) => firstText(body, ['PID', 'ProblemID', 'ProblemSeverity']) !== null)

/** Dynatrace problem notifications, by a custom integration with the documented placeholders. */
export const dynatrace: Monitor = {
  name: 'dynatrace',
  documentation:
    'https://docs.dynatrace.com/docs/analyze-explore-automate/notifications-and-alerting/problem-notifications/webhook-integration',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'problem of Dynatrace', 'Send at least {State} and {ProblemTitle}.')
    return bodies.map((one) => readOne(one, receivedAt))
  },
}

function readOne(body: z.infer<typeof Body>, receivedAt: string): Alert {
  const { State, ProblemTitle } = body
  const isTest = /notification test run$/i.test(ProblemTitle)
  const status = isTest ? 'info' : (lookUp(statuses, State.toUpperCase()) ?? 'firing')
  const details = firstText(body, ['ProblemDetailsText', 'ProblemDetails', 'ProblemDetailsMarkdown'])
  const tags = tagsOf(firstText(body, ['Tags']) ?? '')
  const asset = readAsset(body) ?? assetInText(`${ProblemTitle}. ${firstText(body, ['ImpactedEntity']) ?? ''}`)
  return buildAlert(
    {
      source: 'dynatrace',
      // A problem's id is new each time; an entity's stays.
      check: `${ProblemTitle}\n${firstText(body, ['ImpactedEntities.0.entity']) ?? ''}`,
      external_id: firstText(body, ['PID', 'ProblemID']),
      status,
      title: ProblemTitle,
      description: details,
      severity: lookUp(severities, firstText(body, ['ProblemSeverity'])?.toUpperCase() ?? '') ?? null,
      category: readCategory([ProblemTitle, details]),
      environment: tags.environment ?? tags.env ?? null,
      asset,
      started_at: at(body, 'ProblemDetailsJSON.startTime'),
      ended_at: status === 'resolved' ? at(body, 'ProblemDetailsJSON.endTime') : null,
      url: body.ProblemURL,
      labels: { ...labelsOfLeaves(leavesOf(body)), ...tags },
    },
    receivedAt,
  )
}

function readAsset(body: z.infer<typeof Body>): Asset | null {
  const listed = firstText(body, ['ImpactedEntityNames', 'NamesOfImpactedEntities'])?.split(',')[0]
  const name = firstText(body, ['ImpactedEntities.0.name']) ?? listed?.slice(0, 600).replace(/^[\s"]+|[\s"]+$/g, '')
  if (!name) return null
  const type = firstText(body, ['ImpactedEntities.0.type']) ?? firstText(body, ['ProblemImpact']) ?? ''
  return assetOf(/^(?:HOST|INFRASTRUCTURE)$/i.test(type) ? 'host' : 'service', name)
}
