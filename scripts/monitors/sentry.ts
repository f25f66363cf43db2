import { z } from 'zod'
import type { Alert, AlertStatus, Asset, Severity } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { labelsOfLeaves, leavesOf } from '../domain/reading/leaves.ts'
import { readSeverity } from '../domain/reading/severity.ts'
import { at, firstText, isObject, type JsonObject, lookUp, objectAt, textOf } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** `action` of issues, events and metric alerts. Assigning and archiving are people's work. */
const actions: Record<string, AlertStatus> = {
  created: 'firing',
  unresolved: 'firing',
  triggered: 'firing',
  critical: 'firing',
  warning: 'firing',
  resolved: 'resolved',
  assigned: 'info',
  archived: 'info',
  ignored: 'info',
}

/** Of a metric alert the action says how bad it is. */
const actionSeverities: Record<string, Severity> = { critical: 'CRITICAL', warning: 'MEDIUM' }

/** What `data` holds; comments and installations are no alerts. */
const subjects = ['metric_alert', 'issue', 'event', 'error'] as const

const Hook = z.looseObject({
  action: z.string(),
  data: z.looseObject({}),
  installation: z.looseObject({}),
})
/** The older plugin: https://github.com/getsentry/sentry/tree/master/src/sentry/plugins */
const Plugin = z.looseObject({
  id: z.union([z.string(), z.number()]),
  project_slug: z.string(),
  event: z.looseObject({}),
})
const Body = z.union([Hook, Plugin])

/** Sentry: integration webhooks of issues, events and metric alerts, and the older plugin. */
export const sentry: Monitor = {
  name: 'sentry',
  documentation: 'https://docs.sentry.io/organization/integrations/integration-platform/webhooks/',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    return bodiesOf(Body, body, 'webhook of Sentry', 'Use an internal integration with alert rule actions.').flatMap(
      (one) => {
        const hook = Hook.safeParse(one).data
        if (hook === undefined) return [readSubject(one, one, 'created', receivedAt)]
        const subject = subjects.map((name) => at(hook.data, name)).find(isObject)
        return subject === undefined ? [] : [readSubject(subject, hook.data, hook.action, receivedAt)]
      },
    )
  },
}

function readSubject(subject: JsonObject, around: JsonObject, action: string, receivedAt: string): Alert {
  const rule = firstText(subject, ['alert_rule.id', 'identifier'])
  const status = lookUp(actions, action) ?? 'info'
  const title = firstText(subject, ['title', 'event.title', 'metadata.title', 'message'])
  const description =
    firstText(around, ['description_text']) ?? firstText(subject, ['message', 'metadata.value', 'culprit'])
  const asset = readAsset(subject)
  const own = isObject(subject.metadata) ? subject.metadata : {}
  return buildAlert(
    {
      source: 'sentry',
      // An issue gathers the events of one cause, and keeps its id when it comes back.
      check: rule === null ? `issue ${firstText(subject, ['issue_id', 'id']) ?? title}` : `rule ${rule}`,
      identity: 'check',
      external_id: firstText(subject, ['issue_id', 'id', 'event_id']),
      status,
      title,
      description,
      severity:
        lookUp(actionSeverities, action) ?? readSeverity(subject.level) ?? readSeverity(at(subject, 'event.level')),
      category: readCategory([title, textOf(own.value), description]),
      environment: firstText(subject, ['environment', 'event.environment', 'alert_rule.environment']),
      asset,
      started_at: subject.date_started ?? subject.firstSeen ?? subject.datetime ?? at(subject, 'event.timestamp'),
      ended_at: status === 'resolved' ? subject.date_closed : null,
      url: firstText(around, ['web_url']) ?? firstText(subject, ['web_url', 'permalink', 'url']),
      labels: labelsOfLeaves(leavesOf({ ...subject, event: objectAt(subject, 'event'), rule: around.triggered_rule })),
    },
    receivedAt,
  )
}

/** The project: by name, by slug, or from the path of an event's link. */
function readAsset(subject: JsonObject): Asset | null {
  const inLink = /\/projects\/[^/]{1,100}\/([^/]{1,100})\//.exec(firstText(subject, ['url']) ?? '')?.[1]
  const name =
    firstText(subject, ['project_slug', 'project.name', 'project.slug', 'projects.0', 'project_name']) ?? inLink
  return name === undefined ? null : assetOf('service', name)
}
