import { z } from 'zod'
import type { Alert, AlertStatus, Asset, Severity } from '../domain/alert.ts'
import { assetIn, assetOf } from '../domain/reading/asset.ts'
import { buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { labelsOfLeaves, leavesOf } from '../domain/reading/leaves.ts'
import {
  at,
  firstText,
  isObject,
  type JsonObject,
  lookUp,
  objectAt,
  objectsIn,
  textOf,
} from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** `monitorCondition` of the common schema, `status` of the schemas before it. */
const statuses: Record<string, AlertStatus> = {
  fired: 'firing',
  activated: 'firing',
  resolved: 'resolved',
  deactivated: 'resolved',
}

/** From critical, error, warning and informational to verbose. */
const severities: Record<string, Severity> = { 0: 'CRITICAL', 1: 'HIGH', 2: 'MEDIUM', 3: 'LOW', 4: 'LOW' }

/** Columns and dimensions that name a thing more narrowly than the resource that is watched. */
const narrower = ['TableName', 'PipelineName', 'JobName', 'ActivityName', 'SqlPoolName', 'BigDataPoolName']
/** What a workspace of logs tells of others. */
const logged = ['Computer', 'HostName', 'Resource']

const Common = z.looseObject({
  data: z.looseObject({
    essentials: z.looseObject({ alertRule: z.string(), monitorCondition: z.string() }),
    alertContext: z.unknown().optional(),
  }),
})
const context = z.looseObject({ name: z.string(), resourceId: z.string() })
const Metric = z.looseObject({ data: z.looseObject({ status: z.string(), context }) })
const Classic = z.looseObject({ status: z.string(), context })
/** https://learn.microsoft.com/azure/cost-management-billing/costs/cost-mgt-alerts-monitor-usage-spending */
const Budget = z.looseObject({ data: z.looseObject({ BudgetName: z.string(), SpendingAmount: z.unknown() }) })
const Body = z.union([Common, Metric, Classic, Budget])

/** Azure Monitor: the common alert schema, metric alerts of the schemas before it, and budgets. */
export const azureMonitor: Monitor = {
  name: 'azure-monitor',
  documentation: 'https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(
      Body,
      body,
      'alert of Azure Monitor',
      'Turn on the common alert schema in the action group.',
    )
    return bodies.map((one) => {
      const common = Common.safeParse(one)
      if (common.success) return readCommon(common.data, receivedAt)
      const budget = Budget.safeParse(one)
      if (budget.success) return readBudget(budget.data.data, receivedAt)
      return readContext(Metric.safeParse(one).data?.data ?? objectAt({ one }, 'one'), receivedAt)
    })
  },
}

function readCommon(body: z.infer<typeof Common>, receivedAt: string): Alert {
  const { essentials } = body.data
  const detail = objectAt(body, 'data.alertContext')
  const conditions = objectsIn(at(detail, 'condition.allOf'))
  const dimensions = dimensionsOf(conditions)
  const status = statusOf(essentials.monitorCondition)
  const target = firstText(essentials, ['alertTargetIDs.0'])
  const title = firstText(detail, ['properties.title', 'AlertRuleName']) ?? essentials.alertRule
  const asset = readAsset(detail, dimensions, target, textOf(at(essentials, 'configurationItems.0')))
  return buildAlert(
    {
      source: 'azure-monitor',
      // `alertId` is new each time that the rule fires, and `originAlertId` with most services.
      check: [essentials.alertRule, (target ?? '').toLowerCase(), ...dimensionLines(dimensions)].join('\n'),
      external_id: firstText(essentials, ['alertId', 'originAlertId']),
      status,
      title: title === essentials.alertRule ? title : `${essentials.alertRule}: ${title}`,
      description:
        firstText(essentials, ['description']) ?? firstText(detail, ['properties.communication', 'Description']),
      severity: severityOf(essentials.severity),
      category: readCategory([
        firstText(conditions[0], ['metricName']),
        title,
        essentials.alertRule,
        firstText(essentials, ['description']),
      ]),
      environment: environmentOf(body),
      asset,
      started_at: essentials.firedDateTime,
      ended_at: status === 'resolved' ? essentials.resolvedDateTime : null,
      url: firstText(conditions[0], ['linkToFilteredSearchResultsUI', 'linkToSearchResultsUI']) ?? linkOf(detail),
      labels: labelsOfLeaves(leavesOf({ essentials, dimensions, custom: at(body, 'data.customProperties') })),
      facts: readClaims(asset, measured(conditions[0] ?? {}), []),
    },
    receivedAt,
  )
}

