import { z } from 'zod'
import type { Alert, AlertStatus } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { buildAlert, readUrl } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { assetOfLabels, checkOfLabels, environmentOfLabels, severityOfLabels } from '../domain/reading/label-set.ts'
import { firstText, lookUp, objectAt, objectsIn } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** Of unified alerts and of legacy rules. A rule that waits or is paused tells nothing yet. */
const statuses: Record<string, AlertStatus> = {
  firing: 'firing',
  alerting: 'firing',
  no_data: 'firing',
  resolved: 'resolved',
  ok: 'resolved',
  normal: 'resolved',
  pending: 'info',
  paused: 'info',
}

/** Under these names Grafana itself says that a rule could not be asked; the rule is in the label `rulename`. */
const ruleTroubles: Record<string, string> = {
  DatasourceNoData: 'No data',
  DatasourceError: 'Cannot be evaluated',
}

const Texts = z.record(z.string(), z.unknown()).catch({})
const One = z.looseObject({ status: z.string().optional().catch(undefined), labels: Texts, annotations: Texts })
const OrgId = z.union([z.number(), z.string()])
/** Alertmanager's body with the organisation that it is about, at the top or in each alert. */
const Unified = z.looseObject({
  alerts: z.array(One).min(1),
  commonLabels: Texts.default({}),
  commonAnnotations: Texts.default({}),
  orgId: OrgId,
})
const UnifiedOfOne = Unified.extend({
  orgId: z.unknown().optional(),
  alerts: z.array(One.extend({ orgId: OrgId })).min(1),
})
/** Before version 9. */
const Legacy = z.looseObject({
  ruleId: z.union([z.number(), z.string()]),
  ruleName: z.string(),
  state: z.string(),
})
const Body = z.union([Unified, UnifiedOfOne, Legacy])

/** Grafana: unified alerting, and the rules of dashboards before it. */
export const grafana: Monitor = {
  name: 'grafana',
  documentation:
    'https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    return bodiesOf(Body, body, 'Grafana notification', 'Use a contact point of type webhook.').flatMap((one) => {
      const legacy = Legacy.safeParse(one)
      if (legacy.success) return [readLegacy(legacy.data, receivedAt)]
      return objectsIn(one.alerts).map((alert) => readUnified(alert, one, receivedAt))
    })
  },
}

function readUnified(
  one: Readonly<Record<string, unknown>>,
  group: Readonly<Record<string, unknown>>,
  receivedAt: string,
): Alert {
  const labels = { ...objectAt(group, 'commonLabels'), ...objectAt(one, 'labels') }
  const annotations = { ...objectAt(group, 'commonAnnotations'), ...objectAt(one, 'annotations') }
  const alertName = firstText(labels, ['alertname'])
  const trouble = alertName !== null && Object.hasOwn(ruleTroubles, alertName) ? ruleTroubles[alertName] : undefined
  const rule = (trouble ? firstText(labels, ['rulename']) : null) ?? alertName
  const summary = trouble ?? firstText(annotations, ['summary', 'title', 'description'])
  const said = firstText(one, ['status']) ?? firstText(group, ['status']) ?? ''
  const status = isTest(labels) ? 'info' : (lookUp(statuses, said.toLowerCase()) ?? 'firing')
  const asset = assetOfLabels(labels) ?? (rule === null ? null : assetOf('service', rule))
  const description = firstText(annotations, ['description', 'message', 'summary'])
  const links = [...['dashboardURL', 'panelURL', 'generatorURL'].map((key) => one[key]), group.externalURL]
  return buildAlert(
    {
      source: 'grafana',
      check: checkOfLabels(labels),
      external_id: firstText(one, ['fingerprint']),
      status,
      title: rule !== null && summary !== null && !summary.includes(rule) ? `${rule}: ${summary}` : (summary ?? rule),
      description,
      severity: severityOfLabels(labels),
      category: readCategory([firstText(labels, ['category', 'type']), rule, summary, description]),
      environment: environmentOfLabels(labels),
      asset,
      started_at: one.startsAt,
      ended_at: status === 'resolved' ? one.endsAt : null,
      url: links.find((link) => readUrl(link) !== null),
      labels: { ...annotations, ...labels },
      facts: readClaims(asset, {}, [annotations, labels]),
    },
    receivedAt,
  )
}

/** The button on a contact point: a real rule is in a folder. */
function isTest(labels: Readonly<Record<string, unknown>>): boolean {
  return labels.alertname === 'TestAlert' && labels.instance === 'Grafana' && labels.grafana_folder === undefined
}

function readLegacy(body: z.infer<typeof Legacy>, receivedAt: string): Alert {
  const { ruleId, ruleName, state } = body
  const matched = objectAt(body, 'evalMatches.0.tags')
  const tags = objectAt(body, 'tags')
  const labels = { ...matched, ...tags }
  const status = ruleName === 'Test notification' ? 'info' : (lookUp(statuses, state.toLowerCase()) ?? 'firing')
  const title = firstText(body, ['title']) ?? ruleName
  const message = firstText(body, ['message'])
  // What matched is named only while it fires: the rule alone is the condition.
  const asset = assetOfLabels(tags) ?? assetOfLabels(matched) ?? assetOf('service', ruleName)
  return buildAlert(
    {
      source: 'grafana',
      check: `rule ${ruleId} of ${grafanaOf(firstText(body, ['ruleUrl']))} ${firstText(body, ['orgId']) ?? '1'}`,
      identity: 'check',
      external_id: String(ruleId),
      status,
      title,
      description: message,
      severity: severityOfLabels(labels),
      category: readCategory([ruleName, title, message]),
      environment: environmentOfLabels(labels),
      asset,
      url: body.ruleUrl,
      labels: { ...labels, rule_name: ruleName, state },
      facts: readClaims(asset, objectAt(body, 'evalMatches.0'), [labels]),
    },
    receivedAt,
  )
}

/** The server that a rule is on: rule ids are counted by each. */
function grafanaOf(url: string | null): string {
  const link = readUrl(url)
  return link === null ? '' : new URL(link).host
}
