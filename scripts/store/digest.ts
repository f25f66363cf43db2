import { z } from 'zod'
import { Severity } from '../domain/alert.ts'
import { type DigestContent, type DigestPart, digestParts } from '../domain/digest.ts'
import type { Access } from './connection.ts'
import { within } from './connection.ts'
import { sql } from './sql.ts'

const parts = digestParts.map(([part]) => part)

const Row = z.object({
  part: z.enum(parts),
  count: z.number().int(),
  incident: z.string(),
  severity: Severity,
  title: z.string(),
  why: z.string(),
})

/** Of each part so many are named, worst first, then the latest. */
const mostOfAPart = 10

/** What is open, and what was kept from people since then, each with why. */
export function digestContent(access: Access, since: Date): Promise<DigestContent> {
  return within(access, async (query) => {
    const rows = await query.rows(
      Row,
      sql`with held as (
            select incidents.*, quieted.kind, quieted.reason from incidents
            left join quieted on quieted.tenant = incidents.tenant and quieted.incident = incidents.id
            where closed_at is null and state not in ('dismissed', 'logged')
          ), waiting as (
            select id, severity, title, opened_at,
              case when kind = 'silence' then 'silenced' when kind is not null then 'held'
                when acknowledged_revision = revision then 'taken' else 'unacknowledged' end as part,
              coalesce(reason, case when acknowledged_revision = revision then 'taken on by ' || acknowledged_by
                else state end || ', since ' || to_char(opened_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC') as why
            from held
          ), decided as (
            select id, incidents.severity, title, opened_at,
              case when decision ->> 'recommended_action' = 'dismiss' then 'dismissed' else 'logged' end as part,
              concat_ws('; ', decision ->> 'root_cause', 'by ' || coalesce('rule ' || (record ->> 'rule'), model),
                case when decision ->> 'mode' <> 'act' then 'mode ' || (decision ->> 'mode') end) as why
            from decisions join incidents
              on incidents.tenant = decisions.tenant and incidents.id = decisions.incident
                and incidents.revision = decisions.revision
            where decisions.decided_at >= ${since} and not superseded and told_at is null
              and decision ->> 'recommended_action' in ('dismiss', 'log_only')
          ), ranked as (
            select *, (count(*) over (partition by part))::int as count, row_number() over (
              partition by part order by array_position(array['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], severity),
                opened_at desc, id) as nth
            from (select * from waiting union all select * from decided) as all_of_them
          )
          select part, count, id as incident, severity, title, why from ranked
          where nth <= ${mostOfAPart} order by nth`,
    )
    return {
      lines: rows.map(({ count: _count, ...line }) => line),
      counts: new Map<DigestPart, number>(rows.map(({ part, count }) => [part, count])),
    }
  })
}
