import { z } from 'zod'
import { Deadline } from '../domain/sla.ts'
import {
  type Baseline,
  lastAltered,
  mayMean,
  TableChange,
  type TableName,
  TableState,
  tableChanges,
  tableName,
} from '../domain/warehouse.ts'
import { type Access, type Query, within } from './connection.ts'
import { json, sql } from './sql.ts'

/** What was spent on a day is asked about that day only. */
const creditsKeptDays = 9
/** A change this old is news to nobody. */
const changesKeptDays = 90
const rowsKeptDays = 9

/** Keeps how a table is, and what became of it since it was last looked at. Of two at once the second compares anew. */
export function keepTable(
  access: Access,
  system: string,
  state: TableState,
  { promised, now }: { promised: Deadline | null; now: Date },
): Promise<TableChange[]> {
  return within(access, async (query) => {
    const before = await lockTable(query, system, state.name)
    const changes = before ? tableChanges(before.state, state) : []
    const kept = { ...state, lastAltered: lastAltered(state, before, now) }
    await query.run(
      sql`insert into warehouse_tables (tenant, system, name, state, promised, seen_at)
          values (current_setting('dim.tenant'), ${system}, ${state.name}, ${json(kept)}::jsonb,
            ${promised && json(promised)}::jsonb, ${now})
          on conflict (tenant, system, name) do update
          set state = excluded.state, promised = excluded.promised, seen_at = excluded.seen_at`,
    )
    if (state.rows !== null) {
      await query.run(
        sql`insert into warehouse_rows (tenant, system, name, hour, rows)
            values (current_setting('dim.tenant'), ${system}, ${state.name}, date_trunc('hour', ${now}::timestamptz), ${state.rows})
            on conflict (tenant, system, name, hour) do nothing`,
      )
    }
    await note(query, system, state.name, changes, now)
    return changes
  })
}

/** A table that is there no more: noted once, and no longer compared. False when it was not kept. */
export function dropTable(access: Access, system: string, name: string, now: Date): Promise<boolean> {
  return within(access, async (query) => {
    const gone = await query.run(sql`delete from warehouse_tables where system = ${system} and name = ${name}`)
    if (gone > 0) await note(query, system, name, [{ what: 'dropped' }], now)
    return gone > 0
  })
}

/** The names of the tables that are kept of an instance. */
export async function keptTables(access: Access, system: string): Promise<string[]> {
  const rows = await within(access, (query) =>
    query.rows(
      z.object({ name: z.string() }),
      sql`select name from warehouse_tables where system = ${system} order by 1`,
    ),
  )
  return rows.map(({ name }) => name)
}

/** The full names of tables that are kept, or that changed or went since then, and that a name may mean. */
export async function tablesNamed(access: Access, system: string, wanted: TableName, since: Date): Promise<string[]> {
  const rows = await within(access, (query) =>
    query.rows(
      z.object({ name: z.string() }),
      sql`select name from warehouse_tables where system = ${system}
          union select name from warehouse_changes where system = ${system} and at >= ${since} order by 1`,
    ),
  )
  return rows.flatMap(({ name }) => {
    const full = tableName(name)
    return full && mayMean(wanted, full) ? [name] : []
  })
}

async function lockTable(
  query: Query,
  system: string,
  name: string,
): Promise<Pick<Baseline, 'state' | 'seenAt'> | null> {
  const row = await query.first(
    z.object({ state: TableState, seen_at: z.date() }),
    sql`select state, seen_at from warehouse_tables where system = ${system} and name = ${name} for update`,
  )
  return row && { state: row.state, seenAt: row.seen_at }
}

async function note(query: Query, system: string, name: string, changes: readonly TableChange[], now: Date) {
  await query.run(
    sql`insert into warehouse_changes (tenant, system, name, at, change)
        select current_setting('dim.tenant'), ${system}, ${name}, ${now}, item
        from jsonb_array_elements(${json(changes)}::jsonb) as item`,
  )
  await query.run(
    sql`delete from warehouse_changes
        where system = ${system} and at < ${now}::timestamptz - make_interval(days => ${changesKeptDays})`,
  )
  await query.run(
    sql`delete from warehouse_rows
        where system = ${system} and name = ${name} and hour < ${now}::timestamptz - make_interval(days => ${rowsKeptDays})`,
  )
}

const Row = z.object({
  state: TableState,
  seen_at: z.date(),
  promised: Deadline.nullable(),
  rows_before: z.coerce.number().nullable(),
})

/** A table as it was kept, upper and lower case being the same, with its rows a day before `now`. */
export async function tableBefore(access: Access, system: string, name: string, now: Date): Promise<Baseline | null> {
  const row = await within(access, (query) =>
    query.first(
      Row,
      sql`select state, seen_at, promised, coalesce(
            (select rows from warehouse_rows r where r.system = t.system and r.name = t.name
               and hour <= ${now}::timestamptz - interval '24 hours' order by hour desc limit 1),
            (select rows from warehouse_rows r where r.system = t.system and r.name = t.name
               and hour <= ${now}::timestamptz - interval '1 hour' order by hour limit 1)) as rows_before
          from warehouse_tables t where system = ${system} and lower(name) = lower(${name})
          order by name = ${name} desc limit 1`,
    ),
  )
  return row && { state: row.state, seenAt: row.seen_at, promised: row.promised, rowsBefore: row.rows_before }
}

const Changed = z.object({ at: z.date(), change: TableChange })

/** What became of a table since an instant, newest first. */
export function tableChangesOf(access: Access, system: string, name: string, since: Date) {
  return within(access, (query) =>
    query.rows(
      Changed,
      sql`select at, change from warehouse_changes
          where system = ${system} and lower(name) = lower(${name}) and at >= ${since} order by at desc, id limit 50`,
    ),
  )
}

/**
 * Counts what a question may cost to what was spent that day, unless that would be more than `limit`; then nothing is
 * counted, and it is false.
 */
export function spendCredits(
  access: Access,
  system: string,
  { credits, limit, now }: { credits: number; limit: number; now: Date },
): Promise<boolean> {
  return within(access, async (query) => {
    await query.run(
      sql`delete from warehouse_credits
          where system = ${system} and day < ${now}::timestamptz - make_interval(days => ${creditsKeptDays})`,
    )
    const counted = await query.run(
      sql`insert into warehouse_credits as spent (tenant, system, day, credits)
          select current_setting('dim.tenant'), ${system}, (${now}::timestamptz at time zone 'UTC')::date, ${credits}::numeric
          where ${credits}::numeric <= ${limit}::numeric
          on conflict (tenant, system, day) do update set credits = spent.credits + excluded.credits
          where spent.credits + excluded.credits <= ${limit}::numeric`,
    )
    return counted > 0
  })
}
