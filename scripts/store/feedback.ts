import { z } from 'zod'
import { type Statement, Verdict } from '../domain/feedback.ts'
import { Withdrawal } from '../domain/withdrawal.ts'
import { appendAudit } from './audit.ts'
import { type Access, type Query, within } from './connection.ts'
import { lockIncident } from './incidents.ts'
import { type Statement as SqlStatement, sql, text } from './sql.ts'

export const Feedback = z.object({
  verdict: Verdict,
  note: z.string(),
  should_be: z.string(),
  who: z.string(),
  at: z.date(),
  revision: z.number(),
})
export type Feedback = z.infer<typeof Feedback>

/** What a person says. `note`: why; `shouldBe`: what it was instead, with `wrong_cause`. */
export interface Said {
  incident: string
  verdict: Verdict
  note: string
  shouldBe?: string
  who: string
}

/**
 * Keeps what somebody says about the current decision, so that later incidents like this one find it.
 * @throws AppError E_INCIDENT_UNKNOWN
 */
export function giveFeedback(access: Access, { incident, verdict, note, shouldBe = '', who }: Said): Promise<void> {
  return within(access, async (query) => {
    const { revision } = await lockIncident(query, incident)
    await query.run(
      sql`insert into feedback (tenant, incident, revision, verdict, note, should_be, who)
          values (current_setting('dim.tenant'), ${incident}, ${revision}, ${verdict}, ${text(note)}, ${text(shouldBe)},
            ${text(who)})`,
    )
    await query.run(
      sql`insert into memory_keys (tenant, key, opened_at, incident)
          select tenant, key, opened_at, id from incidents,
            unnest(title_keys(title) || ${conditionKey(sql`fingerprint`)} || ${assetKeyOf(sql`asset_key`)}) as key
          where id = ${incident} and key is not null
          on conflict do nothing`,
    )
    await appendAudit(query, {
      actor: who,
      what: `feedback ${verdict}`,
      subject: incident,
      detail: { revision, note, ...(shouldBe && { shouldBe }) },
    })
  })
}

/** The key under which everything of one condition is found. */
export function conditionKey(fingerprint: string | SqlStatement): SqlStatement {
  return sql`hashtextextended('condition ' || ${fingerprint}::text, 0)`
}

/** The same for an asset; null for none. */
export function assetKeyOf(asset: string | null | SqlStatement): SqlStatement {
  return sql`hashtextextended('asset ' || ${asset}::text, 0)`
}

/** What each person said last about an incident, the latest first. */
export function feedbackOf(access: Access, incident: string): Promise<Feedback[]> {
  return within(access, (query) =>
    query.rows(
      Feedback,
      sql`select verdict, note, should_be, who, at, revision from (
            select distinct on (who) * from feedback where incident = ${incident} order by who, id desc
          ) as latest order by at desc limit 20`,
    ),
  )
}

const StatementRow = z.object({
  incident: z.string(),
  verdict: Verdict,
  who: z.string(),
  at: z.date(),
  note: z.string(),
  calledIncident: z.boolean().nullable(),
}) satisfies z.ZodType<Statement>
export type StatementRow = z.infer<typeof StatementRow>

/** What each person said last about each of these incidents, the latest first. */
export function statementsAbout(query: Query, incidents: readonly string[]): Promise<StatementRow[]> {
  return query.rows(
    StatementRow,
    sql`select incident, verdict, who, at, note, (
            select (decision ->> 'is_incident')::boolean from decisions
            where decisions.incident = latest.incident and decisions.revision = latest.revision
          ) as "calledIncident"
        from (
          select distinct on (incident, who) * from feedback where incident = any(${incidents})
          order by incident, who, id desc
        ) as latest order by at desc`,
  )
}

/** Who said last that an incident is real, unless somebody took it back since; null when nobody says so. */
export async function saidReal(access: Access, incident: string): Promise<string | null> {
  const [latest] = await feedbackOf(access, incident)
  return latest?.verdict === 'was_real' ? latest.who : null
}

/** Withdraws trust from what kept an incident quiet; once a revision. */
export async function withdrawTrust(
  query: Query,
  from: { incident: string; revision: number; reason: string; who: string },
): Promise<void> {
  await query.run(
    sql`insert into withdrawals (tenant, incident, revision, reason, fingerprint, asset_key, who)
        select tenant, id, ${from.revision}, ${from.reason}, fingerprint, asset_key, ${text(from.who)}
        from incidents where id = ${from.incident}
        on conflict do nothing`,
  )
}

/** The trust that was withdrawn in the last 30 days, latest first. */
export function recentWithdrawals(access: Access): Promise<Withdrawal[]> {
  return within(access, (query) =>
    query.rows(
      Withdrawal,
      sql`select incident, reason, fingerprint, asset_key, at from withdrawals
          where at > now() - interval '30 days' order by at desc limit 500`,
    ),
  )
}
