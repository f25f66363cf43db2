import type { AnalysisInput } from '../../scripts/domain/assess/situation.ts'
import { Evidence, type EvidenceKind, type EvidenceSource } from '../../scripts/domain/evidence.ts'
import { defaultModelTerms } from '../../scripts/domain/model-terms.ts'
import type { Policy } from '../../scripts/domain/policy.ts'
import { exampleAlert } from './example-incidents.ts'

/** The time of all example situations. */
export const now = new Date('2026-11-20T08:06:00Z')

/** A policy under which everything may be done. */
export const openPolicy: Policy = {
  mode: 'act',
  auto_fix: true,
  allow: [
    'airflow_clear_task:dag=*',
    'airflow_rerun_dag:dag=*',
    'release_lock:table=*',
    'dbt_retry:job=*',
    'airbyte_sync:connection=*',
  ],
  freeze: false,
  min_confidence: 0.8,
  max_fixes_per_target: { count: 2, hours: 24 },
  thresholds: [],
  protected: [],
  llm: 'allowed',
  llm_never: [],
  model: defaultModelTerms,
}

const usualSource: Record<EvidenceKind, EvidenceSource> = {
  dag_run: 'airflow',
  task_failure: 'airflow',
  task_history: 'airflow',
  sync_job: 'airbyte',
  dbt_test: 'dbt',
  dbt_model: 'dbt',
  source_freshness: 'dbt',
  lineage: 'dbt',
  table_state: 'snowflake',
  schema_change: 'snowflake',
  lock: 'postgres',
  catalog_entry: 'catalog',
  past_incident: 'history',
  change: 'change',
  maintenance: 'maintenance',
  metric: 'catalog',
  dag_state: 'airflow',
  pool_state: 'airflow',
  system_health: 'airflow',
  unavailable: 'airflow',
}

type Given = Partial<Pick<Evidence, 'id' | 'source' | 'asset' | 'observed_at' | 'summary'>>

/** One piece of evidence; its id is its kind unless another is given. */
export function piece(kind: EvidenceKind, data: Record<string, unknown>, given: Given = {}): Evidence {
  return Evidence.parse({
    id: kind,
    kind,
    source: usualSource[kind],
    summary: `what is known of ${kind}`,
    data,
    ...given,
  })
}

export const dag = { kind: 'dag', name: 'nightly_orders', native: { dag_id: 'nightly_orders' } } as const
export const table = { kind: 'table', name: 'shop.public.orders' } as const
export const host = { kind: 'host', name: 'worker-3' } as const

/** What an analyser is given: one alert, `HIGH`, in production, and the evidence. */
export function situationOf(
  alert: Parameters<typeof exampleAlert>[0],
  ...evidence: readonly Evidence[]
): AnalysisInput {
  const example = exampleAlert({ started_at: '2026-11-20T08:00:00Z', received_at: '2026-11-20T08:00:05Z', ...alert })
  return { alerts: [example], evidence, policy: openPolicy, now, severity: example.severity }
}

/** The catalogue's entry of a thing. */
export function entry(asset: string, tier: number, more: Record<string, unknown> = {}): Evidence {
  return piece('catalog_entry', { asset, tier, owner: 'data team', ...more })
}

/** A DAG whose one task runs for six hours where one and a half are usual and two are promised. */
export function stuckDag(): AnalysisInput {
  return situationOf(
    { asset: dag, category: 'pipeline_delay', severity: 'CRITICAL' },
    entry('nightly_orders', 1, { sla_minutes: 120, consumers: ['finance', 'sales'] }),
    piece('dag_run', {
      dag_id: 'nightly_orders',
      run_id: 'run_1',
      state: 'running',
      start: '2026-11-20T02:06:00Z',
      typical_duration_s: 5400,
    }),
    piece('task_failure', {
      dag_id: 'nightly_orders',
      task_id: 'load',
      run_id: 'run_1',
      state: 'running',
      try_number: 1,
    }),
  )
}
