import type { Alert } from '../domain/alert.ts'
import { heartbeatOf } from '../domain/heartbeat.ts'
import { jiraIssueIn, ownIncidents } from '../domain/reading/own-marks.ts'
import { tryParseJson } from '../lib/json.ts'
import { unwrap } from '../monitors/unwrap.ts'
import { incidentToldAs } from '../store/actions.ts'
import type { Store } from '../store/connection.ts'
import { knownIncidents } from '../store/incidents.ts'
import { heartbeat } from '../store/sources.ts'

/** The flows of this product, as Kestra names them. */
const ownFlows: ReadonlySet<string> = new Set([
  'alert_ingestion',
  'auto_remediate',
  'clock',
  'incident_analyzer',
  'notify_slack',
])

/**
 * Why alerts of a body are none to fold: a heartbeat, or what we sent ourselves and comes back. By position; null for
 * a real alert. A mark counts only when the store knows the incident that it names. @throws AppError E_STORE_…
 */
export async function ignoredOf(store: Store, body: string, alerts: readonly Alert[]): Promise<(string | null)[]> {
  const echo = await echoIn(store, body)
  return alerts.map((alert) => {
    if (echo !== null) return `our own ${echo}, come back`
    if (isOwnFlow(alert, store.tenant)) return 'a flow of our own; the clock and the fallback address see to it'
    const beat = heartbeatOf(alert)
    return beat === null ? null : beat === 'alive' ? heartbeat : 'the end of a heartbeat'
  })
}

/** The incident of ours that a body carries back, when every one it names is known. */
async function echoIn(store: Store, body: string): Promise<string | null> {
  // Hardly any body holds one: nothing is parsed, and nothing asked, for the others.
  if (!body.includes('INC-') && !body.includes('webhookEvent') && !isPacked(body)) return null
  const whole = opened(body)
  const named = ownIncidents(whole)
  const [first] = named
  if (first === undefined) {
    const issue = jiraIssueIn(whole)
    return issue === null ? null : incidentToldAs(store, 'jira', issue)
  }
  const known = await knownIncidents(store, named)
  return named.every((id) => known.has(id)) ? first : null
}

/** A body whose inside is encoded. */
function isPacked(body: string): boolean {
  return body.includes('"message"') && body.includes('"data"')
}

function opened(body: string): unknown {
  try {
    return unwrap(tryParseJson(body))
  } catch {
    return undefined
  }
}

function isOwnFlow({ source, asset }: Alert, tenant: string): boolean {
  if (source !== 'kestra') return false
  const { namespace = '', flow_id: flow = '' } = asset?.native ?? {}
  const isOurs = namespace === tenant || /^incident_management(?:\.|$)/.test(namespace)
  return isOurs && ownFlows.has(flow)
}
