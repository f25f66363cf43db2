import { z } from 'zod'
import { type Access, within } from './connection.ts'
import { sql } from './sql.ts'

/** How often a channel may be used: once in `everyMs` in the long run, `burst` times at once after a pause. */
export interface Pace {
  everyMs: number
  burst: number
}

/**
 * Asks for a turn on a channel, whoever else sends by it. 0: it is granted and counted; else nothing is counted, and
 * after so many milliseconds there may be one.
 */
export function takeTurn(access: Access, channel: string, { everyMs, burst }: Pace): Promise<number> {
  const every = everyMs / 1000
  const ahead = (everyMs * (burst - 1)) / 1000
  return within(access, async (query) => {
    const granted = await query.run(
      sql`insert into paces as pace (tenant, channel, used_until)
          values (current_setting('dim.tenant'), ${channel}, now() + make_interval(secs => ${every}))
          on conflict (tenant, channel) do update
          set used_until = greatest(pace.used_until, now()) + make_interval(secs => ${every})
          where pace.used_until <= now() + make_interval(secs => ${ahead})`,
    )
    if (granted === 1) return 0
    const row = await query.first(
      z.object({ wait: z.number() }),
      sql`select (extract(epoch from used_until - now()) * 1000)::float as wait from paces where channel = ${channel}`,
    )
    return Math.max(1, Math.ceil((row?.wait ?? 0) - ahead * 1000))
  })
}

/** The channel asks for a pause: nobody has a turn before it is over. */
export async function holdBack(
  access: Access,
  channel: string,
  forMs: number,
  { everyMs, burst }: Pace,
): Promise<void> {
  const until = (forMs + everyMs * (burst - 1)) / 1000
  await within(access, (query) =>
    query.run(
      sql`insert into paces as pace (tenant, channel, used_until)
          values (current_setting('dim.tenant'), ${channel}, now() + make_interval(secs => ${until}))
          on conflict (tenant, channel) do update set used_until = greatest(pace.used_until, excluded.used_until)`,
    ),
  )
}
