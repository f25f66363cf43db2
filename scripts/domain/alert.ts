import { z } from 'zod'

/** How bad it is, worst first. A monitor's own scale is mapped to these four by a table in its adapter. */
export const Severity = z.enum(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'])
export type Severity = z.infer<typeof Severity>

/** What kind of trouble it is. Decides which systems are asked and which rules may speak. */
export const Category = z.enum([
  'schema_change',
  'freshness',
  'volume',
  'data_quality',
  'pipeline_failure',
  'pipeline_delay',
  'lock',
  'resource',
  'infrastructure',
  'access',
  'cost',
  'unknown',
])
export type Category = z.infer<typeof Category>

export const AlertStatus = z.enum(['firing', 'resolved', 'info'])
export type AlertStatus = z.infer<typeof AlertStatus>

export const AssetKind = z.enum([
  'table',
  'model',
  'source',
  'dag',
  'task',
  'job',
  'connector',
  'service',
  'host',
  'dashboard',
])
export type AssetKind = z.infer<typeof AssetKind>

/**
 * The thing that is in trouble.
 * `name` is canonical and lower case, for matching only; `native` keeps the system's own spelling and parts
 * (Airflow ids are case-sensitive and may hold dots, so a name is never split).
 */
export const Asset = z.object({
  kind: AssetKind,
  name: z.string().min(1).max(512),
  native: z.record(z.string(), z.string()).optional(),
  platform: z.string().max(64).optional(),
  /** The named connector instance that the asset belongs to (`airflow_prod`), when known; part of its identity. */
  system: z.string().max(64).nullable().optional(),
})
export type Asset = z.infer<typeof Asset>

/**
 * The DAG that an asset is or is a task of, in Airflow's spelling; null when it has none. The name of a task is never
 * split: without its native parts nobody knows where the DAG's id ends.
 */
export function dagIdOf(asset: Asset | null): string | null {
  if (!asset || (asset.kind !== 'dag' && asset.kind !== 'task')) return null
  return asset.native?.dag_id ?? (asset.kind === 'dag' ? asset.name : null)
}

const relations: ReadonlySet<AssetKind> = new Set(['table', 'model', 'source'])

/** Whether an asset is rows in a warehouse: what dbt calls a model or a source is a table there. */
export function isRelation(kind: AssetKind): boolean {
  return relations.has(kind)
}

/** Something the payload itself claims, in the vocabulary of evidence. It becomes evidence of source `alert`. */
export const AlertFact = z.object({
  kind: z.enum(['metric', 'lineage', 'schema_change', 'dag_run', 'task_failure', 'table_state', 'catalog_entry']),
  summary: z.string().max(500),
  data: z.record(z.string(), z.unknown()),
})
export type AlertFact = z.infer<typeof AlertFact>

const instant = z.iso.datetime().nullable()

/** One normalised alert. A webhook body carries one or many. */
export const Alert = z.object({
  source: z.string().min(1).max(64),
  external_id: z.string().max(512).nullable(),
  /** Stable id of the condition: the same condition firing again, or resolving, gives the same value. */
  fingerprint: z.string().min(8).max(128),
  status: AlertStatus,
  title: z.string().min(1).max(300),
  description: z.string().max(8000),
  severity: Severity,
  category: Category,
  environment: z.string().max(64).nullable(),
  asset: Asset.nullable(),
  started_at: instant,
  ended_at: instant,
  received_at: instant,
  url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .nullable(),
  labels: z.record(z.string(), z.string()),
  facts: z.array(AlertFact).max(20),
  /** What the fingerprint is made of beside asset and environment; left out where a key is the identity by itself. */
  check: z.string().max(500).optional(),
  /** The instance that its asset lives in, where that is certain, whether or not the identity needs it. */
  instance: z.string().max(64).optional(),
  /** The identity that its payload alone gives, before configuration said where it belongs. */
  read: z.object({ fingerprint: z.string(), environment: z.string().nullable() }).optional(),
})
export type Alert = z.infer<typeof Alert>

const severityOrder: Record<Severity, number> = { CRITICAL: 3, HIGH: 2, MEDIUM: 1, LOW: 0 }

/** True when `a` is worse than `b`. */
export function isWorse(a: Severity, b: Severity): boolean {
  return severityOrder[a] > severityOrder[b]
}

/** The worse of two. */
export function worse(a: Severity, b: Severity): Severity {
  return isWorse(a, b) ? a : b
}

/**
 * The key under which policy and quiet times speak of an alert's source: `alertmanager`, `plain/datadog`, or
 * `generic/acme-checks` for a monitor that `config/monitors.yaml` teaches.
 */
export function sourceKey(alert: Pick<Alert, 'source' | 'labels'>): string {
  const reported = alert.labels.reported_source
  const isShared = alert.source === 'plain' || alert.source === 'generic'
  return isShared && reported ? `${alert.source}/${reported}` : alert.source
}
