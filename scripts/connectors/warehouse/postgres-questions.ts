import { z } from 'zod'
import { fullName, type Sight, type TableName, type TableState } from '../../domain/warehouse.ts'
import { AppError } from '../../lib/errors.ts'
import type { Lock } from './evidence.ts'
import type { AskRows } from './postgres-session.ts'

/** Every text here is a constant: what comes from outside is a value. All of it is catalogue, no table is read. */

const Relation = z.object({
  oid: z.coerce.number(),
  schema: z.string(),
  table: z.string(),
  stamp: z.string().nullable(),
  rows: z.coerce.number().nullable(),
  columns: z.record(z.string(), z.string()),
})

/** A table's oid and name, and what is known of it. */
export interface Found {
  oid: number
  schema: string
  table: string
  state: TableState
}

/**
 * A table's rows are those of its partitions. `n_live_tup` counts from the last crash on, so a table that nothing has
 * looked at since is judged by what its last analysis left. `pg_stat_*` takes no lock, which a size would.
 */
const relations = `
with recursive named as (
  select c.oid, n.nspname, c.relname, c.relkind
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and lower(c.relname) = any($1::text[])
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and n.nspname not like 'pg\\_temp\\_%'
    and not c.relispartition
  order by c.oid limit 2000
), parts (root, oid) as (
  select oid, oid from named
  union
  select parts.root, i.inhrelid from parts join pg_inherits i on i.inhparent = parts.oid
), counted as (
  select parts.root,
    string_agg(c.oid || ':' || c.relfilenode || ':' || coalesce(s.n_tup_ins + s.n_tup_upd + s.n_tup_del, 0), ','
      order by c.oid) as stamp,
    sum(case
      when coalesce(s.last_analyze, s.last_autoanalyze, s.last_vacuum, s.last_autovacuum) is not null then s.n_live_tup
      when c.reltuples > 0 then greatest(c.reltuples, s.n_live_tup)
      when s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0 then s.n_live_tup
    end) filter (where c.relkind in ('r', 'm')) as rows
  from parts join pg_class c on c.oid = parts.oid left join pg_stat_all_tables s on s.relid = c.oid
  where c.relkind in ('r', 'm')
  group by parts.root
)
select named.oid, named.nspname as schema, named.relname as table, md5(counted.stamp) as stamp,
  round(counted.rows)::bigint as rows,
  coalesce((
    select jsonb_object_agg(a.attname, format_type(a.atttypid, a.atttypmod)) from pg_attribute a
    where a.attrelid = named.oid and a.attnum > 0 and not a.attisdropped
  ), '{}') as columns
from named left join counted on counted.root = named.oid`

/** The database that is asked, with what it and the asking role are. */
const Place = z.object({ database: z.string(), role: z.string(), version: z.string(), sees_all: z.boolean() })
export type Place = z.infer<typeof Place>

export async function findPlace(ask: AskRows): Promise<Place> {
  const [place] = await ask(
    Place,
    `select current_database() as database, current_user as role, current_setting('server_version') as version,
       pg_has_role('pg_read_all_stats', 'usage') as sees_all`,
  )
  if (!place) throw new AppError('E_HTTP_ANSWER', 'It does not say what it is.', 'Use PostgreSQL 13 or newer.')
  return place
}

/** The tables that any of these names may mean, in the database that is asked. */
export async function findTables(ask: AskRows, { database }: Place, names: readonly TableName[]): Promise<Found[]> {
  const here = names.filter((name) => name.database === null || isSame(name.database, database))
  if (here.length === 0) return []
  const rows = await ask(Relation, relations, [[...new Set(here.map(({ table }) => table.toLowerCase()))]])
  return rows
    .map(({ oid, schema, table, stamp, rows: count, columns }) => ({
      oid,
      schema,
      table,
      state: { name: fullName([database, schema, table]), columns, rows: count, lastAltered: null, stamp },
    }))
    .filter((one) => here.some((name) => means(name, one)))
}

