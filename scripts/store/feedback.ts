import { z } from 'zod'
import { Verdict } from '../domain/feedback.ts'
import { appendAudit } from './audit.ts'
import { type Access, within } from './connection.ts'
import { lockIncident } from './incidents.ts'
import { sql, text } from './sql.ts'

export const Feedback = z.object({
  verdict: Verdict,
  note: z.string(),
  who: z.string(),
  at: z.date(),
  revision: z.number(),
})
export type Feedback = z.infer<typeof Feedback>

/** Keeps what somebody says about the current decision. @throws AppError E_INCIDENT_UNKNOWN */
export function giveFeedback(
  access: Access,
  { incident, verdict, note, who }: { incident: string; verdict: Verdict; note: string; who: string },
): Promise<void> {
  return within(access, async (query) => {
    const { revision } = await lockIncident(query, incident)
    await query.run(
      sql`insert into feedback (tenant, incident, revision, verdict, note, who)
          values (current_setting('dim.tenant'), ${incident}, ${revision}, ${verdict}, ${text(note)}, ${text(who)})`,
    )
    await appendAudit(query, { actor: who, what: `feedback ${verdict}`, subject: incident, detail: { revision, note } })
  })
}

/** What each person said last about an incident, the latest first. */
export function feedbackOf(access: Access, incident: string): Promise<Feedback[]> {
  return within(access, (query) =>
    query.rows(
      Feedback,
      sql`select verdict, note, who, at, revision from (
            select distinct on (who) * from feedback where incident = ${incident} order by who, id desc
          ) as latest order by at desc limit 20`,
    ),
  )
}
