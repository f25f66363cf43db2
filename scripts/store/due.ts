import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { DueKind } from '../domain/schedule.ts'
import { type Access, type Store, within } from './connection.ts'
import { sql } from './sql.ts'

/** Longer than a turn of the clock may take, so that a row is worked by one turn. */
const leaseMs = 120_000

/** A row whose time has come, held by whoever claimed it. */
const Due = z.object({
  kind: DueKind,
  subject: z.string(),
  due_at: z.date(),
  /** 1 at the first attempt. */
  attempt: z.number().int(),
  lease_token: z.string(),
})
export type Due = z.infer<typeof Due>

/** Runs one turn of the clock, unless another one of this tenant is running: then `busy`. */
export function withClockLock<T>(store: Store, turn: () => Promise<T>): Promise<T | 'busy'> {
  return store.exclusively('clock', turn)
}

/**
 * Plans one row a kind and subject. An existing one is moved, and taken from whoever holds it; with `ifAbsent` it stays.
 */
export async function scheduleDue(
  access: Access,
  row: { kind: DueKind; subject: string; inMs: number; ifAbsent?: boolean },
): Promise<void> {
  const inSeconds = row.inMs / 1000
  await within(access, (query) =>
    query.run(
      sql`insert into due (tenant, kind, subject, due_at)
          values (current_setting('dim.tenant'), ${row.kind}, ${row.subject}, now() + make_interval(secs => ${inSeconds}))
          on conflict (tenant, kind, subject) do update
          set due_at = excluded.due_at, attempt = 0, lease_token = null, lease_until = null
          where not ${row.ifAbsent ?? false}::boolean`,
    ),
  )
}

/** Brings a planned row forward; it is never put off by this. */
export async function hastenDue(access: Access, row: { kind: DueKind; subject: string; inMs: number }): Promise<void> {
  await within(access, (query) =>
    query.run(
      sql`update due set due_at = least(due_at, now() + make_interval(secs => ${row.inMs / 1000}))
          where kind = ${row.kind} and subject = ${row.subject}`,
    ),
  )
}

/** In how many milliseconds the next row of a kind is due, by PostgreSQL's clock, 0 when it is; null when there is none. */
export async function msUntilDue(access: Access, kind: DueKind): Promise<number | null> {
  const row = await within(access, (query) =>
    query.first(
      z.object({ ms: z.number().nullable() }),
      sql`select (min(extract(epoch from due_at - now())) * 1000)::float8 as ms from due
          where kind = ${kind} and (lease_until is null or lease_until <= now())`,
    ),
  )
  return row === null || row.ms === null ? null : Math.max(0, row.ms)
}

/** Claims rows whose time has come, the longest waiting first. A row of a kind that a later release added stays. */
export function claimDue(access: Access, limit: number, kinds: readonly DueKind[] = DueKind.options): Promise<Due[]> {
  return within(access, (query) =>
    query.rows(
      Due,
      // Chosen apart: inside the update, a plan may run the choice once for each row.
      sql`with chosen as materialized (
            select tenant as of_tenant, kind as of_kind, subject as of_subject from due
            where due_at <= now() and (lease_until is null or lease_until <= now()) and kind = any(${kinds})
            order by due_at limit ${limit} for update skip locked
          )
          update due set attempt = attempt + 1, lease_token = ${randomUUID()},
            lease_until = now() + make_interval(secs => ${leaseMs / 1000})
          from chosen where tenant = of_tenant and kind = of_kind and subject = of_subject
          returning kind, subject, due_at, attempt, lease_token`,
    ),
  )
}

/** Removes a claimed row, unless it was planned anew meanwhile. */
export async function finishDue(access: Access, due: Due): Promise<void> {
  await within(access, (query) =>
    query.run(
      sql`delete from due where kind = ${due.kind} and subject = ${due.subject} and lease_token = ${due.lease_token}`,
    ),
  )
}

/** Gives a claimed row back, to be worked later. Its attempts go on counting. */
export async function postponeDue(access: Access, due: Due, inMs: number): Promise<void> {
  await within(access, (query) =>
    query.run(
      sql`update due set due_at = now() + make_interval(secs => ${inMs / 1000}), lease_token = null, lease_until = null
          where kind = ${due.kind} and subject = ${due.subject} and lease_token = ${due.lease_token}`,
    ),
  )
}

/** Removes what is due for a subject: all of it, or some kinds. */
export async function removeDue(
  access: Access,
  subject: string,
  kinds: readonly DueKind[] = DueKind.options,
): Promise<void> {
  await within(access, (query) => query.run(sql`delete from due where subject = ${subject} and kind = any(${kinds})`))
}
