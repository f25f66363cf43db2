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

export async function insertAlert(
  query: Query,
  where: { rawId: string; position: number; now: Date },
  alert: Alert,
  place: AlertPlace,
): Promise<void> {
  await query.run(
    sql`insert into alerts (tenant, raw_id, position, incident, fingerprint, asset_key, source, status, severity,
          received_at, started_at, ended_at, alert, step, end_state, end_reason)
        values (current_setting('dim.tenant'), ${where.rawId}, ${where.position}, ${place.incident},
          ${alert.fingerprint}, ${assetKey(alert.asset, alert.environment)}, ${sourceKey(alert)}, ${alert.status},
          ${alert.severity}, ${where.now}, ${notAhead(alert.started_at, where.now)},
          ${notAhead(alert.ended_at, where.now)}, ${json(alert)}, ${place.step}, ${place.endState}, ${place.reason})`,
  )
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
