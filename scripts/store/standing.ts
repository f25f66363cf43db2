import { z } from 'zod'
import { type Alert, Severity } from '../domain/alert.ts'
import { assetKey, deliveryKey } from '../domain/fingerprint.ts'
import { isSuccess, notAhead, type Standing } from '../domain/fold.ts'
import { IncidentState } from '../domain/incident.ts'
import { schedule } from '../domain/schedule.ts'
import type { Query } from './connection.ts'
import { type Statement, sql } from './sql.ts'

/** An incident that is not closed, as folding sees it. */
const OpenIncident = z.object({
  id: z.string(),
  state: IncidentState,
  severity: Severity,
  claimed: Severity,
  decidedAt: z.date().nullable(),
  latestStart: z.date().nullable(),
})
export type OpenIncident = z.infer<typeof OpenIncident>

/** A resolve, as a firing sees it. */
const Resolve = z.object({
  raw_id: z.string(),
  position: z.number(),
  incident: z.string().nullable(),
  receivedAt: z.date(),
  endedAt: z.date().nullable(),
  named: z.boolean(),
  seen: z.boolean(),
  repeats: z.boolean(),
})

/** What is known about an alert's condition, and the rows it is known from. */
export interface Known extends Standing {
  open: OpenIncident | null
  resolve: (NonNullable<Standing['resolve']> & Pick<z.infer<typeof Resolve>, 'raw_id' | 'position' | 'incident'>) | null
}

/**
 * One transaction at a time folds alerts of a condition. The locks are taken in one order everywhere, so that no two
 * transactions wait for each other; a success also needs those of the incidents it may close.
 */
export async function lockConditions(query: Query, alerts: readonly Alert[]): Promise<void> {
  const fingerprints = alerts.map((alert) => alert.fingerprint)
  const assets = alerts.filter(isSuccess).map((alert) => assetKey(alert.asset, alert.environment))
  await query.run(
    sql`select pg_advisory_xact_lock(key) from (
          select distinct hashtextextended(current_setting('dim.tenant') || '/' || fingerprint, 1) as key
          from (
            select unnest(${fingerprints}::text[]) as fingerprint
            union
            select fingerprint from incidents where closed_at is null and asset_key = any(${assets}::text[])
          ) as conditions
          order by key
        ) as keys`,
  )
}

/** What is known about an alert's condition, read under its lock. */
export async function readStanding(query: Query, alert: Alert, now: Date): Promise<Known> {
  const [open = null] = await readOpen(query, sql`fingerprint = ${alert.fingerprint}`)
  if (alert.status !== 'firing') return { now, open, seen: false, resolve: null }
  if (open) return { now, open, seen: await wasDelivered(query, open.id, alert), resolve: null }
  const found = await readResolve(query, alert, now)
  return { now, open, seen: found?.seen ?? false, resolve: found && { ...found, met: found.incident !== null } }
}

async function wasDelivered(query: Query, incident: string, alert: Alert): Promise<boolean> {
  const row = await query.first(
    z.object({}),
    sql`select from occurrences where incident = ${incident} and delivery = ${deliveryKey(alert)}`,
  )
  return row !== null
}

/**
 * The resolve that may speak of a firing. First the one whose incident counted this very delivery; then one that names
 * its start, the one that has met its firing before its own repeats; else the one that speaks of the latest time.
 */
function readResolve(query: Query, alert: Alert, now: Date) {
  const since = new Date(now.getTime() - schedule.timedResolveMs)
  return query.first(
    Resolve,
    sql`with resolves as (
          select raw_id, position, incident, received_at, ended_at,
            coalesce(started_at = ${notAhead(alert.started_at, now)}, false) as named,
            exists (
              select from occurrences
              where occurrences.incident = alerts.incident and delivery = ${deliveryKey(alert)}
            ) as seen
          from alerts
          where fingerprint = ${alert.fingerprint} and status = 'resolved' and received_at > ${since}
        )
        select raw_id, position, incident, received_at as "receivedAt", ended_at as "endedAt", named, seen,
          coalesce((
            select earlier.status = 'resolved' from alerts as earlier
            where earlier.fingerprint = ${alert.fingerprint} and earlier.status <> 'info'
              and (earlier.received_at, earlier.raw_id, earlier.position)
                < (resolves.received_at, resolves.raw_id, resolves.position)
            order by earlier.received_at desc, earlier.raw_id desc, earlier.position desc limit 1
          ), false) as repeats
        from resolves
        order by seen desc, named desc, (named and incident is not null) desc,
          coalesce(ended_at, received_at) desc, incident is not null desc, received_at
        limit 1`,
  )
}

/** The open incidents of one asset, oldest first. */
export function readOpenOfAsset(query: Query, asset: string | null): Promise<OpenIncident[]> {
  return readOpen(query, sql`asset_key = ${asset}`)
}

function readOpen(query: Query, which: Statement): Promise<OpenIncident[]> {
  return query.rows(
    OpenIncident,
    sql`select id, state, severity, claimed_severity as claimed, decided_at as "decidedAt", latest_start as "latestStart"
        from incidents where ${which} and closed_at is null order by opened_at for update`,
  )
}
