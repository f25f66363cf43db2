import { z } from 'zod'
import type { Deadline } from './sla.ts'

/** A table or a view, as its warehouse's own catalogue tells of it. Metadata only: no row of it is read. */
export const TableState = z.object({
  /** `db.schema.table`, as the warehouse spells it. */
  name: z.string(),
  /** Column → its type. */
  columns: z.record(z.string(), z.string()),
  /** Null where the warehouse does not know: a view, a table without statistics. */
  rows: z.number().nullable(),
  /** Null where the warehouse does not keep it; then `stamp` shows it from one look to the next. */
  lastAltered: z.coerce.date().nullable(),
  /** Differs when the table was written to. */
  stamp: z.string().nullable(),
})
export type TableState = z.infer<typeof TableState>

/**
 * A table as a warehouse shows it, or why it does not. `absent`: what stands around it is shown without it. `unseen`:
 * that is not shown either, so it may be gone, or only out of the role's sight. `several`: more than one could be meant.
 * `elsewhere`: it is not looked for here.
 */
export type Sight<T extends object> = T | 'absent' | 'unseen' | 'several' | 'elsewhere'

export function isSeen<T extends object>(sight: Sight<T>): sight is T {
  return typeof sight === 'object'
}

/** A table as it was when it was last looked at. */
export interface Baseline {
  state: TableState
  seenAt: Date
  /** Rows as they were a day before; the oldest that is known within that day. Null while there is none. */
  rowsBefore: number | null
  /** When the catalogue promises it. */
  promised: Deadline | null
}

/** What became of a table from one look to the next. */
export const TableChange = z.discriminatedUnion('what', [
  z.object({ what: z.literal('dropped') }),
  z.object({
    what: z.literal('column'),
    change: z.enum(['added', 'dropped', 'type_changed']),
    column: z.string(),
    before: z.string().nullable(),
    after: z.string().nullable(),
  }),
])
export type TableChange = z.infer<typeof TableChange>

/** What differs between a table as it was and as it is; null: it is there no more. */
export function tableChanges(before: TableState, after: TableState | null): TableChange[] {
  if (after === null) return [{ what: 'dropped' }]
  const was = new Map(Object.entries(before.columns))
  const is = new Map(Object.entries(after.columns))
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((column): TableChange[] => {
    const [from, to] = [was.get(column), is.get(column)]
    if (from === to) return []
    const change = from === undefined ? 'added' : to === undefined ? 'dropped' : 'type_changed'
    return [{ what: 'column', change, column, before: from ?? null, after: to ?? null }]
  })
}

/** Two looks this far apart do not tell when a table was written to in between. */
const lookMs = 15 * 60_000

/** When a table was last written to, from what is known of it and of the look before; null while nobody knows. */
export function lastAltered(
  state: TableState,
  before: Pick<Baseline, 'state' | 'seenAt'> | null,
  now: Date,
): Date | null {
  if (state.lastAltered || !before || state.stamp === null || before.state.stamp === null) return state.lastAltered
  if (state.stamp === before.state.stamp) return before.state.lastAltered
  return now.getTime() - before.seenAt.getTime() <= lookMs ? now : null
}

/** A table's name in parts, as written: unquoted parts compare without regard to case. */
export interface TableName {
  database: string | null
  schema: string | null
  table: string
}

const longestPart = 255
const part = /"((?:[^"]|"")+)"|`([^`]+)`|([^."`]+)/y

/** `db.schema.table`, `schema.table` or `table`, parts in quotes or not; null for what is no table's name. */
export function tableName(text: string): TableName | null {
  const parts: string[] = []
  let at = 0
  const trimmed = text.trim()
  while (parts.length < 4) {
    part.lastIndex = at
    const found = part.exec(trimmed)
    const name = found?.[1]?.replaceAll('""', '"') ?? found?.[2] ?? found?.[3]
    if (!found || name === undefined || name.length > longestPart || name.includes('\0')) return null
    parts.push(name)
    at = part.lastIndex
    if (at === trimmed.length) break
    if (trimmed[at] !== '.') return null
    at += 1
  }
  const [table, schema = null, database = null, more] = parts.toReversed()
  return table === undefined || more !== undefined ? null : { database, schema, table }
}

/** Whether a name may mean a table: it is its full name, or the end of it. */
export function mayMean(name: TableName, full: TableName): boolean {
  const isSame = (one: string | null, other: string | null) => one?.toLowerCase() === other?.toLowerCase()
  return (
    isSame(name.table, full.table) &&
    (name.schema === null || isSame(name.schema, full.schema)) &&
    (name.database === null || isSame(name.database, full.database))
  )
}

/** Parts as one name, so that `tableName` reads them again; only what would be misread stands in quotes. */
export function fullName(parts: readonly string[]): string {
  return parts.map((one) => (/[."`\s]/.test(one) ? `"${one.replaceAll('"', '""')}"` : one)).join('.')
}
