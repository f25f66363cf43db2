import { z } from 'zod'
import { type Access, within } from './connection.ts'
import { sql } from './sql.ts'

const Count = z.object({ count: z.number().int() })

/**
 * Empties bodies that came so many days ago, oldest first, and dead letters that were replayed so many days ago. A body
 * that holds an alert without an end, or that could not be read and was not replayed, stays. How many were emptied.
 */
export function clearBodies(access: Access, days: number, limit: number): Promise<number> {
  return within(access, async (query) => {
    const row = await query.first(Count, sql`select clear_bodies(${days}::int, ${limit}::int) as count`)
    return row?.count ?? 0
  })
}

/** Drops the evidence of incidents that were closed so many days ago. How many facts. */
export function dropEvidence(access: Access, days: number, limit: number): Promise<number> {
  return within(access, (query) =>
    query.run(
      sql`delete from evidence where incident in (
            select id from incidents as closed where closed_at < now() - make_interval(days => ${days}::int)
              and exists (select from evidence where incident = closed.id)
            order by closed_at limit ${limit}
          )`,
    ),
  )
}

/** Removes incidents that were closed so many days ago, with all that belongs to them. How many. */
export function retireIncidents(access: Access, days: number, limit: number): Promise<number> {
  return within(access, async (query) => {
    const row = await query.first(Count, sql`select retire_incidents(${days}::int, ${limit}::int) as count`)
    return row?.count ?? 0
  })
}

/** Removes deliveries of that age that belong to no incident (any more). How many. */
export function retireDeliveries(access: Access, days: number, limit: number): Promise<number> {
  return within(access, async (query) => {
    const row = await query.first(Count, sql`select retire_deliveries(${days}::int, ${limit}::int) as count`)
    return row?.count ?? 0
  })
}

/** Removes messages of that age that belong to no incident: digests. How many. */
export function retireMessages(access: Access, days: number, limit: number): Promise<number> {
  return within(access, async (query) => {
    const row = await query.first(Count, sql`select retire_messages(${days}::int, ${limit}::int) as count`)
    return row?.count ?? 0
  })
}
