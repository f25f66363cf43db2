import { hearPagerduty } from '../channels/pagerduty/heard.ts'
import { AppError } from '../lib/errors.ts'
import { tryParseJson } from '../lib/json.ts'
import { incidentOfOrigin } from '../store/acknowledgements.ts'
import type { Store } from '../store/connection.ts'
import { closeIncident, loadIncident } from '../store/incidents.ts'

/**
 * Does here what people did in PagerDuty: who acknowledged it or was handed it has it here too, and what was resolved
 * there is over. Again it changes nothing. Other bodies are left alone.
 */
export async function heedPagerduty(store: Store, body: string): Promise<void> {
  // Hardly any body is one: the others are not parsed again.
  if (!body.includes('"incident.')) return
  const heard = hearPagerduty(tryParseJson(body), store.tenant)
  if (!heard || heard.what === 'none') return
  const { what, who, why } = heard
  const incident = heard.incident ?? (await incidentOfOrigin(store, 'pagerduty', heard.id))
  if (incident === null || !(await isKnown(store, incident))) return
  // Telling the other channels of it takes most of what a task can load.
  const { acknowledgeIncident, giveBackIncident } = await import('./acknowledge.ts')
  if (what === 'acknowledged') await acknowledgeIncident(store, incident, who, { from: 'pagerduty', why })
  else if (what === 'given_back') await giveBackIncident(store, incident, who, why)
  else await closeIncident(store, incident, 'manual', { who, why })
}

async function isKnown(store: Store, incident: string): Promise<boolean> {
  try {
    await loadIncident(store, incident)
    return true
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'E_INCIDENT_UNKNOWN') return false
    throw thrown
  }
}
