import { z } from 'zod'
import { Severity } from './alert.ts'
import { ConditionMemory } from './condition-memory.ts'
import { FailedFirst } from './failed-first.ts'

const text = z.string().nullish()
const number = z.number().nullish()
const instant = z.string().nullish()
const names = z.array(z.string()).nullish()

/**
 * What each kind of evidence carries. Only what names the thing is required: a system that answers half still tells
 * something. Unknown keys pass through.
 */
export const evidenceData = {
  dag_run: z.looseObject({
    dag_id: z.string(),
    run_id: text,
    state: z.string(),
    start: instant,
    end: instant,
    duration_s: number,
    typical_duration_s: number,
    system: text,
  }),
  task_failure: z.looseObject({
    dag_id: z.string(),
    task_id: z.string(),
    run_id: text,
    map_index: number,
    state: z.string(),
    try_number: number,
    max_tries: number,
    retries_left: number,
    log_excerpt: text,
    start: instant,
    duration_s: number,
    typical_duration_s: number,
    system: text,
  }),
  /** One state a run, newest first, the present run's included: how its tries went is in `task_failure`. */
  task_history: z.looseObject({ dag_id: z.string(), task_id: z.string(), recent: z.array(z.string()) }),
  dbt_test: z.looseObject({ unique_id: z.string(), status: z.string(), failures: number, column: text, message: text }),
  dbt_model: z.looseObject({
    unique_id: z.string(),
    status: z.string(),
    message: text,
    execution_time_s: number,
    /** Of dbt Cloud, where it was built there. */
    job_id: text,
    run_id: text,
    system: text,
  }),
  /** The last sync of a connection that moves data; `recent`: one status a sync, newest first. */
  sync_job: z.looseObject({
    connection_id: z.string(),
    connection: text,
    /** `active`, or why it does not sync by itself. */
    connection_status: text,
    job_id: text,
    status: z.string(),
    start: instant,
    end: instant,
    rows: number,
    recent: names,
    system: text,
  }),
  source_freshness: z.looseObject({
    source: z.string(),
    age_hours: number,
    warn_after_hours: number,
    error_after_hours: number,
    status: z.string(),
  }),
  lineage: z.looseObject({
    upstream: names,
    downstream: names,
    exposures: names,
    /** Which DAGs above failed before this one. */
    failed_first: z.array(FailedFirst).nullish(),
  }),
  table_state: z.looseObject({
    table: z.string(),
    row_count: number,
    previous_row_count: number,
    last_altered: instant,
    expected_by: instant,
  }),
  schema_change: z.looseObject({
    table: z.string(),
    change: z.string(),
    column: text,
    before: text,
    after: text,
    by: text,
    at: instant,
  }),
  lock: z.looseObject({ table: z.string(), holder: text, held_s: number, statement: text, waiting: number }),
  catalog_entry: z.looseObject({
    asset: z.string(),
    owner: text,
    tier: z.number().int().min(1).max(4).nullish(),
    sla_minutes: number,
    sla_deadline: instant,
    sla_minutes_left: number,
    sla_since: instant,
    breached: z.boolean().nullish(),
    consumers: names,
    revenue_per_hour: number,
    runbook: text,
    channel: text,
    environment: text,
    /** The asset that it is made from and that is in trouble, where the entry is not of that one itself. */
    below: text,
  }),
  past_incident: z.looseObject({
    incident_id: z.string(),
    title: text,
    category: text,
    is_incident: z.boolean().nullish(),
    severity: Severity.nullish(),
    root_cause: text,
    action: text,
    outcome: text,
    feedback: text,
    similarity: number,
    /** Of one that is open near in the lineage: on which side, and how many steps away. */
    side: z.enum(['same', 'upstream', 'downstream']).nullish(),
    distance: number,
    /** What people called it last: `noise`, or `real` whatever was decided; null when nobody said anything. */
    verdict: z.enum(['noise', 'real']).nullish(),
    /** Of the very condition of this incident: what people's word that it is noise is worth. */
    memory: ConditionMemory.nullish(),
  }),
  change: z.looseObject({ what: z.string(), ref: text, by: text, at: instant, files: names }),
  maintenance: z.looseObject({ name: z.string(), asset: text, from: instant, until: instant }),
  metric: z.looseObject({
    name: z.string(),
    value: number,
    threshold: number,
    baseline_mean: number,
    baseline_max: number,
    pattern: text,
    /** Whether the same trouble comes at this weekday and hour, as it was measured; null where that is not known. */
    is_known: z.boolean().nullish(),
    unit: text,
    customer_impact: text,
  }),
  /** A DAG as its orchestrator knows it: its schedule, who owns it, whether it can be run at all. */
  dag_state: z.looseObject({
    dag_id: z.string(),
    schedule: text,
    next_run_at: instant,
    owners: names,
    tags: names,
    is_paused: z.boolean().nullish(),
    import_error: text,
    version: number,
    system: text,
  }),
  /** The slots that tasks share. */
  pool_state: z.looseObject({ pool: z.string(), slots: number, occupied: number, waiting: number, system: text }),
  /** How a system itself is: its scheduler, say; or what the lightest question to it told (`connectors -- check`). */
  system_health: z.looseObject({
    system: z.string(),
    status: z.string(),
    part: text,
    since: instant,
    version: text,
    missing_rights: names,
    latency_ms: number,
    code: text,
  }),
  /** Configured and did not answer: stated, never silently absent. */
  unavailable: z.looseObject({ system: z.string(), kind: text, reason: z.string(), code: text, hint: text }),
} as const

export const EvidenceSource = z.enum([
  'airflow',
  'dbt',
  'airbyte',
  'snowflake',
  'postgres',
  'catalog',
  'openmetadata',
  'datahub',
  'history',
  'change',
  'maintenance',
  'metrics',
  'alert',
])
export type EvidenceSource = z.infer<typeof EvidenceSource>

export type EvidenceKind = keyof typeof evidenceData

const common = {
  /** Unique within an incident: `ev_1`, … A decision cites these. */
  id: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/),
  source: EvidenceSource,
  asset: z.string().nullish(),
  observed_at: z.string().nullish(),
  /** One plain sentence. */
  summary: z.string(),
}

function kind<K extends EvidenceKind>(name: K) {
  return z.object({ ...common, kind: z.literal(name), data: evidenceData[name] })
}

/** One fact about the world, from one system. */
export const Evidence = z.discriminatedUnion('kind', [
  kind('dag_run'),
  kind('task_failure'),
  kind('task_history'),
  kind('dbt_test'),
  kind('dbt_model'),
  kind('sync_job'),
  kind('source_freshness'),
  kind('lineage'),
  kind('table_state'),
  kind('schema_change'),
  kind('lock'),
  kind('catalog_entry'),
  kind('past_incident'),
  kind('change'),
  kind('maintenance'),
  kind('metric'),
  kind('dag_state'),
  kind('pool_state'),
  kind('system_health'),
  kind('unavailable'),
])
export type Evidence = z.infer<typeof Evidence>

export type EvidenceOf<K extends EvidenceKind> = Extract<Evidence, { kind: K }>

type WithoutId<T> = T extends { id: string } ? Omit<T, 'id'> : never
/** Evidence before it has its place in an incident: connectors answer these, gathering numbers them. */
export type EvidenceDraft = WithoutId<Evidence>

/** All evidence of one kind, typed. */
export function ofKind<K extends EvidenceKind>(evidence: readonly Evidence[], name: K): EvidenceOf<K>[] {
  return evidence.filter((item): item is EvidenceOf<K> => item.kind === name)
}
