import type { Alert, Category } from '../alert.ts'
import type { Evidence, EvidenceKind } from '../evidence.ts'

const runs: readonly EvidenceKind[] = ['dag_run', 'task_failure', 'dbt_model', 'sync_job']
const arrivals: readonly EvidenceKind[] = ['table_state', 'source_freshness']

/**
 * What can show that trouble of a category is over. A run that succeeds says that it ran: not that all rows are there,
 * nor that they are right. What no system can tell here (a lock, a cost) only a measurement can.
 */
const shows: Record<Category, ReadonlySet<EvidenceKind>> = {
  schema_change: new Set([...runs, 'dbt_test']),
  freshness: new Set([...runs, ...arrivals, 'metric']),
  volume: new Set(['table_state', 'metric']),
  data_quality: new Set(['dbt_test', 'metric']),
  pipeline_failure: new Set([...runs, ...arrivals, 'metric']),
  pipeline_delay: new Set([...runs, ...arrivals, 'metric']),
  lock: new Set([...runs, 'metric', 'lock']),
  resource: new Set([...runs, 'metric']),
  infrastructure: new Set([...runs, 'metric']),
  access: new Set([...runs, ...arrivals]),
  cost: new Set(['metric']),
  unknown: new Set([...runs, ...arrivals, 'dbt_test', 'metric']),
}

/** Whether a piece that is well can mean that what the alerts tell of is over. */
export function speaksOfRecovery(item: Evidence, alerts: readonly Alert[]): boolean {
  const categories = [...new Set(alerts.map(({ category }) => category))]
  if (!categories.every((category) => shows[category].has(item.kind))) return false
  return item.kind !== 'dbt_test' || isTestOf(item.data, alerts)
}

/** Another test of the same table that passes heals nothing. Where the alerts name no column, any of its tests speaks. */
function isTestOf(data: { unique_id: string; column?: string | null | undefined }, alerts: readonly Alert[]): boolean {
  if (!data.column) return true
  const words = alerts.map(({ title, description }) => `${title} ${description}`.toLowerCase()).join(' ')
  const test = data.unique_id.split('.').at(-1)?.toLowerCase() ?? ''
  return words.includes(data.column.toLowerCase()) || words.includes(test)
}
