import { z } from 'zod'
import { ownSource } from '../domain/own-alert.ts'
import { type Access, within } from './connection.ts'
import { sql } from './sql.ts'

/** What a source brought in the last 24 hours, and how well what would have been fixed for it agrees with people. */
export const SourceFigures = z.object({
  source: z.string(),
  alerts_last_hour: z.number().int(),
  alerts_last_day: z.number().int(),
  /** Of the last day: not folded, with a reason: a resolve of nothing, pure information, an echo of our own. */
  ignored_last_day: z.number().int(),
  /** Of all fixes that were left to people and can be told of: how many people did the same way, of how many. */
  agreed: z.number().int(),
  compared: z.number().int(),
})
export type SourceFigures = z.infer<typeof SourceFigures>

/** The name of a source as policy speaks of it (domain/alert.ts, sourceKey). */
const key = sql`case when source in ('plain', 'generic') and alert #>> '{labels,reported_source}' <> ''
  then source || '/' || (alert #>> '{labels,reported_source}') else source end`

/** The figures of every source that was heard in the last day, or has been compared. */
export function sourceFigures(access: Access): Promise<SourceFigures[]> {
  return within(access, (query) =>
    query.rows(
      SourceFigures,
      sql`with heard as (
            select ${key} as source, count(*)::int as last_day,
              (count(*) filter (where received_at > now() - interval '1 hour'))::int as last_hour,
              (count(*) filter (where end_state = 'ignored'))::int as ignored
            from alerts where received_at > now() - interval '24 hours' and source <> ${ownSource} group by 1
          ), compared as (
            select ${key} as source, (count(*) filter (where people = 'same'))::int as agreed, count(*)::int as compared
            from shadow_fixes
            join lateral (
              select source, alert from alerts
              where alerts.tenant = shadow_fixes.tenant and alerts.incident = shadow_fixes.incident
              order by received_at limit 1
            ) as first on true
            where people in ('same', 'other') group by 1
          )
          select coalesce(heard.source, compared.source) as source, coalesce(last_hour, 0) as alerts_last_hour,
            coalesce(last_day, 0) as alerts_last_day, coalesce(ignored, 0) as ignored_last_day,
            coalesce(agreed, 0) as agreed, coalesce(compared, 0) as compared
          from heard full join compared on compared.source = heard.source`,
    ),
  )
}
