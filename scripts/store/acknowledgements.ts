import { z } from 'zod'
import { IncidentState } from '../domain/incident.ts'
import { appendAudit } from './audit.ts'
import { type Access, within } from './connection.ts'
import { removeDue, scheduleDue } from './due.ts'
import { addToTimeline, unknownIncident } from './incidents.ts'
import { sql } from './sql.ts'

/**
 * Somebody has taken the incident on: nobody is reminded, and nobody else is told, until it is decided anew.
 * False, and nothing done, when it is over or is theirs already. @throws AppError E_INCIDENT_UNKNOWN
 */
export function acknowledge(access: Access, incident: string, who: string, why: string): Promise<boolean> {
  return within(access, async (query) => {
    const found = await query.first(
      z.object({ state: IncidentState, closed: z.boolean(), by: z.string().nullable() }),
      sql`select state, closed_at is not null as closed,
            case when acknowledged_revision = revision then acknowledged_by end as by
          from incidents where id = ${incident} for update`,
    )
    if (!found) throw unknownIncident(incident)
    if (found.closed || found.by === who) return false
    await query.run(
      sql`update incidents set acknowledged_at = now(), acknowledged_by = ${who}, acknowledged_revision = revision
          where id = ${incident}`,
    )
    await removeDue(query, incident, ['reminder', 'escalation'])
    await addToTimeline(query, { incident, from: found.state, to: found.state, who, why })
    await appendAudit(query, { actor: who, what: 'acknowledged', subject: incident, detail: { why } })
    return true
  })
}

/**
 * It is nobody's again: it is reminded of and escalated as before. False when nobody had it, or it is over.
 * @throws AppError E_INCIDENT_UNKNOWN
 */
export function withdrawAcknowledgement(
  access: Access,
  incident: string,
  who: string,
  { why, remindInMs }: { why: string; remindInMs: number },
): Promise<boolean> {
  return within(access, async (query) => {
    const found = await query.first(
      z.object({ state: IncidentState, taken: z.boolean() }),
      sql`select state, closed_at is null and coalesce(acknowledged_revision = revision, false) as taken
          from incidents where id = ${incident} for update`,
    )
    if (!found) throw unknownIncident(incident)
    if (!found.taken) return false
    await query.run(
      sql`update incidents set acknowledged_at = null, acknowledged_by = null, acknowledged_revision = null
          where id = ${incident}`,
    )
    await scheduleDue(query, { kind: 'reminder', subject: incident, inMs: remindInMs })
    await scheduleDue(query, { kind: 'escalation', subject: incident, inMs: 0 })
    await addToTimeline(query, { incident, from: found.state, to: found.state, who, why })
    await appendAudit(query, { actor: who, what: 'acknowledgement withdrawn', subject: incident, detail: { why } })
    return true
  })
}

/** The open incident to which an alert of a source belongs, by the source's own id of it; null when there is none. */
export async function incidentOfOrigin(access: Access, source: string, externalId: string): Promise<string | null> {
  const row = await within(access, (query) =>
    query.first(
      z.object({ id: z.string() }),
      sql`select incidents.id from alerts
          join incidents on incidents.tenant = alerts.tenant and incidents.id = alerts.incident
          where alerts.source = ${source} and alert ->> 'external_id' = ${externalId} and closed_at is null
          order by received_at desc limit 1`,
    ),
  )
  return row?.id ?? null
}
