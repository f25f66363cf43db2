import { sameAsset } from './assess/asset-names.ts'
import { type Evidence, type EvidenceOf, ofKind } from './evidence.ts'
import { oneLine } from './text.ts'

/** More steps than this nobody works through. */
const mostSteps = 8
const mostAlike = 2

/**
 * What a person looks at, step by step, written from what connectors read: the fix `manual_investigation`. Each step
 * names the thing as its own system spells it. What only an alert claims gives no step; no part of a payload becomes part
 * of a statement.
 */
export function checklist(evidence: readonly Evidence[], asset: string | null): string[] {
  const seen = evidence.filter(({ source }) => source !== 'alert')
  const steps = [
    runbook(seen),
    above(seen),
    ...ofKind(seen, 'lock').slice(0, mostAlike).map(lock),
    ...ofKind(seen, 'task_failure').slice(0, mostAlike).map(task),
    ...ofKind(seen, 'dbt_test').filter(isWrong).slice(0, mostAlike).map(test),
    ...ofKind(seen, 'dbt_model').filter(isWrong).slice(0, mostAlike).map(model),
    ...ofKind(seen, 'sync_job').filter(isUnsynced).slice(0, mostAlike).map(sync),
    ...ofKind(seen, 'source_freshness').filter(isWrong).slice(0, mostAlike).map(source),
    ...ofKind(seen, 'schema_change').slice(0, mostAlike).map(schema),
    ...tables(seen, asset),
    ...ofKind(seen, 'change').slice(0, mostAlike).map(change),
    past(seen),
    ...ofKind(seen, 'unavailable').slice(0, mostAlike).map(unavailable),
    readers(seen),
  ]
  return [...new Set(steps.filter((step) => step !== null))].slice(0, mostSteps).map((step) => oneLine(step, 350))
}

const fine: ReadonlySet<string> = new Set(['pass', 'success', 'skipped'])

function isWrong({ data }: { data: { status: string } }): boolean {
  return !fine.has(data.status)
}

function runbook(evidence: readonly Evidence[]): string | null {
  const entry = ofKind(evidence, 'catalog_entry').find(
    ({ source, data }) => source === 'catalog' && !data.below && data.runbook,
  )
  return entry ? `Follow the runbook of ${entry.data.asset}.` : null
}

/** The nearest open trouble that this may come from. */
function above(evidence: readonly Evidence[]): string | null {
  const open = ofKind(evidence, 'past_incident').find(({ data }) => data.side === 'upstream' && data.outcome === 'open')
  if (!open) return null
  return `See ${open.data.incident_id} first: ${oneLine(open.asset ?? 'what it is about', 120)} is upstream and in trouble.`
}

function lock({ source, data }: EvidenceOf<'lock'>): string {
  const holder = data.holder ? `${data.holder} ` : 'a session '
  const waiting = data.waiting ? `, and ${data.waiting} wait` : ''
  const ask = `Ask whether the transaction by which ${holder}holds ${data.table} can go${waiting}.`
  const statement = source === 'snowflake' ? abortTransaction(data.transaction) : endSession(data.session)
  return `${ask} ${statement}`
}

/** https://docs.snowflake.com/en/sql-reference/functions/system_abort_transaction */
function abortTransaction(transaction: unknown): string {
  const id = numberIn(transaction)
  return id === null
    ? 'SHOW LOCKS IN ACCOUNT names its transaction; SELECT SYSTEM$ABORT_TRANSACTION(…) ends that.'
    : `If so: SELECT SYSTEM$ABORT_TRANSACTION(${id}); as ACCOUNTADMIN or its owner. What it has not committed is lost.`
}

function endSession(session: unknown): string {
  const id = numberIn(session)
  return id === null
    ? 'pg_locks names its session; pg_terminate_backend ends that.'
    : `If so: SELECT pg_terminate_backend(${id}); what it has not committed is lost.`
}

/** Only a number goes into a statement: whatever else stands there may be anybody's. */
function numberIn(value: unknown): string | null {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value
  return typeof text === 'string' && /^\d{1,20}$/.test(text) ? text : null
}

