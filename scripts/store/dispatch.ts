import { z } from 'zod'
import { type Access, within } from './connection.ts'
import { sql } from './sql.ts'

/** For so long, whoever was given an incident is expected to start its analysis. */
const leaseSeconds = 300

/**
 * Undecided, nobody was told to start its analysis lately, and nobody is at it. One that came to no end is begun again
 * at once, then after a minute, three, seven, … an hour.
 */
const isWaiting = sql`closed_at is null
  and (state = 'open' or state = 'analyzing'
    and coalesce(held_until, now()) + make_interval(secs => 60 * least(60, power(2, greatest(analyses, 1) - 1) - 1)) <= now())
  and coalesce(dispatched_until, now()) <= now()
  and not exists (select from quieted where quieted.tenant = incidents.tenant and quieted.incident = incidents.id)`

/**
 * Gives out the next incident whose analysis nobody has started, worst first; nobody else is given it for five minutes.
 * `left`: how many more wait.
 */
export function claimDispatch(access: Access): Promise<{ incident: string | null; left: number }> {
  return within(access, async (query) => {
    const claimed = await query.first(
      z.object({ id: z.string() }),
      // Chosen apart: inside the update, a plan may run the choice once for each row.
      sql`with chosen as materialized (
            select tenant as of_tenant, id as of_id from incidents where ${isWaiting}
            order by array_position(array['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], severity), opened_at
            limit 1 for update skip locked
          )
          update incidents set dispatched_until = now() + make_interval(secs => ${leaseSeconds})
          from chosen where tenant = of_tenant and id = of_id
          returning id`,
    )
    return { incident: claimed?.id ?? null, left: await countUndispatched(query) }
  })
}

/** Marks incidents as given out: the flow that is told of them starts their analysis. */
export async function markDispatched(access: Access, incidents: readonly string[]): Promise<void> {
  await within(access, (query) =>
    query.run(
      sql`update incidents set dispatched_until = now() + make_interval(secs => ${leaseSeconds})
          where id = any(${incidents})`,
    ),
  )
}

/**
 * Gives an incident free to be claimed, when whoever was told to start its analysis has not. Whether it is undecided
 * still.
 */
export async function releaseDispatch(access: Access, incident: string): Promise<boolean> {
  return within(access, async (query) => {
    await query.run(
      sql`update incidents set dispatched_until = null
          where id = ${incident} and (state = 'open' or state = 'analyzing' and coalesce(held_until, now()) <= now())`,
    )
    const undecided = await query.first(
      z.object({}),
      sql`select from incidents where id = ${incident} and state in ('open', 'analyzing')`,
    )
    return undecided !== null
  })
}

/** How many incidents wait for somebody to start their analysis. */
export function countUndispatched(access: Access): Promise<number> {
  return within(access, async (query) => {
    const row = await query.first(
      z.object({ waiting: z.number() }),
      sql`select count(*)::int as waiting from incidents where ${isWaiting}`,
    )
    return row?.waiting ?? 0
  })
}
