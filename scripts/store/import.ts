import { createHash } from 'node:crypto'
import { sourceKey } from '../domain/alert.ts'
import { assetKey } from '../domain/fingerprint.ts'
import { notAhead } from '../domain/fold.ts'
import type { AlertEndState } from '../domain/incident.ts'
import type { Past, PastAlert, PastIncident } from '../domain/past.ts'
import type { Query, Store } from './connection.ts'
import { idAlphabet } from './incidents.ts'
import { json, sql, text } from './sql.ts'

/** A body of the past. */
export interface PastDelivery {
  /** The same for the same body at the same time. */
  id: string
  at: Date
  monitor: string
  headers: Readonly<Record<string, string>>
  /** The JSON text, whole. */
  body: string
}

/** So many rows of a kind are written at once. */
const batch = 200
const reason = 'imported'

/**
 * Writes the past down: deliveries, alerts, and incidents that are over. Nothing becomes due, is analysed or leaves,
 * and nothing is decided, so that no judgement of a machine stands in the books as experience. What is there already
 * stays, and an incident that a longer export tells more of grows. How many deliveries are new.
 * @throws AppError E_STORE_UNAVAILABLE; the same import again goes on where this one ended.
 */
export async function importPast(store: Store, deliveries: readonly PastDelivery[], past: Past): Promise<number> {
  let added = 0
  for (const some of batches(deliveries)) {
    added += await store.transaction(async (query) => {
      let inserted = 0
      for (const one of some) inserted += await insertDelivery(query, one)
      return inserted
    })
  }
  for (const some of batches(past.incidents)) {
    await store.transaction(async (query) => {
      for (const incident of some) await insertIncident(query, incident)
    })
  }
  for (const some of batches(past.alone)) {
    await store.transaction(async (query) => {
      for (const one of some) {
        await insertPastAlert(query, one.past, { ...one, incident: null, end: 'ignored' })
      }
    })
  }
  return added
}

function batches<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / batch) }, (_, nth) =>
    items.slice(nth * batch, (nth + 1) * batch),
  )
}

function insertDelivery(query: Query, { id, at, monitor, headers, body }: PastDelivery): Promise<number> {
  const outcome = { count: 0, incident: null, incidents: [] }
  return query.run(
    sql`insert into raw_payloads (tenant, id, execution_id, received_at, monitor, headers, body, outcome)
        values (current_setting('dim.tenant'), ${id}, ${id}, ${at}, ${monitor}, ${json(headers)}, ${text(body)},
          ${json(outcome)}) on conflict do nothing`,
  )
}

async function insertIncident(query: Query, incident: PastIncident): Promise<void> {
  const id = idOf(incident)
  const [{ alert, at }] = incident.alerts
  const inserted = await query.run(
    sql`insert into incidents (tenant, id, fingerprint, asset_key, state, severity, claimed_severity, category, title,
          source, environment, asset, occurrences, opened_at, last_seen_at, closed_at, closed_how)
        values (current_setting('dim.tenant'), ${id}, ${alert.fingerprint}, ${assetKey(alert.asset, alert.environment)},
          'resolved', ${incident.severity}, ${incident.severity}, ${alert.category}, ${alert.title}, ${sourceKey(alert)},
          ${alert.environment}, ${alert.asset && json(alert.asset)}, ${incident.occurrences}, ${at},
          ${incident.lastSeenAt}, ${incident.closedAt}, ${incident.closedHow})
        on conflict do nothing`,
  )
  if (inserted === 0) {
    await query.run(
      sql`update incidents set severity = ${incident.severity}, claimed_severity = ${incident.severity},
            occurrences = ${incident.occurrences}, last_seen_at = ${incident.lastSeenAt},
            closed_at = ${incident.closedAt}, closed_how = ${incident.closedHow}
          where id = ${id} and occurrences <= ${incident.occurrences}`,
    )
  } else {
    await addPastTransition(query, id, { from: null, to: 'open', why: alert.title, at })
    await addPastTransition(query, id, { from: 'open', to: 'resolved', why: incident.closedHow, at: incident.closedAt })
  }
  for (const [nth, past] of incident.alerts.entries()) {
    const step = nth === 0 ? 'open' : past.alert.status === 'firing' ? 'join' : 'resolve'
    await insertPastAlert(query, past, { incident: id, step, end: nth === 0 ? 'observed' : 'folded', reason })
  }
}

async function insertPastAlert(
  query: Query,
  { rawId, position, at, alert }: PastAlert,
  place: { incident: string | null; step: string; end: AlertEndState; reason: string },
): Promise<void> {
  await query.run(
    sql`insert into alerts (tenant, raw_id, position, incident, fingerprint, asset_key, source, status, severity,
          received_at, started_at, ended_at, alert, step, end_state, end_reason)
        values (current_setting('dim.tenant'), ${rawId}, ${position}, ${place.incident}, ${alert.fingerprint},
          ${assetKey(alert.asset, alert.environment)}, ${sourceKey(alert)}, ${alert.status}, ${alert.severity}, ${at},
          ${notAhead(alert.started_at, at)}, ${notAhead(alert.ended_at, at)}, ${json(alert)}, ${place.step},
          ${place.end}, ${place.reason})
        on conflict (tenant, raw_id, position) do update set incident = excluded.incident`,
  )
}

async function addPastTransition(
  query: Query,
  incident: string,
  entry: { from: string | null; to: string; why: string; at: Date },
): Promise<void> {
  await query.run(
    sql`insert into transitions (tenant, incident, from_state, to_state, who, why, at)
        values (current_setting('dim.tenant'), ${incident}, ${entry.from}, ${entry.to}, 'import', ${entry.why},
          ${entry.at})`,
  )
}

/** The id follows from the alert that opened it: imported again it is the same incident. */
function idOf({ alerts: [{ rawId, position, alert }] }: PastIncident): string {
  const hash = createHash('sha256').update(`${rawId}/${position}/${alert.fingerprint}`).digest()
  return `INC-${Array.from(hash.subarray(0, 10), (byte) => idAlphabet[byte % idAlphabet.length]).join('')}`
}
