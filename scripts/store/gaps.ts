import { z } from 'zod'
import { Asset } from '../domain/alert.ts'
import { type Access, within } from './connection.ts'
import { sql } from './sql.ts'

const Alerted = z.object({
  asset: Asset,
  environment: z.string().nullable(),
  alerts: z.number(),
  incidents: z.number(),
  last: z.date(),
})
/** An asset that alerts were about. */
export type Alerted = z.infer<typeof Alerted>

/** The assets that fired within so many days, most alerts first, 5,000 at most. */
export function alertedAssets(access: Access, days: number): Promise<Alerted[]> {
  return within(access, (query) =>
    query.rows(
      Alerted,
      sql`select (array_agg(alert -> 'asset' order by received_at desc))[1] as asset, alert ->> 'environment' as environment,
            count(*)::int as alerts, count(distinct incident)::int as incidents, max(received_at) as last
          from alerts
          where asset_key is not null and status = 'firing' and jsonb_typeof(alert -> 'asset') = 'object'
            and received_at >= now() - make_interval(days => ${days})
          group by asset_key, alert ->> 'environment'
          order by alerts desc, last desc limit 5000`,
    ),
  )
}
