import { z } from 'zod'
import type { EvidenceKind } from './evidence.ts'

/** How much each kind usually says about what is wrong. Within one weight the order of asking stays. */
const byKind: Record<EvidenceKind, number> = {
  task_failure: 90,
  schema_change: 88,
  dbt_test: 86,
  dbt_model: 84,
  sync_job: 84,
  lock: 84,
  dag_run: 82,
  source_freshness: 82,
  unavailable: 80,
  table_state: 78,
  catalog_entry: 76,
  maintenance: 76,
  change: 70,
  dag_state: 66,
  system_health: 66,
  pool_state: 64,
  metric: 64,
  lineage: 60,
  past_incident: 50,
  task_history: 45,
}

/** What is said of another asset than the incident's counts less than the same said of its own. */
const leadDiscount = 5
/** A claim stands behind all that was looked up. */
const claimDiscount = 100

const Weighed = z.object({ kind: z.string(), source: z.string() })

/** How far to the front a piece of evidence belongs; the very end for what is none. */
export function weightOf(draft: unknown, isLead: boolean): number {
  const parsed = Weighed.safeParse(draft)
  if (!parsed.success || !isKind(parsed.data.kind)) return -1000
  const { kind, source } = parsed.data
  return byKind[kind] - (isLead ? leadDiscount : 0) - (source === 'alert' ? claimDiscount : 0)
}

const Changed = z.object({ kind: z.literal('change'), data: z.object({ at: z.string() }) })

/** When what it tells of was changed, in milliseconds; 0 for what is no change, or does not say. */
export function changedAt(draft: unknown): number {
  const parsed = Changed.safeParse(draft)
  return parsed.success ? Date.parse(parsed.data.data.at) || 0 : 0
}

function isKind(kind: string): kind is EvidenceKind {
  return Object.hasOwn(byKind, kind)
}
