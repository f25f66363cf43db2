import { z } from 'zod'
import { parseCsv } from '../../lib/csv.ts'
import { parseJson, tryParseJson } from '../../lib/json.ts'

/** One body of a monitor, as it would have come by webhook, and when. */
export interface ImportRecord {
  body: unknown
  headers: Record<string, string>
  /** ISO-8601 UTC; null where the export does not say. */
  at: string | null
}

const Labels = z.record(z.string(), z.string())
const Time = z.string().nullish()

/** https://petstore.swagger.io/?url=https://raw.githubusercontent.com/prometheus/alertmanager/main/api/v2/openapi.yaml */
const AlertmanagerAlert = z.looseObject({ labels: Labels, startsAt: z.string(), endsAt: Time, annotations: Labels })

/** https://developer.pagerduty.com/api-reference/9d0b4b12e36f9-list-incidents */
const PagerDutyIncident = z.looseObject({
  id: z.string(),
  title: z.string(),
  status: z.string(),
  created_at: z.string(),
  resolved_at: Time,
  last_status_change_at: Time,
  service: z.looseObject({}),
})
const PagerDutyList = z.looseObject({ incidents: z.array(z.unknown()) })

/** https://support.pagerduty.com/main/docs/incidents-report: one row an incident. */
const PagerDutyRow = z.looseObject({ id: z.string(), description: z.string(), created_on: z.string() })

/** https://docs.datadoghq.com/api/latest/events/: version 1, and version 2 of the search. */
const DatadogEvent = z.looseObject({ title: z.string(), text: z.string(), date_happened: z.number() })
const DatadogList = z.looseObject({ events: z.array(z.unknown()) })
const DatadogEvent2 = z.looseObject({
  type: z.literal('event'),
  id: z.string().optional(),
  attributes: z.looseObject({ timestamp: z.string(), message: z.string().optional() }),
})
const DatadogList2 = z.looseObject({ data: z.array(z.unknown()) })

/** A body that was recorded together with what came with it. */
const Recorded = z.strictObject({ body: z.unknown(), headers: Labels.optional(), received_at: z.string().optional() })

/**
 * The bodies that an export stands for: lists of Alertmanager, PagerDuty and Datadog, CSV of PagerDuty, or any
 * monitor's own bodies, one, a list, or one a line. @throws AppError E_PAYLOAD_UNREADABLE
 */
export function readExport(name: string, text: string, now: Date): ImportRecord[] {
  if (/\.csv$/i.test(name)) return parseCsv(text).flatMap(fromPagerDutyRow)
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  // One value over many lines is no JSON lines, and a list of one line is no line of a list.
  if (lines.length > 1 && tryParseJson(lines[0] ?? '') !== undefined)
    return lines.flatMap((line) => fromLine(line, now))
  return fromValue(parseJson(text), now)
}

/** A line that is no JSON is what a monitor said: kept, so that it is counted as unreadable and not lost. */
function fromLine(line: string, now: Date): ImportRecord[] {
  return fromValue(tryParseJson(line) ?? line, now)
}

function fromValue(value: unknown, now: Date): ImportRecord[] {
  const items = listOf(value)
  return (items ?? [value]).flatMap((item) => fromItem(item, now))
}

function listOf(value: unknown): unknown[] | null {
  if (Array.isArray(value)) return value
  const incidents = PagerDutyList.safeParse(value)
  if (incidents.success && incidents.data.incidents.every((one) => PagerDutyIncident.safeParse(one).success))
    return incidents.data.incidents
  const events = DatadogList.safeParse(value)
  if (events.success && events.data.events.every((one) => DatadogEvent.safeParse(one).success))
    return events.data.events
  const data = DatadogList2.safeParse(value)
  if (data.success && data.data.data.every((one) => DatadogEvent2.safeParse(one).success)) return data.data.data
  return null
}

