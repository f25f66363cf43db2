import { z } from 'zod'
import { type Decision, Remediation, RemediationTemplate } from '../domain/decision.ts'
import { schedule } from '../domain/schedule.ts'
import { type Access, type Query, within } from './connection.ts'
import { scheduleDue } from './due.ts'
import { json, sql } from './sql.ts'

/** A fix that guardrails left to people. */
const Shadow = z.object({
  incident: z.string(),
  revision: z.number().int(),
  remediation: Remediation,
  noted_at: z.date(),
  /** Whether it is too late to find out what people did. */
  over: z.boolean(),
})
export type Shadow = z.infer<typeof Shadow>

/** What people did: this very thing and it helped, something else that helped, or nobody can tell. */
export type PeopleDid = 'same' | 'other' | 'unknown'

/** Notes what would have been done, with the decision that left it to people: in one transaction. */
export async function noteShadow(
  query: Query,
  incident: string,
  revision: number,
  { would_fix, guardrails }: Pick<Decision, 'would_fix' | 'guardrails'>,
): Promise<void> {
  if (!would_fix) return
  const why = guardrails.find(({ before }) => before === 'auto_fix')?.why ?? 'people decide'
  const inserted = await query.run(
    sql`insert into shadow_fixes (tenant, incident, revision, template, target, remediation, why)
        values (current_setting('dim.tenant'), ${incident}, ${revision}, ${would_fix.template}, ${would_fix.target},
          ${json(would_fix)}, ${why})
        on conflict do nothing`,
  )
  if (inserted === 1) await scheduleDue(query, { kind: 'shadow', subject: incident, inMs: schedule.shadowMs })
}

/** The latest shadow fix of an incident that is not settled; null when there is none. */
export function openShadow(access: Access, incident: string): Promise<Shadow | null> {
  return within(access, (query) =>
    query.first(
      Shadow,
      sql`select incident, revision, remediation, noted_at,
            noted_at + make_interval(secs => ${schedule.shadowEndsMs / 1000}) < now() as over
          from shadow_fixes where incident = ${incident} and settled_at is null order by revision desc limit 1`,
    ),
  )
}

/** Settles every shadow fix of an incident up to a revision: an earlier one was overtaken. */
export async function settleShadow(
  access: Access,
  { incident, revision }: Pick<Shadow, 'incident' | 'revision'>,
  people: PeopleDid,
  detail: string,
): Promise<void> {
  await within(access, (query) =>
    query.run(
      sql`update shadow_fixes set people = case when revision = ${revision} then ${people} else 'unknown' end,
            detail = ${detail.slice(0, 500)}, settled_at = now()
          where incident = ${incident} and revision <= ${revision} and settled_at is null`,
    ),
  )
}

export const Agreement = z.object({
  template: RemediationTemplate,
  /** How often it would have been run. */
  proposed: z.number().int(),
  same: z.number().int(),
  other: z.number().int(),
  unknown: z.number().int(),
  /** `same` of all that could be told, 0…1; null while nothing could. */
  score: z.number().nullable(),
})
export type Agreement = z.infer<typeof Agreement>

/**
 * How well each template's proposals agree with what people did: what to look at before allowing it. Of those noted in a
 * time, or of all.
 */
export function shadowAgreement(access: Access, noted: { from?: Date; to?: Date } = {}): Promise<Agreement[]> {
  return within(access, (query) =>
    query.rows(
      Agreement,
      sql`select template, count(*)::int as proposed,
            (count(*) filter (where people = 'same'))::int as same,
            (count(*) filter (where people = 'other'))::int as other,
            (count(*) filter (where people = 'unknown'))::int as unknown,
            (count(*) filter (where people = 'same'))::float8
              / nullif(count(*) filter (where people in ('same', 'other')), 0) as score
          from shadow_fixes
          where noted_at >= coalesce(${noted.from ?? null}, noted_at) and noted_at <= coalesce(${noted.to ?? null}, noted_at)
          group by template order by template`,
    ),
  )
}
