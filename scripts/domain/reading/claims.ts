import type { AlertFact, Asset } from '../alert.ts'
import { spellDuration } from '../duration.ts'
import { oneLine } from '../text.ts'
import { Claims, present, sentence, snake } from './claim-keys.ts'
import { schemaChanges } from './claimed-schema-changes.ts'
import { readTime } from './time.ts'
import { type JsonObject, numberOf, textOf } from './value.ts'

/**
 * What a payload itself claims beside its title: a measured value, what hangs on it, a changed column, a running DAG.
 * `metric` is the measurement, `contexts` the objects around it; earlier ones win.
 */
export function readClaims(asset: Asset | null, metric: JsonObject, contexts: readonly JsonObject[]): AlertFact[] {
  const entries = [metric, ...contexts].flatMap((object) => Object.entries(object).slice(0, 300))
  const claims = new Claims(entries)
  return [
    ...schemaChanges(asset, claims),
    ...metricFact(metric, claims),
    ...runFact(asset, claims),
    ...lineageFact(asset, claims),
    ...promiseFact(asset, claims),
    ...rowsFact(asset, metric, claims),
  ].slice(0, 20)
}

const measured = /^(?:current_|actual_|observed_|measured_|last_)?value$|^(?:current|actual|observed|measured)$/
const measuredByName =
  /^(?:actual_|current_|observed_)\w+$|(?:_|^)(?:percent|pct|percentage|usage|utili[sz]ation|rate|ratio|count|latency|lag|age|age_hours|duration\w*|runtime\w*|bytes|gb|mb)$/
const limit =
  /threshold|limit|^sla|expected|allowed|^max(?:imum)?(?:_value)?$|^warn|^total|_total|baseline|historical|typical|average|avg|mean|median|normal|usual|previous|min(?:imum)?_/

function metricFact(metric: JsonObject, claims: Claims): AlertFact[] {
  const own = Object.entries(metric).map(([key, value]) => [snake(key), numberOf(value)] as const)
  const [valueKey, value] =
    own.find(([key, number]) => measured.test(key) && number !== null) ??
    own.find(([key, number]) => measuredByName.test(key) && !limit.test(key) && number !== null) ??
    []
  const name = textOf(metric.name) ?? textOf(metric.metric_name) ?? textOf(metric.metric) ?? valueKey
  if (name === undefined || value === undefined || value === null) return []
  const threshold =
    own.find(
      ([key, number]) => /threshold|limit|^sla|^expected|^allowed|^max(?:imum)?$/.test(key) && number !== null,
    )?.[1] ?? null
  const unit = textOf(metric.unit) ?? (/percent|pct/.test(`${valueKey}`) ? 'percent' : null)
  const mean = claims.number('baselineMean')
  const max = claims.number('baselineMax')
  const pattern = claims.text('pattern')
  const impact = claims.text('impact')
  return [
    {
      kind: 'metric',
      summary: sentence(
        `The alert reports ${name} at ${value}${unit ? ` ${unit}` : ''}`,
        threshold === null ? null : `against a limit of ${threshold}`,
        max === null ? null : `(up to ${max} before)`,
        pattern === null ? null : `in a known pattern: ${pattern}`,
        impact === null ? null : `with customer impact: ${impact}`,
      ),
      data: present({
        name: oneLine(name, 200),
        value,
        threshold,
        unit,
        baseline_mean: mean,
        baseline_max: max,
        pattern,
        customer_impact: impact,
      }),
    },
  ]
}

