import { z } from 'zod'
import { Category, Severity } from '../domain/alert.ts'
import { Action, RemediationTemplate } from '../domain/decision.ts'
import { IncidentState } from '../domain/incident.ts'
import { type Access, within } from './connection.ts'
import { type Page, placeOfPage } from './page.ts'
import { type Statement, sql } from './sql.ts'

/** One incident that people may have to do something about, as a line of a list. */
export const OpenIncidentLine = z.object({
  id: z.string(),
  title: z.string(),
  state: IncidentState,
  severity: Severity,
  category: Category,
  source: z.string(),
  environment: z.string().nullable(),
  asset: z.string().nullable(),
  /** Alerts that were folded into it. */
  occurrences: z.number().int(),
  opened_at: z.date(),
  last_seen_at: z.date(),
  told_at: z.date().nullable(),
  owner: z.string().nullable(),
  tier: z.number().int().nullable(),
  /** By when the catalogue promised it. */
  deadline: z.date().nullable(),
  action: Action.nullable(),
  fix: RemediationTemplate.nullable(),
  fix_target: z.string().nullable(),
})
export type OpenIncidentLine = z.infer<typeof OpenIncidentLine>

export interface OpenFilter {
  severity?: Severity | undefined
  /** Part of a title, an asset's name or an id, in any case. */
  search?: string | undefined
}

/** Whether an incident is people's business: it is open, was not dismissed, and nothing keeps it quiet. */
const isUnderWay = sql`closed_at is null and state <> 'dismissed' and not exists (
  select from quieted where quieted.tenant = incidents.tenant and quieted.incident = incidents.id)`

/** Incidents under way, worst and oldest first. */
export function listOpen(
  access: Access,
  { filter = {}, page = 1, size = 50 }: { filter?: OpenFilter; page?: number; size?: number } = {},
): Promise<Page<OpenIncidentLine>> {
  const where = sql`${isUnderWay} and ${matches(filter)}`
  return within(access, async (query) => {
    const { offset, ...place } = await placeOfPage(query, where, { page, size })
    const items = await query.rows(
      OpenIncidentLine,
      sql`with chosen as (
            select * from incidents where ${where}
            order by array_position(array['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], severity), opened_at, id
            limit ${size} offset ${offset}
          )
          select chosen.id, title, chosen.state, chosen.severity, chosen.category, chosen.source, environment,
            chosen.asset ->> 'name' as asset, occurrences, opened_at, last_seen_at, told_at, owner, tier, deadline,
            decision ->> 'recommended_action' as action, decision #>> '{remediation,template}' as fix,
            decision #>> '{remediation,target}' as fix_target
          from chosen
          left join decisions
            on decisions.tenant = chosen.tenant and decisions.incident = chosen.id
              and decisions.revision = chosen.revision
          left join lateral (${promise}) as promised on true
          order by array_position(array['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], chosen.severity), opened_at, chosen.id`,
    )
    return { items, ...place }
  })
}

/**
 * The catalogue's entry of an incident, or of the thing of the highest rank among several; what is only made from it
 * comes last, and lends its deadline where nothing nearer has one.
 */
const promise = sql`select (array_agg(owner order by place))[1] as owner, (array_agg(tier order by place))[1] as tier,
    (array_agg(deadline order by place) filter (where deadline is not null))[1] as deadline
  from (
    select item #>> '{data,owner}' as owner, (item #>> '{data,tier}')::int as tier,
      (item #>> '{data,sla_deadline}')::timestamptz as deadline,
      row_number() over (order by item #>> '{data,below}' is not null, (item #>> '{data,tier}')::int nulls last, position)
        as place
    from evidence
    where evidence.tenant = chosen.tenant and evidence.incident = chosen.id and evidence.revision = chosen.revision
      and kind = 'catalog_entry' and evidence.source = 'catalog') as entries`

function matches({ severity, search }: OpenFilter): Statement {
  const pattern = search ? `%${search.replace(/[\\%_]/g, '\\$&')}%` : null
  return sql`severity = coalesce(${severity ?? null}, severity)
    and (${pattern}::text is null or title ilike ${pattern} or id ilike ${pattern} or asset ->> 'name' ilike ${pattern})`
}

const Standing = z.object({
  critical: z.number(),
  high: z.number(),
  medium: z.number(),
  low: z.number(),
  awaiting: z.number(),
  escalated: z.number(),
  fixing: z.number(),
  alerts_today: z.number(),
  opened_today: z.number(),
  told_today: z.number(),
  dead_letters: z.number(),
})
export type Standing = z.infer<typeof Standing>

/** How things stand at this moment: what is under way, and what the last 24 hours brought. */
export async function standing(access: Access): Promise<Standing> {
  const row = await within(access, (query) =>
    query.first(
      Standing,
      sql`with under_way as (select severity, state from incidents where ${isUnderWay})
          select (count(*) filter (where severity = 'CRITICAL'))::int as critical,
            (count(*) filter (where severity = 'HIGH'))::int as high,
            (count(*) filter (where severity = 'MEDIUM'))::int as medium,
            (count(*) filter (where severity = 'LOW'))::int as low,
            (count(*) filter (where state = 'awaiting_approval'))::int as awaiting,
            (count(*) filter (where state = 'escalated'))::int as escalated,
            (count(*) filter (where state in ('fixing', 'verifying')))::int as fixing,
            (select count(*)::int from alerts where received_at > now() - interval '24 hours') as alerts_today,
            (select count(*)::int from incidents where opened_at > now() - interval '24 hours') as opened_today,
            (select count(*)::int from incidents where told_at > now() - interval '24 hours'
              and opened_at > now() - interval '8 days') as told_today,
            (select count(*)::int from dead_letters where replayed_at is null) as dead_letters
          from under_way`,
    ),
  )
  if (!row) throw new Error('An aggregate always has a row.')
  return row
}

/** Changes whenever something is to be seen: a pointer into what is only ever added to. Cheap: one row of an index each. */
export async function pulse(access: Access): Promise<string> {
  const row = await within(access, (query) =>
    query.first(
      z.object({ pulse: z.string() }),
      sql`select concat_ws('/', (select max(id) from transitions), (select max(id) from audit),
            (select max(received_at) from alerts), (select max(created_at) from dead_letters where replayed_at is null))
            as pulse`,
    ),
  )
  return row?.pulse ?? ''
}