function readContext(body: JsonObject, receivedAt: string): Alert {
  const detail = objectAt(body, 'context')
  const condition = objectAt(detail, 'condition')
  const conditions = [...objectsIn(condition.allOf), condition]
  const status = statusOf(textOf(body.status) ?? '')
  const resource = firstText(detail, ['resourceId'])
  const asset = readAsset({}, {}, resource, firstText(detail, ['resourceName']))
  return buildAlert(
    {
      source: 'azure-monitor',
      check: [firstText(detail, ['id', 'name']), resource].join('\n').toLowerCase(),
      external_id: firstText(detail, ['id']),
      status,
      title: firstText(detail, ['name']),
      description: firstText(detail, ['description']),
      severity: severityOf(detail.severity),
      category: readCategory([firstText(conditions[0], ['metricName']), firstText(detail, ['name', 'description'])]),
      environment: environmentOf(body),
      asset,
      started_at: detail.timestamp,
      ended_at: status === 'resolved' ? detail.timestamp : null,
      url: detail.portalLink,
      labels: labelsOfLeaves(leavesOf(detail)),
      facts: readClaims(asset, measured(conditions[0] ?? {}), []),
    },
    receivedAt,
  )
}

/** A budget tells each limit that was passed once; it never tells of an end. */
function readBudget(data: z.infer<typeof Budget>['data'], receivedAt: string): Alert {
  const text = (name: string) => firstText(data, [name])
  const subscription = text('SubscriptionName') ?? text('SubscriptionId')
  const place = text('ResourceGroup') ?? subscription
  const spent = [text('SpendingAmount'), 'of', text('Budget'), text('Unit'), 'are spent'].filter(
    (part) => part !== null,
  )
  return buildAlert(
    {
      source: 'azure-monitor',
      check: ['budget', text('SubscriptionId') ?? subscription, data.BudgetName].join('\n'),
      status: 'firing',
      title: `Budget ${data.BudgetName}: ${spent.join(' ')}`,
      severity: null,
      category: 'cost',
      asset: place === null ? null : assetOf('service', place),
      labels: labelsOfLeaves(leavesOf(data)),
    },
    receivedAt,
  )
}

function statusOf(said: string): AlertStatus {
  return lookUp(statuses, said.toLowerCase()) ?? 'firing'
}

/** `Sev2`, or `2` before the common schema. */
function severityOf(said: unknown): Severity | null {
  const digit = /^(?:sev)?([0-4])$/i.exec(textOf(said) ?? '')?.[1]
  return digit === undefined ? null : (lookUp(severities, digit) ?? null)
}

/** A column or a dimension that says it narrowly, then what is configured as affected, then the resource watched. */
function readAsset(
  detail: JsonObject,
  dimensions: JsonObject,
  target: string | null,
  item: string | null,
): Asset | null {
  const names = /\/workspaces\//i.test(target ?? '') && item === null ? [...narrower, ...logged] : narrower
  const narrow = firstText(dimensions, names)
  const named = narrow === null ? null : (assetIn(dimensions) ?? assetOf('service', narrow))
  const affected = firstText(detail, ['properties.impactedServices.0.ServiceName', 'properties.service'])
  const resource = item ?? affected ?? target
  const name = resource === null ? null : nameOfResource(resource)
  if (named !== null || name === null || name === '') return named
  const isHost = /\/(?:virtualMachines|servers|machines|managedInstances)\//i.test(target ?? '')
  return assetOf(isHost ? 'host' : 'service', name)
}

/** The last part of a resource's path; anything else is its name. */
function nameOfResource(text: string): string {
  return text.startsWith('/') ? text.slice(text.lastIndexOf('/') + 1) : text
}

function dimensionsOf(conditions: readonly JsonObject[]): Record<string, unknown> {
  const all = conditions.flatMap((one) => objectsIn(one.dimensions))
  return Object.fromEntries(all.map((one) => [textOf(one.name) ?? '', one.value]))
}

function dimensionLines(dimensions: JsonObject): string[] {
  return Object.entries(dimensions)
    .map(([key, value]) => `${key}=${textOf(value) ?? ''}`)
    .sort()
}

function measured(condition: JsonObject): JsonObject {
  return { name: condition.metricName, value: condition.metricValue, threshold: condition.threshold }
}

function environmentOf(body: JsonObject): string | null {
  const places = [at(body, 'data.customProperties'), at(body, 'properties'), at(body, 'data.properties')]
  return firstText(places.find(isObject), ['environment', 'env', 'Environment'])
}

function linkOf(detail: JsonObject): string | null {
  return firstText(detail, ['LinkToFilteredSearchResultsUI', 'LinkToSearchResultsUI', 'LinkToSearchResults'])
}
