import { z } from 'zod'
import type { Store } from '../../store/connection.ts'
import { sql } from '../../store/sql.ts'
import type { StormBody } from './bodies.ts'

/** How long a page for the highest tier may take from the webhook's answer, whatever else there is to do. */
export const longestPageMs = 120_000

/** Of tier 1 in the catalogue that is shipped. */
const asset = { database: 'prod', schema: 'finance', table: 'fct_revenue' }

/** The one alert of a storm that somebody has to be woken for. */
export function pageBody(storm: string, at: Date): StormBody {
  const body = {
    alert_id: `${storm}-page`,
    timestamp: at.toISOString(),
    source: 'storm-page',
    title: `prod.finance.fct_revenue has no rows (${storm})`,
    severity: 'critical',
    description: 'The table that the books are closed from is empty.',
    metric: { name: 'row_count', value: 0, threshold: 1, ...asset },
    related_context: { environment: 'production' },
  }
  return { condition: -1, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

/**
 * When people were first told of the incident that an execution led to, by the store's clock; null while they were not.
 * It is this machine's clock where the store is on this machine.
 */
export async function firstTold(store: Store, execution: string): Promise<Date | null> {
  const row = await store.transaction((query) =>
    query.first(
      z.object({ at: z.date().nullable() }),
      sql`select min(sent_at) as at from actions where message is not null
            and incident in (select incident from alerts where raw_id = ${execution})`,
    ),
  )
  return row?.at ?? null
}
