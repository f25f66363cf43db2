import { randomInt } from 'node:crypto'
import { z } from 'zod'
import { Alert } from '../domain/alert.ts'
import { type AlertEndState, type ClosedHow, Incident, IncidentState, transitions } from '../domain/incident.ts'
import { DueKind, schedule } from '../domain/schedule.ts'
import { AppError } from '../lib/errors.ts'
import { endAlerts } from './alerts.ts'
import type { Access, Query } from './connection.ts'
import { within } from './connection.ts'
import { removeDue, scheduleDue } from './due.ts'
import { sql } from './sql.ts'

/** The columns that make an `Incident`. */
export const incidentColumns = sql`tenant, id, fingerprint, state, severity, category, title, source, environment, asset,
  revision, occurrences, opened_at, last_seen_at, decided_at, told_at, closed_at, closed_how, merged_into, flaps, platform,
  case when acknowledged_revision = revision then acknowledged_by end as acknowledged_by`

/** How many alerts of one incident an analysis looks at. */
const mostAlerts = 50

/** No letter or digit that is taken for another one. */
export const idAlphabet = '23456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A new incident's id: `INC-` and ten characters. */
export function newIncidentId(): string {
  return `INC-${Array.from({ length: 10 }, () => idAlphabet[randomInt(idAlphabet.length)]).join('')}`
}

/**
 * An incident and its alerts, oldest first, repeated deliveries left out: the one that opened it and the latest, 50 in
 * all. @throws AppError E_INCIDENT_UNKNOWN
 */
export function loadIncident(access: Access, id: string): Promise<{ incident: Incident; alerts: Alert[] }> {
  return within(access, async (query) => {
    const incident = await query.first(Incident, sql`select ${incidentColumns} from incidents where id = ${id}`)
    if (!incident) throw unknownIncident(id)
    const rows = await query.rows(
      z.object({ alert: Alert }),
      sql`select alert from (
            select alert, received_at, raw_id, position from alerts
            where incident = ${id} and step <> 'repeat'
            order by step = 'open' desc, received_at desc, raw_id, position
            limit ${mostAlerts}
          ) as chosen
          order by received_at, raw_id, position`,
    )
    return { incident, alerts: rows.map((row) => row.alert) }
  })
}

/**
 * The incident as it is, and as it stays until the transaction ends: what is planned for it meanwhile fits its state.
 * @throws AppError E_INCIDENT_UNKNOWN
 */
export async function lockIncident(query: Query, id: string): Promise<Incident> {
  const incident = await query.first(
    Incident,
    sql`select ${incidentColumns} from incidents where id = ${id} for update`,
  )
  if (!incident) throw unknownIncident(id)
  return incident
}

/** Incidents that are not closed, worst and oldest first. */
export function openIncidents(access: Access, limit: number): Promise<Incident[]> {
  return within(access, (query) =>
    query.rows(
      Incident,
      sql`select ${incidentColumns} from incidents where closed_at is null
          order by array_position(array['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], severity), opened_at limit ${limit}`,
    ),
  )
}

/**
 * Compare-and-set: moves the incident on when it is in one of the states `from`, and adds a line to its timeline.
 * False, and nothing done, when it is in another. @throws Error when domain/incident.ts knows no such transition.
 */
export function transition(
  access: Access,
  id: string,
  from: readonly IncidentState[],
  to: IncidentState,
  who: string,
  why: string,
): Promise<boolean> {
  for (const state of from) {
    if (!transitions[state].includes(to)) throw new Error(`No incident goes from ${state} to ${to}.`)
  }
  return within(access, async (query) => {
    const before = await stateForUpdate(query, id)
    if (!before || before.closed || !from.includes(before.state)) return false
    await query.run(sql`update incidents set state = ${to} where id = ${id}`)
    await addToTimeline(query, { incident: id, from: before.state, to, who, why })
    return true
  })
}

/** While a fix is under way, or waits for approval, only these ways of closing count. */
const closableFrom: Record<ClosedHow, readonly IncidentState[]> = {
  resolve: ['open', 'analyzing', 'dismissed', 'logged', 'notified', 'awaiting_approval', 'escalated'],
  recovery: ['open', 'analyzing', 'dismissed', 'logged', 'notified', 'awaiting_approval', 'escalated'],
  manual: ['open', 'analyzing', 'dismissed', 'logged', 'notified', 'awaiting_approval', 'escalated'],
  quiet: ['open', 'analyzing', 'dismissed', 'logged', 'notified', 'escalated'],
  fixed: ['fixing', 'verifying'],
  expired: ['dismissed'],
}

