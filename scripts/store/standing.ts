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

const LastResolve = z.object({
  raw_id: z.string(),
  position: z.number(),
  incident: z.string().nullable(),
  receivedAt: z.date(),
  endedAt: z.date().nullable(),
  repeats: z.boolean(),
})

/** What is known about an alert's condition, and the rows it is known from. */
export interface Known extends Omit<Standing, 'open'> {
  open: OpenIncident | null
  /** The incident that the last resolve ended. */
  closed: string | null
  resolve: { rawId: string; position: number } | null
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
  const { fingerprint } = alert
  const [open = null] = await readOpen(query, sql`fingerprint = ${fingerprint}`)
  const last = open || alert.status !== 'firing' ? null : await readLastResolve(query, fingerprint)
  const incident = open?.id ?? last?.incident ?? null
  const [seen, paired] =
    alert.status !== 'firing'
      ? [false, false]
      : [
          incident !== null && (await wasDelivered(query, incident, deliveryKey(alert))),
          open === null && (await isPaired(query, alert, now)),
        ]
  return {
    now,
    open,
    seen,
    paired,
    closed: last?.incident ?? null,
    resolve: last && { rawId: last.raw_id, position: last.position },
    lastResolve: last && {
      receivedAt: last.receivedAt,
      endedAt: last.endedAt,
      met: last.incident !== null,
      repeats: last.repeats,
    },
  }
}

/** The resolve that speaks of the latest time; `repeats` when what came before it was a resolve as well. */
function readLastResolve(query: Query, fingerprint: string) {
  return query.first(
    LastResolve,
    sql`select raw_id, position, incident, received_at as "receivedAt", ended_at as "endedAt",
          coalesce((
            select earlier.status = 'resolved' from alerts as earlier
            where earlier.fingerprint = ${fingerprint} and earlier.status <> 'info'
              and (earlier.received_at, earlier.raw_id, earlier.position) < (last.received_at, last.raw_id, last.position)
            order by earlier.received_at desc, earlier.raw_id desc, earlier.position desc limit 1
          ), false) as repeats
        from alerts as last
        where fingerprint = ${fingerprint} and status = 'resolved'
        order by coalesce(ended_at, received_at) desc, incident is not null desc, received_at desc limit 1`,
  )
}

async function wasDelivered(query: Query, incident: string, delivery: string): Promise<boolean> {
  const row = await query.first(
    z.object({}),
    sql`select from occurrences where incident = ${incident} and delivery = ${delivery}`,
  )
  return row !== null
}

async function isPaired(query: Query, alert: Alert, now: Date): Promise<boolean> {
  const row = await query.first(z.object({}), sql`select from alerts where ${pairedResolves(alert, now)} limit 1`)
  return row !== null
}

/** Resolves that have met no firing and name the very start of this one. */
export function pairedResolves(alert: Alert, now: Date): Statement {
  return sql`fingerprint = ${alert.fingerprint} and status = 'resolved' and incident is null
    and started_at = ${notAhead(alert.started_at, now)}::timestamptz
    and received_at > ${new Date(now.getTime() - schedule.timedResolveMs)}::timestamptz`
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
