import { z } from 'zod'
import type { Alert, AlertStatus, Asset } from '../domain/alert.ts'
import { assetIn, assetInText, assetOf } from '../domain/reading/asset.ts'
import { buildAlert, checkFromTitle } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { labelsOfLeaves, leavesOf } from '../domain/reading/leaves.ts'
import { readPriority, readSeverity } from '../domain/reading/severity.ts'
import { tagsOf } from '../domain/reading/tags.ts'
import { firstText, lookUp, namesIn, objectAt, textOf } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** What is not here (notes, tags, recipients, owners, details) is people's work on an alert and no alert. */
const actions: Record<string, AlertStatus> = {
  create: 'firing',
  acknowledge: 'firing',
  unacknowledge: 'firing',
  escalate: 'firing',
  escalatenext: 'firing',
  unsnooze: 'firing',
  snoozeended: 'firing',
  updatepriority: 'firing',
  close: 'resolved',
  delete: 'resolved',
}

const Body = z.looseObject({
  action: z.string(),
  alert: z.looseObject({ alertId: z.string(), message: z.string() }),
})

/** Opsgenie and Jira Service Management, by an outgoing webhook. */
export const opsgenie: Monitor = {
  name: 'opsgenie',
  documentation: 'https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'webhook of Opsgenie', 'Use an outgoing webhook integration.')
    return bodies.flatMap((one) => {
      // Opsgenie writes `Create`, Jira's own webhooks `created`.
      const status = lookUp(actions, one.action.toLowerCase().replace(/(?<=e)d$/, ''))
      return status === undefined ? [] : [readOne(one.alert, status, receivedAt)]
    })
  },
}

function readOne(alert: z.infer<typeof Body>['alert'], status: AlertStatus, receivedAt: string): Alert {
  const { alertId, message } = alert
  const details = objectAt(alert, 'details')
  const tags = tagsOf(namesIn(alert.tags).join(','))
  // Opsgenie sets an alert's own id where its sender gave no alias.
  const alias = textOf(alert.alias) === alertId ? null : textOf(alert.alias)
  const description = textOf(alert.description)
  return buildAlert(
    {
      source: 'opsgenie',
      check: alias ?? `${textOf(alert.entity) ?? ''}\n${checkFromTitle(message)}`,
      identity: 'check',
      external_id: alertId,
      status,
      title: message,
      description,
      severity: readSeverity(alert.priority) ?? readPriority(alert.priority),
      category: readCategory([message, description]),
      environment: firstText({ ...tags, ...details }, ['environment', 'env']),
      asset: readAsset(alert, details, tags, alias),
      started_at: alert.createdAt,
      ended_at: status === 'resolved' ? alert.updatedAt : null,
      url: firstText(details, ['url', 'link', 'dashboard', 'runbook']),
      labels: labelsOfLeaves(leavesOf(alert)),
      facts: readClaims(null, {}, [details]),
    },
    receivedAt,
  )
}

function readAsset(
  alert: z.infer<typeof Body>['alert'],
  details: Readonly<Record<string, unknown>>,
  tags: Readonly<Record<string, string>>,
  alias: string | null,
): Asset | null {
  const entity = textOf(alert.entity)
  return (
    (entity === null ? null : (assetInText(entity) ?? assetOf('service', entity))) ??
    assetIn(details) ??
    assetIn(tags) ??
    assetInText(alert.message) ??
    (alias === null ? null : assetOf('service', alias))
  )
}
