import { z } from 'zod'
import type { Store } from '../../scripts/store/connection.ts'
import { sql } from '../../scripts/store/sql.ts'
import { type Product, until } from './product.ts'

const Account = z.object({
  deliveries: z.number(),
  alerts: z.number(),
  incidents: z.number(),
  decisions: z.number(),
  dead_letters: z.number(),
  /** Alerts in no end state, and deliveries that led to neither an alert nor a dead letter nor an empty list. */
  unfinished: z.number(),
  unsent: z.number(),
})
export type Account = z.infer<typeof Account>

/** What the store holds. */
export async function accountOf(store: Store): Promise<Account> {
  const account = await store.transaction((query) =>
    query.first(
      Account,
      sql`select
        (select count(*)::int from raw_payloads) as deliveries,
        (select count(*)::int from alerts) as alerts,
        (select count(*)::int from incidents) as incidents,
        (select count(*)::int from decisions where decision is not null) as decisions,
        (select count(*)::int from dead_letters) as dead_letters,
        (select count(*)::int from alerts where end_state is null) as unfinished,
        (select count(*)::int from actions where state in ('planned', 'sending', 'unknown') and not_before is not null) as unsent`,
    ),
  )
  return Account.parse(account)
}

/** Waits until so many deliveries are known, every alert of them is in an end state, and nothing is left to send. */
export function endOfAll(product: Product, deliveries = 1): Promise<Account> {
  return until('every alert is in an end state', async () => {
    const account = await accountOf(product.store)
    const done = account.unfinished === 0 && account.unsent === 0 && account.deliveries >= deliveries
    return { done, value: account, seen: JSON.stringify(account) }
  })
}
