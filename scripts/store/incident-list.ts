import { z } from 'zod'
import { Severity } from '../domain/alert.ts'
import { Action } from '../domain/decision.ts'
import { IncidentState } from '../domain/incident.ts'
import { type Access, within } from './connection.ts'
import { type Page, placeOfPage } from './page.ts'
import { type Statement, sql } from './sql.ts'

/** Which incidents are meant, by the name that addresses use; every figure of the analytics is one of these, counted. */
export const Shown = z.enum([
  'all',
  'told',
  'acknowledged',
  'mended',
  'quiet',
  'dismissed',
  'logged',
  'silenced',
  'held',
  'limited',
  'old',
  'merged',
  'fix_tried',
  'fixed',
  'escalated',
  'false_alarm',
  'was_real',
  'recurring',
  'by_model',
  'by_rules',
])
export type Shown = z.infer<typeof Shown>

/** When an incident opened, and whose it is. Absent: any. */
export interface Span {
  from: Date
  to: Date
  source?: string | undefined
  severity?: Severity | undefined
  owner?: string | undefined
}

/** Incidents that opened in the span, of the source, the severity and the owner; the table is named `incidents`. */
export function inSpan({ from, to, source, severity, owner }: Span): Statement {
  const ofOwner = owner
    ? sql`exists (
        select from evidence where evidence.tenant = incidents.tenant and evidence.incident = incidents.id
          and evidence.revision = incidents.revision and evidence.owner = ${owner})`
    : sql`true`
  // What is not asked for is left out: of a condition that is always true the planner would expect one row in hundreds.
  const ofSource = source ? sql`incidents.source = ${source}` : sql`true`
  const ofSeverity = severity ? sql`incidents.severity = ${severity}` : sql`true`
  return sql`opened_at >= ${from} and opened_at < ${to} and ${ofSource} and ${ofSeverity} and ${ofOwner}`
}

/** Why it is quiet; several may be true, the first counts. */
export const quietReason = sql`case
  when merged_into is not null then 'merged'
  when quieted.kind = 'silence' then 'silenced'
  when quieted.kind = 'hold' then 'held'
  when quieted.kind = 'limit' then 'limited'
  when quieted.kind = 'old' then 'old'
  when state = 'dismissed' then 'dismissed'
  when state = 'logged' then 'logged' end`

const quietedAs = (kind: string) =>
  sql`exists (select from quieted where quieted.tenant = incidents.tenant and quieted.incident = incidents.id
    and quieted.kind = ${kind})`
const saidTo = (verdict: string) =>
  sql`exists (select from feedback where feedback.tenant = incidents.tenant and feedback.incident = incidents.id
    and verdict = ${verdict})`
const analysedBy = (analyzer: string) =>
  sql`exists (select from decisions where decisions.tenant = incidents.tenant and decisions.incident = incidents.id
    and decisions.revision = incidents.revision and decision is not null and analyzer = ${analyzer})`
const isQuiet = sql`told_at is null and (state in ('dismissed', 'logged') or merged_into is not null
  or exists (select from quieted where quieted.tenant = incidents.tenant and quieted.incident = incidents.id))`

/** Mended: over because what was wrong is well again, or a person says so. What was dismissed was never broken. */
export const isMended = sql`closed_how in ('resolve', 'recovery', 'fixed', 'manual')
  and (told_at is not null or closed_how = 'fixed')`

function which(shown: Shown, span: Span): Statement {
  switch (shown) {
    case 'all':
      return sql`true`
    case 'told':
      return sql`told_at is not null`
    case 'acknowledged':
      return sql`acknowledged_at is not null`
    case 'mended':
      return isMended
    case 'quiet':
      return isQuiet
    case 'dismissed':
    case 'logged':
    case 'escalated':
      return sql`state = ${shown}`
    case 'silenced':
      return quietedAs('silence')
    case 'held':
      return quietedAs('hold')
    case 'limited':
      return quietedAs('limit')
    case 'old':
      return quietedAs('old')
    case 'merged':
      return sql`merged_into is not null`
    case 'fix_tried':
      return sql`exists (select from actions where actions.tenant = incidents.tenant and actions.incident = incidents.id
        and actions.kind = 'fix' and attempt > 0)`
    case 'fixed':
      return sql`closed_how = 'fixed'`
    case 'false_alarm':
    case 'was_real':
      return saidTo(shown)
    case 'recurring':
      return sql`fingerprint in (select fingerprint from incidents where ${inSpan(span)}
        group by fingerprint having count(*) > 1)`
    case 'by_model':
      return analysedBy('gemini')
    case 'by_rules':
      return analysedBy('rules')
  }
}

export const IncidentLine = z.object({
  id: z.string(),
  title: z.string(),
  state: IncidentState,
  severity: Severity,
  source: z.string(),
  asset: z.string().nullable(),
  occurrences: z.number().int(),
  opened_at: z.date(),
  closed_at: z.date().nullable(),
  told_at: z.date().nullable(),
  merged_into: z.string().nullable(),
  action: Action.nullable(),
  root_cause: z.string().nullable(),
  quiet: z.enum(['merged', 'silenced', 'held', 'limited', 'old', 'dismissed', 'logged']).nullable(),
  quiet_why: z.string().nullable(),
})
export type IncidentLine = z.infer<typeof IncidentLine>

/** Incidents of a span, the latest first. */
export function listIncidents(
  access: Access,
  { span, shown, page = 1, size = 50 }: { span: Span; shown: Shown; page?: number; size?: number },
): Promise<Page<IncidentLine>> {
  const where = sql`${inSpan(span)} and ${which(shown, span)}`
  return within(access, async (query) => {
    const { offset, ...place } = await placeOfPage(query, where, { page, size })
    const items = await query.rows(
      IncidentLine,
      // Only ids are put in order: rows are wide, and a late page would order all that come before it.
      sql`with chosen as (
            select incidents.* from incidents join (
              select id from incidents where ${where} order by opened_at desc, id limit ${size} offset ${offset}
            ) as ids using (id)
          )
          select chosen.id, title, state, severity, chosen.source, chosen.asset ->> 'name' as asset, occurrences,
            opened_at, closed_at, told_at, merged_into, decision ->> 'recommended_action' as action,
            decision ->> 'root_cause' as root_cause, ${quietReason} as quiet, quieted.reason as quiet_why
          from chosen
          left join quieted on quieted.tenant = chosen.tenant and quieted.incident = chosen.id
          left join decisions
            on decisions.tenant = chosen.tenant and decisions.incident = chosen.id
              and decisions.revision = chosen.revision
          order by opened_at desc, chosen.id`,
    )
    return { items, ...place }
  })
}