const Large = z.object({ database: z.string(), schema: z.string(), table: z.string(), rows: z.coerce.number() })

/** The tables with the most rows, 200 at most; a partition counts for its table. */
export async function largestTables(ask: AskRows): Promise<{ name: string; rows: number }[]> {
  const found = await ask(
    Large,
    `select current_database() as database, n.nspname as schema, c.relname as table,
       greatest(c.reltuples, coalesce(s.n_live_tup, 0), 0)::bigint as rows
     from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_stat_all_tables s on s.relid = c.oid
     where c.relkind in ('r', 'p', 'm') and not c.relispartition and n.nspname !~ '^(pg_|information_schema$)'
     order by rows desc, n.nspname, c.relname limit 200`,
  )
  return found.map(({ database, schema, table, rows }) => ({ name: fullName([database, schema, table]), rows }))
}

/** The one table that a name means. What is there is shown to every role, so what is not shown is not there. */
export function theOne(found: readonly Found[], { database }: Place, name: TableName): Sight<Found> {
  if (name.database !== null && !isSame(name.database, database)) return 'elsewhere'
  const alike = found.filter((one) => means(name, one))
  if (alike.length <= 1) return alike[0] ?? 'absent'
  // Two that differ by case only: as it is written.
  const exact = alike.filter((one) => one.table === name.table && (name.schema === null || one.schema === name.schema))
  return (exact.length === 1 ? exact[0] : undefined) ?? 'several'
}

function means(name: TableName, { schema, table }: Pick<Found, 'schema' | 'table'>): boolean {
  return isSame(name.table, table) && (name.schema === null || isSame(name.schema, schema))
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

const HeldLock = z.object({
  pid: z.number(),
  holder: z.string().nullable(),
  application: z.string().nullable(),
  state: z.string().nullable(),
  query: z.string().nullable(),
  mode: z.string(),
  held_s: z.coerce.number().nullable(),
  waiting: z.coerce.number(),
})

/**
 * The locks on a table or its partitions that somebody waits for, that keep readers or writers out, or that a session
 * holds which does nothing. A session's strongest counts.
 */
const locks = `
with recursive parts (oid) as (
  select $1::oid union select i.inhrelid from parts join pg_inherits i on i.inhparent = parts.oid
), waiting as (
  select pid, pg_blocking_pids(pid) as blockers from (select distinct pid from pg_locks where not granted limit 200) as w
), held as (
  select l.pid, l.mode,
    array_position(array['AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock',
      'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'], l.mode) as strength
  from pg_locks l
  where l.locktype = 'relation' and l.granted and l.pid <> pg_backend_pid() and l.relation in (select oid from parts)
    and l.database = (select oid from pg_database where datname = current_database())
), strongest as (
  select distinct on (pid) pid, mode, strength from held order by pid, strength desc
)
select s.pid, a.usename as holder, a.application_name as application, a.state, a.query, s.mode,
  extract(epoch from clock_timestamp() - a.xact_start) as held_s,
  (select count(*) from waiting w where s.pid = any(w.blockers)) as waiting
from strongest s left join pg_stat_activity a on a.pid = s.pid
where s.strength >= 5 or a.state like 'idle in transaction%' and s.strength >= 3
  or exists (select from waiting w where s.pid = any(w.blockers))
order by waiting desc, held_s desc nulls last limit 10`

export async function findLocks(ask: AskRows, { oid, state: { name } }: Found): Promise<Lock[]> {
  const found = await ask(HeldLock, locks, [oid])
  return found.map(({ pid, holder, application, state, query, mode, held_s, waiting }) => {
    const isIdle = state?.startsWith('idle') ?? false
    return {
      table: name,
      holder: [holder, application].filter(Boolean).join(' with ') || null,
      mode,
      heldSeconds: held_s ?? 0,
      statement: isIdle ? null : (query ?? 'not shown'),
      lastStatement: isIdle ? query : null,
      waiting,
      session: String(pid),
    }
  })
}
