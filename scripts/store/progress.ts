import { type Alert, type Severity, sourceKey, worse } from '../domain/alert.ts'
import { assetKey, deliveryKey } from '../domain/fingerprint.ts'
import { notAhead } from '../domain/fold.ts'
import type { IncidentState } from '../domain/incident.ts'
import { quietTimeMs, schedule } from '../domain/schedule.ts'
import { heldIn } from './conditions.ts'
import type { Query } from './connection.ts'
import { scheduleDue } from './due.ts'
import { addToTimeline, newIncidentId } from './incidents.ts'
import { json, type Statement, sql } from './sql.ts'

/** Who folds, on an incident's timeline. */
export const who = 'fold'

/** Opens an incident for a condition that is in none. */
export async function insertIncident(query: Query, alert: Alert, now: Date): Promise<string> {
  const id = newIncidentId()
  await query.run(
    sql`insert into incidents (tenant, id, fingerprint, asset_key, state, severity, claimed_severity, category, title,
          source, environment, asset, opened_at, last_seen_at)
        values (current_setting('dim.tenant'), ${id}, ${alert.fingerprint}, ${assetKey(alert.asset, alert.environment)},
          'open', ${alert.severity}, ${alert.severity}, ${alert.category}, ${alert.title}, ${sourceKey(alert)},
          ${alert.environment}, ${alert.asset && json(alert.asset)}, ${now}, ${now})`,
  )
  await addToTimeline(query, { incident: id, from: null, to: 'open', who, why: alert.title })
  return id
}

/** A firing that counts: one more occurrence, unless this very delivery was counted, and its condition is not over. */
export async function countOccurrence(query: Query, id: string, alert: Alert, now: Date): Promise<void> {
  const start = notAhead(alert.started_at, now)
  // One statement, as thousands of alerts may come in one body.
  await query.run(
    sql`with counted as (${countedIn(id, alert, now)} returning 1), ${heldIn(id, alert, now)}
        update incidents set last_seen_at = ${now}, occurrences = occurrences + (select count(*)::int from counted),
          latest_start = case when exists (select from counted) then greatest(latest_start, ${start}) else latest_start end
        where id = ${id}`,
  )
  await waitForQuiet(query, id, alert)
}

/** One more occurrence, unless this very delivery was counted. */
export async function countDelivery(query: Query, id: string, alert: Alert, now: Date): Promise<void> {
  const isNew = await query.run(countedIn(id, alert, now))
  if (isNew === 0) return
  await query.run(
    sql`update incidents set occurrences = occurrences + 1,
          latest_start = greatest(latest_start, ${notAhead(alert.started_at, now)}) where id = ${id}`,
  )
}

function countedIn(id: string, alert: Alert, now: Date): Statement {
  return sql`insert into occurrences (tenant, incident, delivery, seen_at)
    values (current_setting('dim.tenant'), ${id}, ${deliveryKey(alert)}, ${now}) on conflict do nothing`
}

/** A firing, repeated or not, says that it is not over: the quiet time starts anew. */
export async function keepAwake(query: Query, id: string, alert: Alert, now: Date): Promise<void> {
  await query.run(sql`with ${heldIn(id, alert, now)} update incidents set last_seen_at = ${now} where id = ${id}`)
  await waitForQuiet(query, id, alert)
}

function waitForQuiet(query: Query, id: string, alert: Alert): Promise<void> {
  return scheduleDue(query, { kind: 'quiet', subject: id, inMs: quietTimeMs(sourceKey(alert)) })
}

/** An incident is as bad as the worst that monitors claimed since it was decided. */
export async function raise(
  query: Query,
  incident: { id: string; severity: Severity },
  claimed: Severity,
): Promise<void> {
  const severity = worse(incident.severity, claimed)
  await query.run(
    sql`update incidents set claimed_severity = ${claimed}, severity = ${severity} where id = ${incident.id}`,
  )
}

/** The next revision: what was decided stays in the books and no longer counts. */
export async function decideAgain(
  query: Query,
  { id, state }: { id: string; state: IncidentState },
  why: string,
): Promise<void> {
  await query.run(sql`update decisions set superseded = true where incident = ${id}`)
  await query.run(
    sql`update incidents set state = 'open', revision = revision + 1, decided_at = null, holder = null,
          held_until = null, dispatched_until = null where id = ${id}`,
  )
  await addToTimeline(query, { incident: id, from: state, to: 'open', who, why })
  await scheduleAnalysis(query, id)
}

/** It is to be analysed, and people are to hear of it by a deadline. */
export async function scheduleAnalysis(query: Query, id: string): Promise<void> {
  await scheduleDue(query, { kind: 'dispatch', subject: id, inMs: schedule.dispatchMs })
  // What becomes worse while it is analysed keeps its deadline.
  await scheduleDue(query, { kind: 'page_deadline', subject: id, inMs: schedule.pageDeadlineMs, ifAbsent: true })
}

/** Its monitor reported the end while a fix is under way: verifying it ends the incident. */
export async function noteResolve(query: Query, id: string): Promise<void> {
  await query.run(sql`update incidents set resolved_seen_at = now() where id = ${id}`)
}
