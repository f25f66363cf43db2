import { z } from 'zod'
import { knownExecutions } from '../../store/books.ts'
import type { Query, Store } from '../../store/connection.ts'
import { sql } from '../../store/sql.ts'

const Counts = z.object({
  /** Alerts that were read from the accepted bodies. */
  alerts: z.number(),
  /** Those of them without an end state. */
  open: z.number(),
  incidents: z.number(),
  /** Decisions that an analysis made or proposed, one a revision of an incident. */
  analyses: z.number(),
  messages: z.number(),
  /** Of the messages, those beyond the first to one channel about one incident: a decision after a raw page. */
  followUps: z.number(),
  /** Messages that wait to be sent. */
  unsent: z.number(),
})
type Counts = z.infer<typeof Counts>

/** What the store holds of these executions. */
export interface StormAccount extends Counts {
  /** Accepted executions that are in the store, as dead letters at least. */
  known: number
  deadLetters: number
}

export async function accountOfStorm(store: Store, executions: readonly string[]): Promise<StormAccount> {
  const known = await knownExecutions(store, executions)
  return store.transaction(async (query) => {
    const letters = await countDeadLetters(query, executions)
    return { ...(await countAll(query, executions)), known: known.size, deadLetters: letters }
  })
}

async function countAll(query: Query, executions: readonly string[]): Promise<Counts> {
  const counts = await query.first(
    Counts,
    sql`with own as materialized (select incident, end_state from alerts where raw_id = any(${executions})),
          touched as materialized (select distinct incident as id from own where incident is not null),
          told as materialized (
            select incident, kind, state from actions
            where message is not null and incident in (select id from touched)
          )
        select (select count(*)::int from own) as alerts,
          (select count(*)::int from own where end_state is null) as open,
          (select count(*)::int from touched) as incidents,
          (select count(*)::int from decisions where incident in (select id from touched)) as analyses,
          (select count(*)::int from told where state = 'sent') as messages,
          (select (count(*) - count(distinct (incident, kind)))::int from told where state = 'sent') as "followUps",
          (select count(*)::int from told where state in ('planned', 'sending', 'unknown')) as unsent`,
  )
  return Counts.parse(counts)
}

async function countDeadLetters(query: Query, executions: readonly string[]): Promise<number> {
  const row = await query.first(
    z.object({ count: z.number() }),
    sql`select count(distinct original_id)::int as count from dead_letters
        where original_id = any(${executions}) and replayed_at is null`,
  )
  return row?.count ?? 0
}

/** Accepted bodies and alerts that have come to no end: what may never happen. */
export function lostOf(accepted: number, account: StormAccount): number {
  return accepted - account.known + account.open
}
