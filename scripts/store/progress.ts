import { z } from 'zod'
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

/**
 * A firing that counts: one more occurrence, unless this very delivery was counted, and its condition is not over. What
 * this says of the incident itself is written by `writeCounts`.
 */
export async function countOccurrence(query: Query, id: string, alert: Alert, now: Date): Promise<void> {
  const isNew = await query.first(
    z.object({}),
    sql`with counted as (${countedIn(id, alert, now)} returning 1), ${heldIn(id, alert, now)} select from counted`,
  )
  noteCount(query, id, alert, { now, isNew: isNew !== null })
}

interface Count {
  occurrences: number
  latestStart: Date | null
  now: Date
  alert: Alert
}

/** A row that is written thousands of times in one transaction takes longer each time: it is written once. */
const counts = new WeakMap<Query, Map<string, Count>>()

function noteCount(query: Query, id: string, alert: Alert, { now, isNew }: { now: Date; isNew: boolean }): void {
  const all = counts.get(query) ?? new Map<string, Count>()
  counts.set(query, all)
  const { occurrences = 0, latestStart = null } = all.get(id) ?? {}
  const start = isNew ? notAhead(alert.started_at, now) : null
  const latest = start !== null && (latestStart === null || start > latestStart) ? start : latestStart
  all.set(id, { occurrences: occurrences + (isNew ? 1 : 0), latestStart: latest, now, alert })
}

/** Writes what was counted of incidents in this transaction, and lets their quiet time start anew. */
export async function writeCounts(query: Query): Promise<void> {
  const all = counts.get(query)
  counts.delete(query)
  for (const [id, { occurrences, latestStart, now, alert }] of all ?? []) {
    const open = await query.first(
      z.object({ isOpen: z.boolean() }),
      sql`update incidents set last_seen_at = ${now}, occurrences = occurrences + ${occurrences},
            latest_start = greatest(latest_start, ${latestStart})
          where id = ${id} returning closed_at is null as "isOpen"`,
    )
    if (!open?.isOpen) continue
    await scheduleDue(query, { kind: 'quiet', subject: id, inMs: quietTimeMs(sourceKey(alert)) })
  }
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

/** A firing, repeated or not, says that it is not over: the quiet time starts anew, by `writeCounts`. */
export async function keepAwake(query: Query, id: string, alert: Alert, now: Date): Promise<void> {
  await query.run(sql`with ${heldIn(id, alert, now)} select`)
  noteCount(query, id, alert, { now, isNew: false })
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