/**
 * After these, people who had been told are told that it is over; after silence only what stands in a channel is set
 * right. Of a fix they are told by the fix.
 */
const isAnnounced: Record<ClosedHow, boolean> = {
  resolve: true,
  recovery: true,
  manual: true,
  quiet: true,
  fixed: false,
  expired: true,
}

/**
 * Closes an incident, all its conditions: nothing is due for it any more, what was planned and not yet sent is cancelled, its alerts reach
 * their end. An expired dismissal stays `dismissed`; every other way leads to `resolved`.
 * False, and nothing done, when it is closed already or in a state that this way does not end.
 */
export function closeIncident(
  access: Access,
  id: string,
  how: ClosedHow,
  { who, why }: { who: string; why: string },
): Promise<boolean> {
  return within(access, async (query) => {
    const before = await stateForUpdate(query, id)
    if (!before || before.closed || !closableFrom[how].includes(before.state)) return false
    const state: IncidentState = how === 'expired' ? 'dismissed' : 'resolved'
    await query.run(
      sql`update incidents set state = ${state}, closed_at = now(), closed_how = ${how}, closed_from = ${before.state},
            holder = null where id = ${id}`,
    )
    await query.run(sql`update conditions set resolved_at = now() where incident = ${id} and resolved_at is null`)
    await query.run(
      sql`update actions set state = 'cancelled', changed_at = now()
          where incident = ${id} and (state = 'planned' or state = 'failed' and not_before is not null)`,
    )
    // What people did about a fix that was left to them is seen best after the end.
    await removeDue(
      query,
      id,
      DueKind.options.filter((kind) => kind !== 'shadow'),
    )
    await query.run(sql`delete from quieted where incident = ${id}`)
    await query.run(sql`update tickets set closed_at = now() where incident = ${id} and closed_at is null`)
    if (before.told && isAnnounced[how]) {
      // What comes and goes is told to be over when it has stayed away.
      const inMs = before.flaps > 0 ? schedule.flapMs : 0
      await scheduleDue(query, { kind: 'resolved_notice', subject: id, inMs })
    }
    const end: AlertEndState = how === 'fixed' ? 'fixed' : 'logged'
    await endAlerts(query, id, end, `closed: ${how}`)
    await addToTimeline(query, { incident: id, from: before.state, to: state, who, why })
    return true
  })
}

/** One line of an incident's timeline. */
export const TimelineEntry = z.object({
  from_state: IncidentState.nullable(),
  to_state: IncidentState,
  who: z.string(),
  why: z.string(),
  at: z.date(),
})
export type TimelineEntry = z.infer<typeof TimelineEntry>

/** What happened to an incident, oldest first. */
export function loadTimeline(access: Access, id: string): Promise<TimelineEntry[]> {
  return within(access, (query) =>
    query.rows(
      TimelineEntry,
      sql`select from_state, to_state, who, why, at from transitions where incident = ${id} order by id`,
    ),
  )
}

export async function addToTimeline(
  query: Query,
  entry: { incident: string; from: IncidentState | null; to: IncidentState; who: string; why: string },
): Promise<void> {
  await query.run(
    sql`insert into transitions (tenant, incident, from_state, to_state, who, why)
        values (current_setting('dim.tenant'), ${entry.incident}, ${entry.from}, ${entry.to}, ${entry.who}, ${entry.why})`,
  )
}

export function unknownIncident(id: string): AppError {
  return new AppError('E_INCIDENT_UNKNOWN', `There is no incident ${id.slice(0, 40)}.`, 'Check the id and the tenant.')
}

function stateForUpdate(query: Query, id: string) {
  return query.first(
    z.object({ state: IncidentState, closed: z.boolean(), told: z.boolean(), flaps: z.number() }),
    sql`select state, closed_at is not null as closed, told_at is not null as told, flaps from incidents
        where id = ${id} for update`,
  )
}

/** Of these ids, the ones that are incidents of this tenant. */
export async function knownIncidents(access: Access, ids: readonly string[]): Promise<Set<string>> {
  const rows = await within(access, (query) =>
    query.rows(z.object({ id: z.string() }), sql`select id from incidents where id = any(${ids})`),
  )
  return new Set(rows.map(({ id }) => id))
}
