import { type Alert, sourceKey } from '../domain/alert.ts'
import { assetKey } from '../domain/fingerprint.ts'
import { type Fold, notAhead } from '../domain/fold.ts'
import type { AlertEndState } from '../domain/incident.ts'
import type { Query } from './connection.ts'
import { json, sql } from './sql.ts'

/** What an alert did: a step of domain/fold.ts, or `raise` for a firing that has its incident decided anew. */
export type AlertStep = Fold['step'] | 'raise'

/** Where an alert of a delivery went. `endState` is null while its incident is undecided. */
export interface AlertPlace {
  step: AlertStep
  incident: string | null
  endState: AlertEndState | null
  reason: string | null
}

/** One alert as it is written: its place in its delivery, what it says, and where it went. */
export interface AlertRow {
  where: { rawId: string; position: number; now: Date }
  alert: Alert
  place: AlertPlace
}

/** So many in one statement. */
const mostRows = 500

export async function insertAlerts(query: Query, rows: readonly AlertRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += mostRows) {
    const some = rows.slice(from, from + mostRows).map(columnsOf)
    await query.run(
      sql`insert into alerts (tenant, raw_id, position, incident, fingerprint, asset_key, source, status, severity,
            received_at, started_at, ended_at, alert, step, end_state, end_reason)
          select current_setting('dim.tenant'), one.* from jsonb_to_recordset(${json(some)}::jsonb) as one (raw_id text,
            position int, incident text, fingerprint text, asset_key text, source text, status text, severity text,
            received_at timestamptz, started_at timestamptz, ended_at timestamptz, alert jsonb, step text, end_state text,
            end_reason text)`,
    )
  }
}

function columnsOf({ where: { rawId, position, now }, alert, place }: AlertRow) {
  return {
    raw_id: rawId,
    position,
    incident: place.incident,
    fingerprint: alert.fingerprint,
    asset_key: assetKey(alert.asset, alert.environment),
    source: sourceKey(alert),
    status: alert.status,
    severity: alert.severity,
    received_at: now,
    started_at: notAhead(alert.started_at, now),
    ended_at: notAhead(alert.ended_at, now),
    alert,
    step: place.step,
    end_state: place.endState,
    end_reason: place.reason,
  }
}

/**
 * Ends the alerts of an incident that have no end yet: those that set off the decision have its outcome, those that
 * came on top are folded into it.
 */
export async function endAlerts(query: Query, incident: string, end: AlertEndState, reason: string): Promise<void> {
  await query.run(
    sql`update alerts
        set end_state = case when step in ('open', 'raise') then ${end} else 'folded' end, end_reason = ${reason}
        where incident = ${incident} and end_state is null`,
  )
}
