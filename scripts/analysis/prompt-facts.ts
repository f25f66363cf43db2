import type { Alert } from '../domain/alert.ts'
import { offeredFlows } from '../domain/assess/offered-flows.ts'
import { type AnalysisInput, assess } from '../domain/assess/situation.ts'
import type { Evidence, EvidenceKind } from '../domain/evidence.ts'
import { oneLine, plainText } from '../domain/text.ts'
import { safeStringify } from '../lib/json.ts'
import { stripQuotedSql, stripStatement } from './sql-literals.ts'

/** One fact as it goes to the model: a line of JSON, and what of it stayed here. */
export interface Fact {
  name: string
  line: string
  leftOut: string[]
}

/** The fields of each kind that leave this machine. Anything else a connector knows stays. */
const fields: Record<EvidenceKind, readonly string[]> = {
  dag_run: ['dag_id', 'run_id', 'state', 'start', 'end', 'duration_s', 'typical_duration_s'],
  task_failure: [
    'dag_id',
    'task_id',
    'run_id',
    'state',
    'try_number',
    'max_tries',
    'start',
    'duration_s',
    'log_excerpt',
  ],
  task_history: ['dag_id', 'task_id', 'recent'],
  dbt_test: ['unique_id', 'status', 'failures', 'column', 'message'],
  dbt_model: ['unique_id', 'status', 'message', 'execution_time_s'],
  sync_job: ['connection_id', 'connection', 'connection_status', 'job_id', 'status', 'start', 'end', 'rows', 'recent'],
  source_freshness: ['source', 'age_hours', 'warn_after_hours', 'error_after_hours', 'status'],
  lineage: ['upstream', 'downstream', 'exposures'],
  table_state: ['table', 'row_count', 'previous_row_count', 'last_altered', 'expected_by'],
  schema_change: ['table', 'change', 'column', 'before', 'after', 'by', 'at'],
  lock: ['table', 'holder', 'held_s', 'statement', 'waiting'],
  catalog_entry: [
    'asset',
    'owner',
    'tier',
    'environment',
    'sla_minutes',
    'sla_deadline',
    'sla_minutes_left',
    'below',
    'breached',
    'consumers',
    'revenue_per_hour',
  ],
  past_incident: [
    'incident_id',
    'title',
    'category',
    'is_incident',
    'severity',
    'root_cause',
    'action',
    'outcome',
    'feedback',
    'similarity',
    'side',
    'distance',
  ],
  change: ['what', 'ref', 'by', 'at', 'files'],
  maintenance: ['name', 'asset', 'from', 'until'],
  metric: [
    'name',
    'value',
    'threshold',
    'unit',
    'baseline_mean',
    'baseline_max',
    'is_known',
    'pattern',
    'customer_impact',
  ],
  dag_state: ['dag_id', 'schedule', 'next_run_at', 'is_paused', 'import_error', 'version'],
  pool_state: ['pool', 'slots', 'occupied', 'waiting'],
  system_health: ['system', 'status', 'part', 'since', 'version', 'missing_rights', 'latency_ms', 'code'],
  unavailable: ['system', 'reason'],
}

/** Longer texts are logs: their last whole lines tell how it ended. */
const textLimit = 4000
const listLimit = 50

/** A piece of evidence as one line. */
export function evidenceFact(item: Evidence): Fact {
  const leftOut: string[] = []
  const given = new Map(Object.entries(item.data))
  const data = Object.fromEntries(
    fields[item.kind].flatMap((field): [string, unknown][] => {
      const value = given.get(field)
      if (value === undefined || value === null) return []
      return [[field, shorten(bare(field, value), `${item.id}.${field}`, leftOut)]]
    }),
  )
  const { id, source, kind, asset, observed_at } = item
  const summary = stripQuotedSql(oneLine(item.summary, 500))
  return {
    name: `${id} (${kind}, ${source})`,
    line: safeStringify({ id, source, kind, asset, observed_at, summary, data }),
    leftOut,
  }
}

/** Without the values of SQL: they are data of the warehouse. */
function bare(field: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  return field === 'statement' ? stripStatement(value) : stripQuotedSql(value)
}

/** The first alert and the last ones as lines; a storm's others repeat them. */
export function alertFacts(alerts: readonly Alert[]): Fact[] {
  const shown = alerts.length <= shownAlerts ? alerts : [...alerts.slice(0, 1), ...alerts.slice(1 - shownAlerts)]
  const facts = shown.map((alert, index): Fact => {
    const { source, status, severity, category, environment, asset, started_at } = alert
    const leftOut: string[] = []
    const name = `alert ${index + 1}`
    const title = oneLine(alert.title, 300)
    const description = shorten(stripQuotedSql(plainText(alert.description, 8000)), `description of ${name}`, leftOut)
    const about = asset ? { kind: asset.kind, name: asset.name, platform: asset.platform } : null
    return {
      name,
      line: safeStringify({
        alert: { source, status, severity, category, environment, asset: about, started_at, title, description },
      }),
      leftOut,
    }
  })
  const hidden = alerts.length - shown.length
  const count = { name: 'count of alerts', line: safeStringify({ more_alerts_of_the_same: hidden }), leftOut: [] }
  return hidden > 0 ? [...facts, count] : facts
}

const shownAlerts = 5

/** The fixes by flows of the team's own that policy has for what connectors see. */
export function flowFacts(input: AnalysisInput): Fact[] {
  const { flows = [] } = input.policy
  if (flows.length === 0) return []
  const offered = new Map(offeredFlows(assess(input), flows).map((one) => [one.target, one]))
  return [...offered.values()].slice(0, shownFlows).map(({ target, flow }) => ({
    name: `flow ${flow.name}`,
    line: safeStringify({ own_flow: target, does: oneLine(flow.what, 300) }),
    leftOut: [],
  }))
}

const shownFlows = 10

function shorten(value: unknown, name: string, leftOut: string[]): unknown {
  if (Array.isArray(value) && value.length > listLimit) {
    leftOut.push(`${value.length - listLimit} of ${value.length} entries of ${name}`)
    return value.slice(0, listLimit)
  }
  if (typeof value !== 'string' || value.length <= textLimit) return value
  const lines = value.split('\n')
  const kept: string[] = []
  let length = 0
  while (lines.length > 0) {
    const line = lines.at(-1) ?? ''
    if (length + line.length > textLimit) break
    length += line.length + 1
    kept.unshift(line)
    lines.pop()
  }
  leftOut.push(`the first ${lines.length} lines of ${name}`)
  return kept.join('\n')
}
