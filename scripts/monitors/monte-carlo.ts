import { z } from 'zod'
import type { AlertStatus, Asset } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert, checkFromTitle } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { labelsIn } from '../domain/reading/leaves.ts'
import { readSeverity } from '../domain/reading/severity.ts'
import { firstText, lookUp, objectAt, objectsIn, textOf } from '../domain/reading/value.ts'
import { readPayload } from '../lib/payload.ts'
import type { Monitor } from './monitor.ts'

/** What people set an alert to, by the names in its interface; a word that is not here leaves it firing. */
const statuses: Record<string, AlertStatus> = {
  fixed: 'resolved',
  resolved: 'resolved',
  closed: 'resolved',
  expected: 'resolved',
  no_action_needed: 'resolved',
  false_positive: 'resolved',
  investigating: 'firing',
  acknowledged: 'firing',
  work_in_progress: 'firing',
  open: 'firing',
  not_acknowledged: 'firing',
}
const statusPaths = ['status', 'feedback', 'alert_feedback', 'incident_status', 'alert_status', 'new_status']
/** How bad people or a monitor's owner say it is. */
const severityPaths = ['declared_alert_severity', 'declared_severity', 'severity', 'alert_severity', 'priority']
const tablePaths = ['full_table_id', 'table_name', 'table.full_table_id', 'table.name', 'data.full_table_id']

const Body = z.looseObject({
  type: z.string().min(1),
  action: z.string().nullish().catch(null),
  payload: z.looseObject({}),
})

/** Monte Carlo's webhooks: an alert (once called incident), which holds one or many events of one cause. */
export const monteCarlo: Monitor = {
  name: 'monte-carlo',
  documentation: 'https://docs.getmontecarlo.com/docs/webhooks',

  recognises({ body }) {
    const { payload, type } = normalised(body)
    if (firstText({ type }, ['type']) === null) return false
    const isOurs = /\bgetmontecarlo\.com\//.test(firstText(payload, ['url', 'link']) ?? '')
    return (
      isOurs || (firstText(payload, ['incident_id', 'alert_id']) !== null && objectsIn(payload.event_list).length > 0)
    )
  },

  parse({ body, receivedAt }) {
    return [buildAlert(readOne(readPayload(Body, normalised(body), 'Monte Carlo alert')), receivedAt)]
  },
}

/** The alert stands under `payload`, or under `incident` or `alert` beside an `event_type`. */
function normalised(body: unknown): { type: unknown; action: unknown; payload: Readonly<Record<string, unknown>> } {
  const holder = ['payload', 'incident', 'alert'].find((key) => Object.keys(objectAt(body, key)).length > 0)
  return {
    type: firstText(body, ['type', 'event_type']),
    action: firstText(body, ['action']),
    payload: objectAt(body, holder ?? 'payload'),
  }
}

function readOne({ type, action, payload }: z.infer<typeof Body>): AlertDraft {
  const events = [...objectsIn(payload.event_list), ...objectsIn(payload.tables), payload]
  const tables = [...new Set(events.map((event) => firstText(event, tablePaths)).filter((name) => name !== null))]
  const rule = events.map((event) => firstText(event, ['rule.uuid', 'monitor.uuid', 'monitor_uuid'])).find(Boolean)
  // `open_freshness_anomaly_incident`: what happened to it stands around what it is.
  const kind = type.replace(
    /^(?:open|new|update|updated|close|closed|resolved?)_|_?(?:incident|alert)(?:_\w{1,20})?$/g,
    '',
  )
  const described = events.map((event) => firstText(event, ['rule.description', 'description'])).find(Boolean) ?? null
  const own = firstText(payload, ['title', 'name', 'alert_name', 'incident_name'])
  const words = kind.replaceAll('_', ' ')
  const asset = readAsset(tables)
  const title =
    own ?? [words || 'alert', described, asset === null ? null : `on ${tables[0]}`].filter(Boolean).join(' ')
  const status = statusOf([...statusPaths.map((path) => textOf(payload[path])), action ?? null], type)
  return {
    source: 'monte-carlo',
    check: rule ? `rule\n${rule}` : [kind, own === null || asset !== null ? '' : checkFromTitle(own)].join('\n'),
    external_id: firstText(payload, ['incident_id', 'alert_id', 'id', 'group_id']),
    status,
    title,
    description: firstText(payload, ['description', 'summary', 'message']) ?? described,
    severity: severityPaths.map((path) => readSeverity(payload[path])).find((severity) => severity !== null) ?? null,
    category: readCategory([words, firstText(payload, ['type', 'sub_type']), described, own]),
    asset,
    started_at: firstText(payload, ['created_time', 'created_at', 'start_time', 'event_list.0.data.start_time']),
    ended_at: status === 'resolved' ? firstText(payload, ['resolved_time', 'updated_time', 'updated_at']) : null,
    url: firstText(payload, ['url', 'link']),
    labels: { type, tables: tables.slice(0, 20).join(', '), ...labelsIn(payload) },
  }
}

/** What was last done to it: the first word that is known, `alert.resolved` by its end, then the type. */
function statusOf(said: readonly (string | null)[], type: string): AlertStatus {
  for (const text of said) {
    const word = text
      ?.toLowerCase()
      .replace(/[ -]/g, '_')
      .replace(/^(?:alert|incident)\./, '')
    const status = lookUp(statuses, word ?? '')
    if (status !== undefined) return status
  }
  return /^(?:close|resolve)|_(?:closed|resolved)$/.test(type) ? 'resolved' : 'firing'
}

/** `database:schema.table` is how Monte Carlo writes a table. */
function readAsset(tables: readonly string[]): Asset | null {
  const [first] = tables
  return first === undefined ? null : assetOf('table', first.replace(/^([^:/\s]{1,200}):/, '$1.'))
}
