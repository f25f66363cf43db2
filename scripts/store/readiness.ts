import { z } from 'zod'
import type { Agreement } from '../domain/readiness.ts'
import { type Access, within } from './connection.ts'
import { sql } from './sql.ts'

const Row = z.object({
  source: z.string(),
  decided: z.number(),
  told: z.number(),
  toldJudged: z.number(),
  toldReal: z.number(),
  quiet: z.number(),
  quietJudged: z.number(),
  quietReal: z.number(),
}) satisfies z.ZodType<Agreement>

/**
 * By source, the most decided first: the decisions of the last days beside people's last word about them. A decision
 * counts once an incident: the one that people spoke of, else the latest.
 */
export function agreements(access: Access, days: number): Promise<Agreement[]> {
  return within(access, (query) =>
    query.rows(
      Row,
      sql`with said as (
            select distinct on (incident) incident, revision, verdict from feedback order by incident, id desc
          ), judged as (
            select incidents.source, decision ->> 'recommended_action' in ('dismiss', 'log_only') as is_quiet,
              verdict is not null as is_judged,
              case verdict when 'right' then (decision ->> 'is_incident')::boolean
                when 'false_alarm' then false else verdict is not null end as is_real
            from incidents
            left join said on said.incident = incidents.id
            join decisions on decisions.tenant = incidents.tenant and decisions.incident = incidents.id
              and decisions.revision = coalesce(said.revision, incidents.revision) and decision is not null
            where opened_at > now() - make_interval(days => ${days}::int) and incidents.source <> 'dim'
          )
          select source, count(*)::int as decided, (count(*) filter (where not is_quiet))::int as told,
            (count(*) filter (where not is_quiet and is_judged))::int as "toldJudged",
            (count(*) filter (where not is_quiet and is_judged and is_real))::int as "toldReal",
            (count(*) filter (where is_quiet))::int as quiet,
            (count(*) filter (where is_quiet and is_judged))::int as "quietJudged",
            (count(*) filter (where is_quiet and is_judged and is_real))::int as "quietReal"
          from judged group by source order by decided desc, source`,
    ),
  )
}
