import { z } from 'zod'
import type { Alert, AlertStatus, Asset } from '../domain/alert.ts'
import { assetIn, assetInText, assetOf } from '../domain/reading/asset.ts'
import { buildAlert, checkFromTitle } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { labelsOfLeaves, leavesOf } from '../domain/reading/leaves.ts'
import { readPriority, readSeverity } from '../domain/reading/severity.ts'
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

/**
 * What an event says of its incident, without `incident.`. What is not here (notes, responders, bridges, fields) is
 * people's work on it and no alert.
 */
const events: Record<string, AlertStatus> = {
  trigger: 'firing',
  triggered: 'firing',
  acknowledge: 'firing',
  acknowledged: 'firing',
  unacknowledge: 'firing',
  unacknowledged: 'firing',
  escalate: 'firing',
  escalated: 'firing',
  reopened: 'firing',
  priority_updated: 'firing',
  resolve: 'resolved',
  resolved: 'resolved',
}

/** Version 3: https://developer.pagerduty.com/docs/webhooks-overview */
const Version3 = z.looseObject({
  event: z.looseObject({ event_type: z.string().regex(/^(?:incident|service|pagey)\./), data: z.looseObject({}) }),
})
/** Versions 1 and 2: the event's name stands in `type` or in `event`. */
const EventName = z.string().startsWith('incident.')
const Messages = z.looseObject({
  messages: z.array(z.union([z.looseObject({ event: EventName }), z.looseObject({ type: EventName })])).min(1),
})
/** What others send to PagerDuty: https://developer.pagerduty.com/docs/send-alert-event */
const EventsApi = z
  .looseObject({ event_action: z.enum(['trigger', 'acknowledge', 'resolve']) })
  .refine((body) => isObject(body.payload) || textOf(body.dedup_key) !== null)
const Body = z.union([Version3, Messages, EventsApi])

/** PagerDuty: webhooks of version 3 and before, and events on their way to it. */
export const pagerduty: Monitor = {
  name: 'pagerduty',
  documentation: 'https://developer.pagerduty.com/docs/webhooks-overview',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    return bodiesOf(Body, body, 'PagerDuty webhook', 'Use a generic webhook, version 3.').flatMap((one) => {
      if (textOf(one.event_action) !== null) return [readEvent(one, receivedAt)]
      const messages = isObject(one.event) ? [one.event] : objectsIn(one.messages)
      return messages.flatMap((message) => readMessage(message, receivedAt))
    })
  },
}

function readMessage(message: JsonObject, receivedAt: string): Alert[] {
  const name = firstText(message, ['event_type', 'event', 'type']) ?? ''
  const status = lookUp(events, name.replace(/^incident\./, ''))
  const incident = [message.data, at(message, 'data.incident'), message.incident].findLast(isObject)
  if (status === undefined || incident === undefined) return []
  const title = firstText(incident, ['title', 'summary', 'trigger_summary_data.subject', 'description'])
  const service = firstText(incident, ['service.summary', 'service.name'])
  const asset = assetInText(title ?? '') ?? (service === null ? null : assetOf('service', service))
  const description = firstText(incident, ['description', 'trigger_summary_data.description', 'body.details'])
  return [
    buildAlert(
      {
        source: 'pagerduty',
        // An incident's id is new each time that the same condition opens one.
        check: `${firstText(incident, ['service.id']) ?? service ?? ''}\n${checkFromTitle(title ?? '')}`,
        external_id: firstText(incident, ['id']),
        status,
        title,
        description,
        severity:
          readSeverity(at(incident, 'priority.summary')) ??
          readSeverity(at(incident, 'priority.name')) ??
          readSeverity(incident.urgency),
        category: readCategory([title, description]),
        asset,
        started_at: incident.created_at ?? incident.created_on ?? message.occurred_at,
        ended_at: status === 'resolved' ? (incident.resolved_at ?? message.occurred_at ?? message.created_on) : null,
        url: incident.html_url,
        labels: labelsOfLeaves(leavesOf(incident)),
        facts: [],
      },
      receivedAt,
    ),
  ]
}

function readEvent(body: JsonObject, receivedAt: string): Alert {
  const payload = objectAt(body, 'payload')
  const details = objectAt(payload, 'custom_details')
  const title = textOf(payload.summary)
  const key = textOf(body.dedup_key)
  const asset = assetOfEvent(payload, details) ?? (key === null ? null : assetOf('service', key))
  return buildAlert(
    {
      source: 'pagerduty',
      // Only the key is sent again when it is over.
      check: key ?? `${textOf(payload.source) ?? ''}\n${checkFromTitle(title ?? '')}`,
      identity: 'check',
      external_id: key,
      status: lookUp(events, textOf(body.event_action) ?? '') ?? 'firing',
      title: title ?? key,
      description: textOf(payload.custom_details) ?? title,
      severity: readSeverity(payload.severity) ?? readPriority(payload.severity),
      category: readCategory([textOf(payload.class), title, textOf(payload.component)]),
      environment: firstText(details, ['environment', 'env']),
      asset,
      started_at: payload.timestamp,
      url: body.client_url,
      labels: labelsOfLeaves(leavesOf({ ...payload, client: body.client })),
      facts: readClaims(asset, {}, [details]),
    },
    receivedAt,
  )
}

/** What the details name, else `source`: "the unique location of the affected system, preferably a hostname". */
function assetOfEvent(payload: JsonObject, details: JsonObject): Asset | null {
  const named = assetIn(details)
  const source = textOf(payload.source)
  if (source === null) return named ?? assetIn(payload)
  return named ?? assetOf(/^[\w-]+(?:\.[\w-]+)+$|\d/.test(source) ? 'host' : 'service', source)
}
