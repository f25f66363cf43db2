import { z } from 'zod'
import { type Access, within } from './connection.ts'
import { inSpan, type Span } from './incident-list.ts'
import { sql } from './sql.ts'

/** A monitor's rule: one condition that it watches, by the title of its latest incident. */
export const Noisy = z.object({
  title: z.string(),
  source: z.string(),
  alerts: z.number().int(),
  incidents: z.number().int(),
  told: z.number().int(),
  /** Its latest incident. */
  latest: z.string(),
})
export type Noisy = z.infer<typeof Noisy>

/** The rules that brought the most alerts in a span, and how many incidents and messages came of them. */
export function noisiestRules(access: Access, span: Span): Promise<Noisy[]> {
  return within(access, (query) =>
    query.rows(
      Noisy,
      sql`select (array_agg(title order by opened_at desc))[1] as title, min(source) as source,
            sum(occurrences)::int as alerts, count(*)::int as incidents, count(told_at)::int as told,
            (array_agg(id order by opened_at desc))[1] as latest
          from incidents where ${inSpan(span)}
          group by fingerprint order by sum(occurrences) desc, latest limit 10`,
    ),
  )
}