function fromItem(item: unknown, now: Date): ImportRecord[] {
  const recorded = Recorded.safeParse(item)
  if (recorded.success && recorded.data.body !== undefined) {
    const { body, headers = {}, received_at = null } = recorded.data
    return [{ body, headers, at: timeOf(received_at) }]
  }
  const incident = PagerDutyIncident.safeParse(item)
  if (incident.success) return fromPagerDuty(incident.data)
  const alert = AlertmanagerAlert.safeParse(item)
  if (alert.success) return fromAlertmanager(alert.data, now)
  const event = DatadogEvent.safeParse(item)
  if (event.success) return [fromDatadog(event.data)]
  const event2 = DatadogEvent2.safeParse(item)
  if (event2.success) return [fromDatadog2(event2.data)]
  return [{ body: item, headers: {}, at: null }]
}

function fromAlertmanager(alert: z.infer<typeof AlertmanagerAlert>, now: Date): ImportRecord[] {
  const { status: _, ...plain } = alert
  const one = (status: string, at: string | null) => ({
    body: { version: '4', receiver: 'import', groupKey: 'import', status, alerts: [{ ...plain, status }] },
    headers: {},
    at: timeOf(at),
  })
  const ended = alert.endsAt && isPast(alert.endsAt, now) ? alert.endsAt : null
  return [one('firing', alert.startsAt), ...(ended === null ? [] : [one('resolved', ended)])]
}

function fromPagerDuty(incident: z.infer<typeof PagerDutyIncident>): ImportRecord[] {
  const ended = incident.resolved_at ?? (incident.status === 'resolved' ? incident.last_status_change_at : null)
  const one = (name: string, at: string) => ({
    body: { event: { event_type: `incident.${name}`, occurred_at: at, data: { ...incident, type: 'incident' } } },
    headers: {},
    at: timeOf(at),
  })
  return [one('triggered', incident.created_at), ...(ended ? [one('resolved', ended)] : [])]
}

function fromPagerDutyRow(row: Record<string, string>): ImportRecord[] {
  const parsed = PagerDutyRow.safeParse(row)
  if (!parsed.success) return [{ body: row, headers: {}, at: null }]
  const { id, description, created_on, resolved_on, urgency, service_id, service_name } = row
  return fromPagerDuty({
    id: id ?? '',
    title: description ?? '',
    status: resolved_on ? 'resolved' : 'triggered',
    created_at: created_on ?? '',
    resolved_at: resolved_on || null,
    urgency,
    service: { id: service_id, summary: service_name },
  })
}

function fromDatadog(event: z.infer<typeof DatadogEvent>): ImportRecord {
  const { text, date_happened, tags, ...rest } = event
  return {
    body: {
      event_type: 'metric_alert_monitor',
      org: {},
      ...rest,
      body: text,
      date: String(date_happened * 1000),
      tags: Array.isArray(tags) ? tags.join(',') : '',
    },
    headers: {},
    at: timeOf(date_happened * 1000),
  }
}

const Inner = z.looseObject({ title: z.string().optional(), tags: z.array(z.string()).optional() })

function fromDatadog2({ id, attributes }: z.infer<typeof DatadogEvent2>): ImportRecord {
  const inner = Inner.catch({}).parse(attributes.attributes)
  const tags = z.array(z.string()).catch([]).parse(attributes.tags)
  const { title = '', ...rest } = inner
  const date_happened = new Date(attributes.timestamp).getTime() / 1000
  const text = attributes.message ?? ''
  return fromDatadog({ ...rest, id, title: title || text.slice(0, 200), text, tags, date_happened })
}

function timeOf(at: string | number | null): string | null {
  if (at === null) return null
  const time = new Date(at)
  return Number.isNaN(time.getTime()) ? null : time.toISOString()
}

function isPast(time: string, now: Date): boolean {
  const at = new Date(time).getTime()
  // Alertmanager writes the year 1 while it fires, and while it fires the end lies ahead.
  return at > 0 && at <= now.getTime()
}
