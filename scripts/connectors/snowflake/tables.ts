import { z } from 'zod'
import { fullName, isSeen, type Sight, type TableName, type TableState } from '../../domain/warehouse.ts'
import { AppError } from '../../lib/errors.ts'
import { tryParseJson } from '../../lib/json.ts'
import type { FoundTable } from '../warehouse/warehouse.ts'
import type { AskRows } from './session.ts'

/** What SHOW tells needs no warehouse that runs, and costs nothing. It tells no more rows than this. */
const mostShown = 10_000
/** Up to so many tables of a schema are asked for their columns one by one. */
const fewTables = 4
/** Statements under way at once. */
const atOnce = 6

const Shown = z.object({
  database_name: z.string(),
  schema_name: z.string(),
  name: z.string(),
  created_on: z.coerce.date().nullish(),
  rows: z.coerce.number().nullish(),
  bytes: z.coerce.number().nullish(),
  kind: z.string().nullish(),
})
type Shown = z.infer<typeof Shown>

const Column = z.object({ table_name: z.string(), column_name: z.string(), data_type: z.string() })

/** A table as Snowflake spells its name. */
export interface Found extends FoundTable {
  database: string
  schema: string
  table: string
}

/**
 * The one table or view that each name means, in the order of the names. A name without a database is looked for in
 * `database`. What its role may not see looks like what is not there: a table is absent only where others are shown.
 */
export async function findTables(
  ask: AskRows,
  names: readonly TableName[],
  database: string | null,
): Promise<Sight<Found>[]> {
  const places = new Map<string, Promise<Shown[]>>()
  const shown = await inTurns(names, async (name): Promise<Sight<Shown>> => {
    const where = name.database ?? database
    if (where === null) return 'elsewhere'
    const parts = [where, name.schema].filter((part) => part !== null)
    const place = asWritten(parts)
    const known = places.get(place) ?? objectsIn(ask, parts)
    places.set(place, known)
    const all = await known
    const sight = theOne(all, name)
    if (sight !== 'absent' || (all.length > 0 && all.length < mostShown)) return sight
    // There are more than are shown.
    return (all.length > 0 && name.schema !== null && (await byName(ask, [...parts, name.table]))) || 'unseen'
  })
  const columns = await columnsOf(ask, [...new Set(shown.filter(isSeen))])
  return shown.map((one) => {
    if (!isSeen(one)) return one
    const found = columns.get(one)
    return found ? { ...placeOf(one), state: stateOf(one, found) } : 'unseen'
  })
}

const Placed = z.object({ database_name: z.string(), schema_name: z.string(), table_name: z.string() })

/** A table whose place holds more than is shown, by its columns: its rows are not told like this. */
async function byName(ask: AskRows, parts: readonly string[]): Promise<Shown | null> {
  for (const place of new Set([asWritten(parts), quoted(parts)])) {
    const [one] = await orNone(ask(Placed, 'show columns in table identifier(?)', [place]))
    if (one) return { database_name: one.database_name, schema_name: one.schema_name, name: one.table_name }
  }
  return null
}

/** Tables and views of a database or a schema; none where it is not there, or not shown. */
async function objectsIn(ask: AskRows, parts: readonly string[]): Promise<Shown[]> {
  const text = `show objects in ${parts.length === 1 ? 'database' : 'schema'} identifier(?)`
  for (const place of new Set([asWritten(parts), quoted(parts)])) {
    const found = await orNone(ask(Shown, text, [place]))
    if (found.length > 0) return found
  }
  return []
}

function theOne(shown: readonly Shown[], name: TableName): Sight<Shown> {
  const alike = shown.filter(
    (one) => isSame(one.name, name.table) && (name.schema === null || isSame(one.schema_name, name.schema)),
  )
  if (alike.length <= 1) return alike[0] ?? 'absent'
  // Two that differ by case only: the one that needs no quotes.
  const plain = alike.filter((one) => one.name === name.table.toUpperCase())
  const exact = alike.filter((one) => one.name === name.table)
  return [exact, plain].find((some) => some.length === 1)?.[0] ?? 'several'
}

/** Column → type, of each. What changed while it was looked at, or is too much to be shown whole, is not there. */
async function columnsOf(ask: AskRows, tables: readonly Shown[]): Promise<Map<Shown, Record<string, string>>> {
  const found = new Map<Shown, Record<string, string>>()
  const bySchema = Map.groupBy(tables, (one) => quoted([one.database_name, one.schema_name]))
  await inTurns([...bySchema], async ([, some]) => {
    const [first] = some
    if (first && some.length > fewTables) {
      const place = identifierOf([first.database_name, first.schema_name])
      const all = await ask(Column, 'show columns in schema identifier(?)', [place])
      if (all.length < mostShown) {
        for (const one of some) found.set(one, typesOf(all.filter(({ table_name: name }) => name === one.name)))
        return
      }
    }
    for (const one of some) {
      const place = identifierOf([one.database_name, one.schema_name, one.name])
      found.set(one, typesOf(await ask(Column, 'show columns in table identifier(?)', [place])))
    }
  })
  return found
}