function task({ data }: EvidenceOf<'task_failure'>): string {
  const tries = data.try_number == null ? '' : `, try ${data.try_number}`
  const run = data.run_id ? ` in run ${data.run_id}${tries}` : ''
  const words = data.log_excerpt?.trim().split('\n').at(-1)
  const end = words ? `; it ends: ${oneLine(words, 140)}` : ''
  return data.state === 'running'
    ? `See what ${data.dag_id}.${data.task_id} waits for${run}.`
    : `Read the log of ${data.dag_id}.${data.task_id}${run}${end}`
}

function test({ data }: EvidenceOf<'dbt_test'>): string {
  const rows = data.failures ? ` (${data.failures} rows)` : ''
  const column = data.column ? ` in column ${data.column}` : ''
  return `Look at the rows that fail ${nameOf(data.unique_id)}${column}${rows}: dbt test --select ${nameOf(data.unique_id)} --store-failures`
}

function model({ data }: EvidenceOf<'dbt_model'>): string {
  const why = data.message ? `: ${oneLine(data.message, 140)}` : ''
  const run = data.run_id ? ` (dbt Cloud's run ${data.run_id})` : ''
  return `See why ${nameOf(data.unique_id)} could not be built${run}${why}`
}

function isUnsynced({ data }: EvidenceOf<'sync_job'>): boolean {
  return data.status === 'failed' || data.status === 'cancelled' || data.connection_status !== 'active'
}

function sync({ data }: EvidenceOf<'sync_job'>): string {
  const name = data.connection ?? data.connection_id
  if (data.connection_status !== 'active') {
    return `See why ${name} is ${data.connection_status ?? 'not active'} in Airbyte.`
  }
  return `Read the log of ${data.job_id ? `job ${data.job_id} of ` : ''}${name} in Airbyte, mend the cause, then sync it.`
}

/** The last part of a dbt id, as `--select` takes it. */
function nameOf(uniqueId: string): string {
  const [, , name] = uniqueId.split('.')
  return name ?? uniqueId
}

function source({ data }: EvidenceOf<'source_freshness'>): string {
  const age = data.age_hours == null ? '' : `, ${Math.round(data.age_hours)} h old`
  return `Find out whether ${data.source} was delivered${age}.`
}

function schema({ data }: EvidenceOf<'schema_change'>): string {
  const column = data.column ? `${data.column} of ` : ''
  const types = data.before && data.after ? ` (${data.before} → ${data.after})` : ''
  return `Ask ${data.by ?? 'whoever changed it'} whether the change to ${column}${data.table}${types} was meant.`
}

function tables(evidence: readonly Evidence[], asset: string | null): string[] {
  return ofKind(evidence, 'table_state')
    .filter(({ data }) => asset === null || sameAsset(data.table, asset))
    .slice(0, 1)
    .map(({ data }) => {
      const rows = data.row_count == null ? '' : ` It has ${data.row_count} rows`
      const before = rows !== '' && data.previous_row_count != null ? `, before ${data.previous_row_count}` : ''
      const when = data.last_altered ? ` It was last written to at ${data.last_altered}.` : ''
      return `Compare ${data.table} with its source.${rows}${before}${rows === '' ? '' : '.'}${when}`
    })
}

function change({ data }: EvidenceOf<'change'>): string {
  const by = data.by ? ` by ${data.by}` : ''
  return `See whether ${data.what.replaceAll('_', ' ')} ${data.ref ?? ''}${by} has to do with it.`.replace(/ +/g, ' ')
}

/** One that people judged or that was fixed; what a decision merely said of another is no help. */
function past(evidence: readonly Evidence[]): string | null {
  const before = ofKind(evidence, 'past_incident').find(
    ({ data }) => data.feedback || (data.root_cause && data.outcome === 'fixed'),
  )?.data
  if (!before) return null
  return `Compare with ${before.incident_id}: ${oneLine(before.feedback ?? before.root_cause ?? '', 200)}`
}

function unavailable({ data }: EvidenceOf<'unavailable'>): string {
  return `Look at ${data.system} by hand: ${oneLine(data.reason, 160)}`
}

function readers(evidence: readonly Evidence[]): string | null {
  const names = ofKind(evidence, 'lineage').flatMap(({ data }) => [
    ...(data.exposures ?? []),
    ...(data.downstream ?? []),
  ])
  const shown = [...new Set(names)].slice(0, 5).map((name) => oneLine(name, 80))
  return shown.length > 0 ? `Tell those who read it: ${shown.join(', ')}.` : null
}