function runFact(asset: Asset | null, claims: Claims): AlertFact[] {
  const dag = asset?.native?.dag_id
  const state = claims.text('runState')
  if (dag === undefined || state === null) return []
  const duration = claims.seconds('runTime')
  const typical = claims.seconds('usualRunTime')
  const task = asset?.native?.task_id ?? claims.text('task')
  const start = claims.find('runStart', readTime)
  const run = claims.text('run')
  const facts: AlertFact[] = [
    {
      kind: 'dag_run',
      summary: sentence(
        `The alert says that ${dag} is ${state}`,
        duration === null ? null : `for ${spellDuration(duration)}`,
        typical === null ? null : `where ${spellDuration(typical)} is usual`,
      ),
      data: present({ dag_id: dag, run_id: run, state, start, duration_s: duration, typical_duration_s: typical }),
    },
  ]
  const error = claims.text('error')
  if (task === null) return facts
  return [
    ...facts,
    {
      kind: 'task_failure',
      summary: sentence(
        `The alert names the task ${task} of ${dag}, ${state}`,
        error === null ? null : `with the error: ${error}`,
      ),
      data: present({
        dag_id: dag,
        task_id: task,
        run_id: run,
        state,
        log_excerpt: error,
        try_number: claims.number('attempt'),
        max_tries: claims.number('retries'),
      }),
    },
  ]
}

function lineageFact(asset: Asset | null, claims: Claims): AlertFact[] {
  const down = claims.names('downstream')
  // `sources` alone may as well name the monitors that speak; a dotted name is a table.
  const sources = claims.names('sources').filter((name) => name.includes('.'))
  const up = [...new Set([...claims.names('upstream'), ...sources])]
  const exposures = claims.names('exposures')
  if (down.length + up.length + exposures.length === 0) return []
  return [
    {
      kind: 'lineage',
      summary: sentence(
        `The alert names ${down.length} downstream and ${up.length} upstream of ${asset?.name ?? 'it'}`,
      ),
      data: { upstream: up, downstream: down, exposures },
    },
  ]
}

/** What the payload says was promised and to whom. It is the monitor's word: the catalogue's own entry outranks it. */
function promiseFact(asset: Asset | null, claims: Claims): AlertFact[] {
  if (!asset) return []
  const seconds = claims.seconds('promisedTime')
  const minutes = seconds === null ? null : seconds / 60
  const ran = claims.seconds('runTime')
  const stated = claims.find('promiseBroken', (value) => (typeof value === 'boolean' ? value : null))
  const breached = stated ?? (seconds === null || ran === null ? null : ran > seconds)
  const consumers = claims.names('waiting')
  const owner = claims.text('owner')
  const revenue = claims.number('revenueAnHour')
  const deadline = claims.find('deadline', readTime)
  if (minutes === null && breached === null && consumers.length === 0 && deadline === null && revenue === null)
    return []
  return [
    {
      kind: 'catalog_entry',
      summary: sentence(
        `The alert claims for ${asset.name}`,
        minutes === null ? null : `an SLA of ${spellDuration(minutes * 60)}${breached ? ', broken,' : ''}`,
        consumers.length === 0 ? null : `and ${consumers.length} waiting on it: ${consumers.slice(0, 12).join(', ')}`,
      ),
      data: present({
        asset: asset.name,
        owner,
        sla_minutes: minutes,
        sla_deadline: deadline,
        breached,
        consumers: consumers.length > 0 ? consumers : null,
        revenue_per_hour: revenue,
      }),
    },
  ]
}

function rowsFact(asset: Asset | null, metric: JsonObject, claims: Claims): AlertFact[] {
  const isCount = /^rows?[_ .-]?(?:count|s)$|row[_ .-]?count/i.test((textOf(metric.name) ?? '').slice(0, 100))
  const count = (isCount ? numberOf(metric.value) : null) ?? claims.number('rows')
  const before = claims.number('usualRows')
  const altered = claims.find('lastLoad', readTime)
  const expected = claims.find('expectedBy', readTime)
  if (asset?.kind !== 'table' || (count === null && altered === null)) return []
  return [
    {
      kind: 'table_state',
      summary: sentence(
        `The alert reports ${asset.name}`,
        count === null ? null : `with ${count} rows`,
        before === null ? null : `where ${before} are usual`,
        altered === null ? null : `last loaded at ${altered}`,
      ),
      data: present({
        table: asset.name,
        row_count: count,
        previous_row_count: before,
        last_altered: altered,
        expected_by: expected,
      }),
    },
  ]
}
