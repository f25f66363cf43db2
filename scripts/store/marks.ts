import { z } from 'zod'
import { type Access, within } from './connection.ts'
import { json, sql } from './sql.ts'

const Mark = z.object({ at: z.date(), detail: z.record(z.string(), z.unknown()) })
export type Mark = z.infer<typeof Mark>

/** How far something was read, or when it was last done; null when it never was. */
export function loadMark(access: Access, name: string): Promise<Mark | null> {
  return within(access, (query) => query.first(Mark, sql`select at, detail from marks where name = ${name}`))
}

/** Sets a mark; one of a time keeps no other beside it. */
export async function saveMark(
  access: Access,
  name: string,
  at: Date,
  detail: Record<string, unknown> = {},
): Promise<void> {
  await within(access, (query) =>
    query.run(
      sql`insert into marks (tenant, name, at, detail)
          values (current_setting('dim.tenant'), ${name}, ${at}, ${json(detail)})
          on conflict (tenant, name) do update set at = excluded.at, detail = excluded.detail`,
    ),
  )
}

/**
 * Holds a mark as a lease, by PostgreSQL's clock: true when nobody else holds it. It is given back by time alone, so that
 * one who died gives it back too.
 */
export async function holdMark(access: Access, name: string, forMs: number): Promise<boolean> {
  const until = sql`now() + make_interval(secs => ${forMs / 1000})`
  const held = await within(access, (query) =>
    query.run(
      sql`insert into marks (tenant, name, at, detail)
          values (current_setting('dim.tenant'), ${name}, ${until}, '{}')
          on conflict (tenant, name) do update set at = excluded.at where marks.at <= now()`,
    ),
  )
  return held > 0
}

/** Gives a lease back before its time. */
export async function giveBackMark(access: Access, name: string): Promise<void> {
  await within(access, (query) => query.run(sql`update marks set at = least(at, now()) where name = ${name}`))
}
