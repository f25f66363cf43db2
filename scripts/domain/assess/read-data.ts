import type { EvidenceOf } from '../evidence.ts'
import { classifyFailure, spellFailure } from './failure-class.ts'
import { type Reading, relationOfData, type View } from './finding.ts'
import { instantOf } from './service-level.ts'

export function readModel(item: EvidenceOf<'dbt_model'>, view: View): Reading | null {
  const { data } = item
  const common = { relation: relationOfData(item, data.unique_id, view), target: data.unique_id }
  const failure = classifyFailure(data.message) ?? classifyFailure(item.summary)
  if (data.status === 'error' || data.status === 'fail') {
    return {
      ...common,
      failure,
      sign: 'model_failed',
      says: `model ${data.unique_id} failed${failure ? `: ${spellFailure(failure)}` : ''}`,
    }
  }
  const isNewer = instantOf(item.observed_at, view.now) ?? 0
  return data.status === 'success' && isNewer >= view.began
    ? { ...common, sign: 'recovered', says: `model ${data.unique_id} was built since the alert: recovered` }
    : null
}

export function readTest(item: EvidenceOf<'dbt_test'>, view: View): Reading | null {
  const { data } = item
  const relation = relationOfData(item, null, view)
  const rows = data.failures ? ` with ${data.failures} rows` : ''
  const column = data.column ? ` on column ${data.column}` : ''
  const what = `test ${data.unique_id}${column}`
  switch (data.status) {
    case 'fail':
      return { relation, sign: 'test_failed', says: `${what} failed${rows}: the data is wrong` }
    case 'error':
    case 'runtime error': {
      const failure = classifyFailure(data.message)
      return {
        relation,
        failure,
        sign: 'test_failed',
        says: `${what} could not run${failure ? `: ${spellFailure(failure)}` : ''}`,
      }
    }
    case 'warn':
      return { relation, sign: 'test_warned', says: `${what} warned${rows}` }
    case 'pass':
      return { relation, sign: 'recovered', says: `${what} passes` }
    default:
      return null
  }
}

export function readFreshness(item: EvidenceOf<'source_freshness'>, view: View): Reading | null {
  const { data } = item
  const stands = relationOfData(item, data.source, view)
  // A source is above something by its nature; where no lineage says above what, it was asked for this incident.
  const relation = stands === 'other' && view.around.upstream.length === 0 ? 'upstream' : stands
  const age = data.age_hours ?? null
  const says = `source ${data.source}${age === null ? '' : ` is ${round(age)} hours old`}`
  const isLate =
    data.status === 'error' ||
    data.status === 'runtime error' ||
    (age !== null && data.error_after_hours != null && age >= data.error_after_hours)
  if (isLate) return { relation, sign: 'data_late', says: `${says}: late or missing at the upstream source` }
  if (data.status === 'warn') return { relation, sign: 'data_aging', says: `${says}: late, not yet over its limit` }
  return data.status === 'pass' ? { relation, sign: 'recovered', says: `${says}: fresh` } : null
}

/** A table that lost this share of its rows lost data; one that grew by this factor holds rows twice. */
const lossShare = 0.7
const growthFactor = 1.8
/** A refresh counts for a deadline when it came at most this long before it. */
const refreshReach = 12 * 3_600_000

export function readTable(item: EvidenceOf<'table_state'>, view: View): Reading | null {
  const { data } = item
  const common = { relation: relationOfData(item, data.table, view), target: data.table }
  const rows = data.row_count ?? null
  const before = data.previous_row_count ?? null
  if (rows !== null && (rows === 0 || (before !== null && rows < before * lossShare))) {
    const says = `table ${data.table} has ${rows} rows, before ${before ?? 'unknown'}: rows are missing (volume drop, data loss)`
    return { ...common, sign: 'data_lost', says }
  }
  if (rows !== null && before !== null && before > 0 && rows > before * growthFactor) {
    const says = `table ${data.table} has ${rows} rows, before ${before}: rows multiplied (duplicates or fan-out)`
    return { ...common, sign: 'data_multiplied', says }
  }
  const due = instantOf(data.expected_by, view.now)
  const altered = instantOf(data.last_altered, view.now)
  if (due !== null) {
    if (altered !== null && altered > due - refreshReach) {
      return { ...common, sign: 'recovered', says: `table ${data.table} was refreshed at ${data.last_altered}: fresh` }
    }
    return due > view.now.getTime()
      ? { ...common, sign: 'not_due', says: `table ${data.table} is expected by ${data.expected_by}: not due yet` }
      : {
          ...common,
          sign: 'data_late',
          says: `table ${data.table} was expected by ${data.expected_by}: late (stale, not fresh)`,
        }
  }
  const isAsBefore = rows !== null && before !== null && before > 0 && rows >= before * 0.85 && rows <= before * 1.2
  if (isAsBefore && view.alerts.every(({ category }) => category === 'volume')) {
    return {
      ...common,
      sign: 'within_normal',
      says: `table ${data.table} holds ${rows} rows, before ${before}: as usual`,
    }
  }
  const isSteady = rows !== null && before !== null && altered !== null && altered >= view.began
  return isSteady ? { ...common, sign: 'recovered', says: `table ${data.table} was refreshed with ${rows} rows` } : null
}

export function readSchemaChange(item: EvidenceOf<'schema_change'>, view: View): Reading | null {
  const { data } = item
  const relation = relationOfData(item, data.table, view)
  const column = data.column ? ` column ${data.column}` : ''
  const from = data.before && data.after ? ` from ${data.before} to ${data.after}` : ''
  const by = data.by ? ` by ${data.by}` : ''
  const says = `schema change on ${data.table}:${column} ${data.change.replace('_', ' ')}${from}${by}`
  const breaks = data.change !== 'added' && !(data.change === 'type_changed' && isWidening(data.before, data.after))
  return { relation, sign: breaks ? 'schema_broken' : 'schema_grown', says, target: data.table }
}

const widths: readonly (readonly string[])[] = [
  ['tinyint', 'smallint', 'int2', 'int', 'integer', 'int4', 'bigint', 'int8'],
  ['real', 'float4', 'float', 'double', 'double precision', 'float8'],
]

/** Whether every value of the old type is one of the new. */
function isWidening(before: string | null | undefined, after: string | null | undefined): boolean {
  const [from, to] = [before, after].map((type) => (type ?? '').toLowerCase().trim())
  if (!from || !to) return false
  for (const order of widths) {
    if (order.includes(from) && order.includes(to)) return order.indexOf(to) >= order.indexOf(from)
  }
  const [oldLength, newLength] = [from, to].map((type) =>
    Number(/^(?:var)?char(?:acter varying)?\((\d+)\)$/.exec(type)?.[1]),
  )
  if (to === 'text' || to === 'string') return /char/.test(from)
  return oldLength !== undefined && newLength !== undefined && newLength >= oldLength
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
