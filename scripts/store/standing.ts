import { z } from 'zod'
import { type Alert, Severity } from '../domain/alert.ts'
import { deliveryKey } from '../domain/fingerprint.ts'
import { notAhead, type Standing } from '../domain/fold.ts'
import { ClosedHow, IncidentState } from '../domain/incident.ts'
import { schedule } from '../domain/schedule.ts'
import type { Query } from './connection.ts'
import { sql } from './sql.ts'

/** An incident that is not closed, as folding sees it. */
const OpenIncident = z.object({
  id: z.string(),
  state: IncidentState,
  severity: Severity,
  claimed: Severity,
  decidedAt: z.date().nullable(),
  latestStart: z.date().nullable(),
  isOver: z.boolean(),
  hasOthers: z.boolean(),
  /** Whether this very delivery was counted in it. */
  wasDelivered: z.boolean(),
  platform: z.string().nullable(),
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
  /** The incident that it was part of last, when nothing is open. */
  ended: z.infer<typeof EndedIncident> | null
  resolve: (NonNullable<Standing['resolve']> & Pick<z.infer<typeof Resolve>, 'raw_id' | 'position' | 'incident'>) | null
}

/**
 * One transaction of a tenant folds at a time: an alert may join, re-root or merge whatever the lineage joins it to, so
 * nothing smaller than all of it is safe, and a fold takes milliseconds. One lock, taken before any row, can't deadlock.
 */
export async function lockFolding(query: Query): Promise<void> {
  await query.run(sql`select pg_advisory_xact_lock(hashtextextended(current_setting('dim.tenant'), 1))`)
}

/** What is known about a condition that was never heard of. */
export function nothingKnown(now: Date): Known {
  return { now, open: null, seen: false, resolve: null, ended: null }
}

/** The conditions of these alerts that the store has never heard of: each of them needs no further look. */
export async function unheardOf(query: Query, alerts: readonly Alert[]): Promise<Set<string>> {
  const told = [...new Set(alerts.map(({ fingerprint }) => fingerprint))]
  const rows = await query.rows(
    z.object({ fingerprint: z.string() }),
    sql`select fingerprint from unnest(${told}::text[]) as told (fingerprint)
        where not exists (select from alerts where alerts.fingerprint = told.fingerprint)
          and not exists (select from conditions where conditions.fingerprint = told.fingerprint)
          and not exists (select from incidents where incidents.fingerprint = told.fingerprint)`,
  )
  return new Set(rows.map(({ fingerprint }) => fingerprint))
}

/** What is known about an alert's condition, read under the lock. */
export async function readStanding(query: Query, alert: Alert, now: Date): Promise<Known> {
  const [open = null] = await readOpen(query, alert)
  const isNew = !open || open.isOver
  const known = { now, open, seen: false, resolve: null, ended: null }
  if (alert.status !== 'firing') return known
  if (!isNew) return { ...known, seen: open.wasDelivered }
  const found = await readResolve(query, alert, now)
  const resolve = found && { ...found, met: found.incident !== null }
  return {
    ...known,
    seen: found?.seen ?? false,
    resolve,
    ended: open ? null : await readEnded(query, alert.fingerprint),
  }
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

const EndedIncident = z.object({
  id: z.string(),
  how: ClosedHow,
  at: z.date(),
  from: IncidentState,
  flaps: z.number(),
  severity: Severity,
  claimed: Severity,
})

/** The incident that a condition was part of last, when it is closed and can be opened again. */
function readEnded(query: Query, fingerprint: string) {
  return query.first(
    EndedIncident,
    sql`select id, closed_how as how, closed_at as at, coalesce(closed_from, 'open') as "from", flaps, severity,
          claimed_severity as claimed
        from incidents
        where id = (select incident from conditions where fingerprint = ${fingerprint} order by last_seen_at desc limit 1)
          and closed_at is not null and merged_into is null and state = 'resolved'
          and not exists (select from incidents as other
            where other.fingerprint = incidents.fingerprint and other.closed_at is null)
        for update`,
  )
}

/** The open incident that holds a condition, over or not. One that an earlier release opened has no condition's row. */
function readOpen(query: Query, alert: Alert): Promise<OpenIncident[]> {
  const { fingerprint } = alert
  return query.rows(
    OpenIncident,
    sql`select incidents.id, state, incidents.severity, claimed_severity as claimed, decided_at as "decidedAt",
          case when own.id is null then incidents.latest_start else own.latest_start end as "latestStart",
          own.resolved_at is not null as "isOver", incidents.platform,
          exists (select from conditions as other where other.incident = incidents.id
            and other.resolved_at is null and other.fingerprint <> ${fingerprint}) as "hasOthers",
          exists (select from occurrences where occurrences.incident = incidents.id
            and delivery = ${deliveryKey(alert)}) as "wasDelivered"
        from incidents left join conditions as own
          on own.tenant = incidents.tenant and own.incident = incidents.id and own.fingerprint = ${fingerprint}
        where closed_at is null and incidents.id in (
          select incident from conditions where fingerprint = ${fingerprint}
          union select id from incidents where fingerprint = ${fingerprint} and closed_at is null)
        order by own.resolved_at is not null, incidents.opened_at for update of incidents`,
  )
}

const OfAsset = z.object({ id: z.string(), state: IncidentState, latestStart: z.date().nullable() })

/** The open incidents with something about one asset, oldest first. */
export function readOpenOfAsset(query: Query, asset: string | null): Promise<z.infer<typeof OfAsset>[]> {
  return query.rows(
    OfAsset,
    sql`select id, state, coalesce((select max(latest_start) from conditions
            where incident = incidents.id and asset_key = ${asset}), latest_start) as "latestStart"
        from incidents
        where closed_at is null and (asset_key = ${asset}
          or id in (select incident from conditions where asset_key = ${asset} and resolved_at is null))
        order by opened_at for update`,
  )
}
