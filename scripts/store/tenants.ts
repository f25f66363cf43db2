import { z } from 'zod'
import { AppError } from '../lib/errors.ts'
import { type Access, type Store, within } from './connection.ts'
import { sql } from './sql.ts'

const TenantStanding = z.object({
  incidents: z.number(),
  open: z.number(),
  last_alert_at: z.date().nullable(),
})
/** What a tenant has in the store, at a glance. */
export type TenantStanding = z.infer<typeof TenantStanding>

export async function tenantStanding(access: Access): Promise<TenantStanding> {
  const row = await within(access, (query) =>
    query.first(
      TenantStanding,
      sql`select (select count(*)::int from incidents) as incidents,
            (select count(*)::int from incidents where closed_at is null) as open,
            (select max(received_at) from alerts) as last_alert_at`,
    ),
  )
  return TenantStanding.parse(row)
}

const Rows = z.object({ place: z.string(), amount: z.coerce.number() })
/** A table, and how many rows of the tenant it holds. */
export type Rows = z.infer<typeof Rows>

/** The tables that hold rows of the tenant. @param owner a store of the owner's role. */
export function countTenantRows(owner: Store): Promise<Rows[]> {
  return owner.transaction((query) => query.rows(Rows, sql`select place, amount from count_tenant_rows()`))
}

/** So many at once that one statement stays far from its time limit. */
const batch = 5_000
/** More often than this something that still runs has written anew. */
const mostPasses = 5

/**
 * Deletes every row of the tenant, in every table, batch by batch: interrupted, it goes on where it was.
 * @param owner a store of the owner's role; the product's own may not.
 * @param onProgress is told the table and how many rows went so far, of all tables.
 * @returns how many went, by table.
 * @throws AppError E_STORE_…; E_UNEXPECTED when rows keep coming.
 */
export async function deleteTenantRows(
  owner: Store,
  onProgress: (table: string, gone: number) => void,
): Promise<Map<string, number>> {
  const gone = new Map<string, number>()
  let all = 0
  for (let pass = 1; pass <= mostPasses; pass += 1) {
    for (;;) {
      const [done] = await owner.transaction((query) =>
        query.rows(Rows, sql`select place, amount from delete_tenant_rows(${batch})`),
      )
      if (!done) break
      all += done.amount
      gone.set(done.place, (gone.get(done.place) ?? 0) + done.amount)
      onProgress(done.place, all)
    }
    if ((await countTenantRows(owner)).length === 0) return gone
  }
  throw new AppError(
    'E_UNEXPECTED',
    'Rows of the tenant keep coming: something still writes them.',
    'End what still runs of it (a console, a task), and repeat the command.',
  )
}
