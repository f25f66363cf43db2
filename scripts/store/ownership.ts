import { z } from 'zod'
import { Severity } from '../domain/alert.ts'
import { Remediation } from '../domain/decision.ts'
import { type Access, within } from './connection.ts'
import { sql } from './sql.ts'

/** What hangs on one person, so that somebody else can take it over. */
export const Ownership = z.object({
  /** Open incidents that they have taken on. */
  incidents: z.array(z.object({ id: z.string(), title: z.string(), severity: Severity })),
  /** Fixes that wait for their approval; `alone`: for theirs only. */
  approvals: z.array(z.object({ incident: z.string(), remediation: Remediation, alone: z.boolean() })),
  /** Fixes that they approved and that have not begun. */
  approved: z.array(z.object({ incident: z.string(), remediation: Remediation })),
  /** Silences that they set and that may still speak. */
  silences: z.array(z.object({ id: z.string(), name: z.string(), ends_at: z.date().nullable() })),
  sessions: z.int(),
  tokens: z.int(),
})
export type Ownership = z.infer<typeof Ownership>

const mostShown = 200

/** What a person has in hand now. */
export function ownedBy(access: Access, name: string): Promise<Ownership> {
  return within(access, async (query) => {
    const incidents = await query.rows(
      Ownership.shape.incidents.element,
      sql`select id, title, severity from incidents
          where closed_at is null and acknowledged_by = ${name} and acknowledged_revision = revision
          order by opened_at limit ${mostShown}`,
    )
    const waiting = await query.rows(
      z.object({ incident: z.string(), remediation: Remediation, approvers: z.array(z.string()) }),
      sql`select approvals.incident, approvals.remediation, decision #> '{approval,approvers}' as approvers
          from approvals
          join incidents on incidents.tenant = approvals.tenant and incidents.id = approvals.incident
            and incidents.revision = approvals.revision and incidents.state = 'awaiting_approval'
          join decisions on decisions.tenant = approvals.tenant and decisions.incident = approvals.incident
            and decisions.revision = approvals.revision
          where approvals.state = 'asked' and jsonb_typeof(decision #> '{approval,approvers}') = 'array'
            and exists (select from jsonb_array_elements_text(decision #> '{approval,approvers}') as one
              where lower(one) = ${name})
          order by expires_at limit ${mostShown}`,
    )
    const gone = await query.rows(
      z.object({ name: z.string() }),
      sql`select name from accounts where deactivated_at is not null`,
    )
    const unable = new Set([name, ...gone.map((account) => account.name)])
    const approved = await query.rows(
      Ownership.shape.approved.element,
      sql`select approvals.incident, approvals.remediation from approvals
          join incidents on incidents.tenant = approvals.tenant and incidents.id = approvals.incident
            and incidents.revision = approvals.revision and incidents.state = 'fixing'
          join actions on actions.tenant = approvals.tenant and actions.incident = approvals.incident
            and actions.revision = approvals.revision and actions.kind = 'fix' and actions.state = 'planned'
          where approvals.state = 'approved' and lower(approvals.who) = ${name}
          order by answered_at limit ${mostShown}`,
    )
    const silences = await query.rows(
      Ownership.shape.silences.element,
      sql`select id, name, ends_at from silences
          where created_by = ${name} and ended_at is null and coalesce(ends_at > now(), true)
          order by created_at desc limit ${mostShown}`,
    )
    const counts = await query.first(
      Ownership.pick({ sessions: true, tokens: true }),
      sql`select (select count(*)::int from sessions where account = ${name}) as sessions,
            (select count(*)::int from api_tokens
              where account = ${name} and revoked_at is null and expires_at > now()) as tokens`,
    )
    return {
      incidents,
      approvals: waiting.map(({ approvers, ...asked }) => ({
        ...asked,
        alone: approvers.every((one) => unable.has(one.toLowerCase())),
      })),
      approved,
      silences,
      sessions: counts?.sessions ?? 0,
      tokens: counts?.tokens ?? 0,
    }
  })
}