function stateOf(one: Shown, columns: Record<string, string>): TableState {
  const { rows = null, bytes = null, created_on: made } = one
  return {
    name: fullName([one.database_name, one.schema_name, one.name]),
    columns,
    rows: one.kind === 'VIEW' ? null : rows,
    lastAltered: null,
    // A view is not written to.
    stamp: rows === null || one.kind === 'VIEW' ? null : [made?.getTime() ?? '', rows, bytes ?? ''].join(':'),
  }
}

/** Snowflake's own, which nobody's business is in. */
const notOurs: ReadonlySet<string> = new Set(['SNOWFLAKE', 'SNOWFLAKE_SAMPLE_DATA'])
const mostLarge = 200

/** The largest tables of a database, or of all that its role sees, by rows. Takes no warehouse that runs. */
export async function largestTables(ask: AskRows, database: string | null): Promise<{ name: string; rows: number }[]> {
  const shown = await (database === null ? ask(Shown, 'show tables in account') : tablesOf(ask, database))
  return shown
    .filter((one) => !notOurs.has(one.database_name))
    .map((one) => ({ name: stateOf(one, {}).name, rows: one.rows ?? 0 }))
    .toSorted((a, b) => b.rows - a.rows || a.name.localeCompare(b.name))
    .slice(0, mostLarge)
}

async function tablesOf(ask: AskRows, database: string): Promise<Shown[]> {
  const shown = (place: string) => ask(Shown, 'show tables in database identifier(?)', [place])
  try {
    return await shown(asWritten([database]))
  } catch (thrown) {
    if (!isDenied(thrown)) throw thrown
    return shown(quoted([database]))
  }
}

const Altered = z.object({ row_count: z.coerce.number().nullable(), last_altered: z.coerce.date().nullable() })

/** With when it was last written to, which only a warehouse that runs can tell. The session is in its database. */
export async function withLastAltered(ask: AskRows, found: Found): Promise<Found> {
  const [row] = await ask(
    Altered,
    `select row_count, last_altered from information_schema.tables
     where table_catalog = ? and table_schema = ? and table_name = ?`,
    [found.database, found.schema, found.table],
  )
  if (!row) return found
  const { row_count: rows, last_altered: lastAltered } = row
  return { ...found, state: { ...found.state, rows: rows ?? found.state.rows, lastAltered } }
}

const DataType = z.looseObject({
  type: z.string(),
  precision: z.number().nullish(),
  scale: z.number().nullish(),
  length: z.number().nullish(),
})
/** What Snowflake calls its types where it does not show them to people. */
const typeNames: Readonly<Record<string, string>> = { FIXED: 'NUMBER', TEXT: 'VARCHAR', REAL: 'FLOAT' }

function typesOf(columns: readonly z.infer<typeof Column>[]): Record<string, string> {
  return Object.fromEntries(columns.map(({ column_name: name, data_type: type }) => [name, typeOf(type)]))
}

function typeOf(text: string): string {
  const parsed = DataType.safeParse(tryParseJson(text))
  if (!parsed.success) return text
  const { type, precision, scale, length } = parsed.data
  const name = typeNames[type] ?? type
  if (type === 'FIXED') return `${name}(${precision ?? 38},${scale ?? 0})`
  if (type === 'TEXT' || type === 'BINARY') return length == null ? name : `${name}(${length})`
  return type.startsWith('TIME') && scale != null ? `${name}(${scale})` : name
}

/** The name of a thing that was shown: what stands in capitals means itself, all else is quoted. */
function identifierOf(parts: readonly string[]): string {
  return parts.map((one) => (/^[A-Z_][A-Z0-9_$]*$/.test(one) ? one : quoted([one]))).join('.')
}

/** The name of a thing as people write it: what could stand without quotes means what stands in capitals. */
export function asWritten(parts: readonly string[]): string {
  return parts.map((one) => (/^[a-z_][a-z0-9_$]*$/i.test(one) ? one.toUpperCase() : quoted([one]))).join('.')
}

function quoted(parts: readonly string[]): string {
  return parts.map((one) => `"${one.replaceAll('"', '""')}"`).join('.')
}

function placeOf(one: Shown): Pick<Found, 'database' | 'schema' | 'table'> {
  return { database: one.database_name, schema: one.schema_name, table: one.name }
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/** What is not there, and what the role may not see, look the same from outside. */
async function orNone<T>(answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer
  } catch (thrown) {
    if (isDenied(thrown)) return []
    throw thrown
  }
}

function isDenied(thrown: unknown): boolean {
  return thrown instanceof AppError && thrown.code === 'E_ACCESS_DENIED'
}

async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let at = 0; at < items.length; at += atOnce) {
    results.push(...(await Promise.all(items.slice(at, at + atOnce).map(work))))
  }
  return results
}
