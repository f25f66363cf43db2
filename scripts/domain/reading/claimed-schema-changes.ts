import type { AlertFact, Asset } from '../alert.ts'
import { oneLine } from '../text.ts'
import { type Claims, present, sentence } from './claim-keys.ts'
import { readTime } from './time.ts'
import { isObject, namesIn, textOf } from './value.ts'

type Change = 'dropped' | 'added' | 'renamed' | 'type_changed'

const changes: readonly Change[] = ['dropped', 'renamed', 'type_changed', 'added']
const changeWords: readonly (readonly [RegExp, Change])[] = [
  [/remov|drop|delet/i, 'dropped'],
  [/renam/i, 'renamed'],
  [/type|cast/i, 'type_changed'],
  [/add|new/i, 'added'],
]

/** Columns that a payload says were dropped, renamed, retyped or added; at most eight. */
export function schemaChanges(asset: Asset | null, claims: Claims): AlertFact[] {
  const by = claims.text('changedBy')
  const moment = claims.find('changedAt', readTime)
  const table = asset?.name ?? claims.text('table')
  if (table === null) return []
  const fact = (change: Change, column: string, before: string | null, after: string | null): AlertFact => ({
    kind: 'schema_change',
    summary: sentence(
      `The alert says that the column ${column} of ${table} was ${change.replace('_', ' ')}`,
      after === null ? null : `to ${after}`,
    ),
    data: present({ table, change, column, before, after, by, at: moment }),
  })
  const listed = changes.flatMap((change) => {
    const value = claims.find(change, (item) =>
      item === null || typeof item === 'boolean' || typeof item === 'number' ? null : item,
    )
    return value === null
      ? []
      : columnsOf(value).map(({ column, before, after }) => fact(change, column, before, after))
  })
  if (listed.length > 0) return listed.slice(0, 8)
  const column = claims.text('column')
  const kind = claims.text('changeKind')
  const change = kind === null ? undefined : changeWords.find(([pattern]) => pattern.test(kind))?.[1]
  if (column === null || change === undefined) return []
  const before = claims.text('oldType')
  return [fact(change, column, before, claims.text('newType'))]
}

/** Columns as a list of names, as a list of `{name, from, to}`, or as `{old: new}`. */
function columnsOf(value: unknown): { column: string; before: string | null; after: string | null }[] {
  const short = (item: unknown) => (isObject(item) ? null : (textOf(item)?.slice(0, 200) ?? null))
  if (isObject(value) && !('name' in value) && !('from' in value)) {
    return Object.entries(value).map(([column, after]) => ({
      column: oneLine(column, 200),
      before: null,
      after: short(after),
    }))
  }
  return (Array.isArray(value) ? value : [value]).flatMap((item: unknown) => {
    if (!isObject(item))
      return namesIn(Array.isArray(item) ? [] : [item]).map((column) => ({
        column: oneLine(column, 200),
        before: null,
        after: null,
      }))
    const pick = (...keys: string[]) => keys.map((key) => short(item[key])).find((text) => text !== null) ?? null
    const column = pick('column', 'column_name', 'name', 'field', 'from', 'old_name')
    return column === null
      ? []
      : [
          {
            column,
            before: pick('before', 'from', 'old', 'old_type', 'type', 'data_type'),
            after: pick('after', 'to', 'new', 'new_type', 'new_name'),
          },
        ]
  })
}
