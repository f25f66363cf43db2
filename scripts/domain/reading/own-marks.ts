import { at, firstText, objectsIn, textOf } from './value.ts'

/**
 * Where each system keeps the mark that we gave it, when it posts to us what we sent it. Only its own place for such a
 * mark counts: a text that speaks of one of our incidents may be somebody's real alert.
 */
const places: readonly ((body: unknown) => (string | null)[])[] = [
  // PagerDuty, webhook version 3: https://developer.pagerduty.com/docs/webhooks-overview#event-data-types
  (body) => (firstText(body, ['event.event_type']) === null ? [] : [firstText(body, ['event.data.incident_key'])]),
  // PagerDuty, version 2: one mark a message.
  (body) => objectsIn(at(body, 'messages')).map((message) => firstText(message, ['incident.incident_key'])),
  // PagerDuty's own events: https://developer.pagerduty.com/docs/send-alert-event
  (body) => (firstText(body, ['event_action']) === null ? [] : [firstText(body, ['dedup_key'])]),
  // Jira: https://developer.atlassian.com/cloud/jira/platform/webhooks/
  (body) => {
    if (firstText(body, ['webhookEvent']) === null) return []
    const labels = at(body, 'issue.fields.labels')
    const marks = Array.isArray(labels) ? labels.map(textOf).filter((label) => incidentIn(label) !== null) : []
    return [marks[0] ?? null]
  },
  // Slack: https://docs.slack.dev/reference/events/message. A bot's message, an edit of one, its metadata or blocks.
  (body) => {
    if (firstText(body, ['type']) !== 'event_callback' || firstText(body, ['event.type']) !== 'message') return []
    const message = at(body, 'event.message') ?? at(body, 'event')
    if (firstText(message, ['bot_id']) === null) return []
    const blocks = objectsIn(at(message, 'blocks')).map(({ block_id }) => textOf(block_id))
    const marks = [firstText(message, ['metadata.event_payload.incident']), ...blocks]
    return [marks.find((mark) => incidentIn(mark) !== null) ?? null]
  },
  // Opsgenie: https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/
  (body) => (firstText(body, ['alert.alertId']) === null ? [] : [firstText(body, ['alert.alias'])]),
]

/**
 * The incidents of ours that a body carries back, one for each thing that it tells of. Empty when any of these is none
 * of ours: such a body is news. Whether an incident exists is for the store to say.
 */
export function ownIncidents(body: unknown): string[] {
  for (const place of places) {
    const marks = place(body).map(incidentIn)
    const known = marks.filter((mark) => mark !== null)
    if (known.length > 0) return known.length === marks.length ? known : []
  }
  return []
}

/** The key of the issue that an event of Jira's is about, a comment on it included; null for any other body. */
export function jiraIssueIn(body: unknown): string | null {
  return firstText(body, ['webhookEvent']) === null ? null : firstText(body, ['issue.key'])
}

/** `INC-…`: alone, behind `dim-` or its tenant (`incident_management/INC-…`), or at the head of an action's key. */
function incidentIn(mark: string | null): string | null {
  const found = /^(?:dim[-:]|(?:incident:)?[a-z0-9][a-z0-9._-]{0,149}\/)?(INC-[2-9A-HJKMNP-TV-Z]{10})(?::.*)?$/.exec(
    mark ?? '',
  )
  return found?.[1] ?? null
}
