import { z } from 'zod'
import { Alert, Severity } from '../domain/alert.ts'
import { Decision } from '../domain/decision.ts'
import type { Evidence } from '../domain/evidence.ts'
import { Verdict } from '../domain/feedback.ts'
import { type Access, within } from './connection.ts'
import { loadEvidence } from './evidence.ts'
import { sql } from './sql.ts'

const PastDecision = z.object({
  incident: z.string(),
  revision: z.number().int(),
  title: z.string(),
  source: z.string(),
  claimed: Severity,
  analysed_at: z.date(),
  decision: Decision,
  /** What people said last. */
  verdict: Verdict.nullable(),
})
/** What was decided about an incident at its latest revision. */
export type PastDecision = z.infer<typeof PastDecision>

/** Decisions of a time, the latest first; of each incident the latest one. */
export function pastDecisions(
  access: Access,
  { since, until, limit }: { since: Date; until: Date; limit: number },
): Promise<PastDecision[]> {
  return within(access, (query) =>
    query.rows(
      PastDecision,
      sql`select decisions.incident, decisions.revision, title, source, claimed_severity as claimed,
            decisions.created_at as analysed_at, decision,
            (select verdict from feedback where feedback.incident = decisions.incident order by id desc limit 1) as verdict
          from decisions join incidents on incidents.tenant = decisions.tenant and incidents.id = decisions.incident
          where decision is not null and not superseded and decisions.created_at >= ${since}
            and decisions.created_at < ${until} and source <> 'dim'
          order by decisions.created_at desc limit ${limit}`,
    ),
  )
}

/** What was known when an incident was decided. Evidence is kept for a while only: it may be gone. */
export function knownThen(
  access: Access,
  { incident, revision, analysed_at }: PastDecision,
): Promise<{ alerts: Alert[]; evidence: Evidence[] }> {
  return within(access, async (query) => {
    const rows = await query.rows(
      z.object({ alert: Alert }),
      sql`select alert from (
            select alert, received_at, raw_id, position from alerts
            where incident = ${incident} and step <> 'repeat' and received_at <= ${analysed_at}
            order by step = 'open' desc, received_at desc, raw_id, position limit 50
          ) as chosen order by received_at, raw_id, position`,
    )
    return { alerts: rows.map(({ alert }) => alert), evidence: await loadEvidence(query, incident, revision) }
  })
}
