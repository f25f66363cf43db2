import { z } from 'zod'
import { Asset, Category, Severity } from './alert.ts'

export const Action = z.enum(['dismiss', 'log_only', 'notify_team', 'auto_fix'])
export type Action = z.infer<typeof Action>

export const RemediationTemplate = z.enum([
  'airflow_clear_task',
  'airflow_rerun_dag',
  'airflow_backfill',
  'release_lock',
  'dbt_retry',
  'airbyte_sync',
  'manual_investigation',
  'run_flow',
])
export type RemediationTemplate = z.infer<typeof RemediationTemplate>

/** The native ids a fix acts on, read from evidence when it is planned. */
export const RemediationParams = z.object({
  system: z.string().optional(),
  dag_id: z.string().optional(),
  run_id: z.string().optional(),
  task_id: z.string().optional(),
  map_index: z.number().int().optional(),
  /** For `airflow_backfill`: the runs due in this time, ISO-8601. */
  from: z.string().optional(),
  to: z.string().optional(),
  /** For `release_lock`: the session and when its transaction began: no other one with its number is ended. */
  pid: z.number().int().optional(),
  since: z.string().optional(),
  table: z.string().optional(),
  /** For `dbt_retry`: dbt Cloud's job; its run is `run_id`. For `airbyte_sync`: the job that failed. */
  job_id: z.string().optional(),
  /** For `airbyte_sync`: what the connection is called; its id is the target. */
  connection: z.string().optional(),
  /** For `run_flow`: Kestra's `namespace.flow`. */
  flow: z.string().optional(),
  inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  /** What it is to mend, and what was wrong with it. */
  asset: Asset.optional(),
  category: Category.optional(),
  environment: z.string().optional(),
})
export type RemediationParams = z.infer<typeof RemediationParams>

export const Remediation = z.object({
  template: RemediationTemplate,
  /** `dag_id.task_id` for `airflow_clear_task`, `dag_id` for `airflow_rerun_dag` and `airflow_backfill`, … */
  target: z.string().min(1).max(512),
  params: RemediationParams,
})
export type Remediation = z.infer<typeof Remediation>

/** What an analyser may say. The response schema for the model is made from this; code, not the model, adds the rest. */
export const Proposal = z.object({
  is_incident: z.boolean(),
  severity: Severity,
  category: Category,
  root_cause: z.string().max(2000),
  business_impact: z.string().max(2000),
  reasoning: z.string().max(4000),
  affected_count: z.number().int().min(0).max(1_000_000),
  affected_assets: z.array(z.string().max(512)).max(200),
  recommended_action: Action,
  confidence: z.number().min(0).max(1),
  evidence_ids: z.array(z.string().max(64)).max(100),
  remediation: Remediation.omit({ params: true }).nullable(),
})
export type Proposal = z.infer<typeof Proposal>

export const Mode = z.enum(['observe', 'notify', 'act'])
export type Mode = z.infer<typeof Mode>

/** One change that policy made to what the analyser said. */
export const GuardrailChange = z.object({
  rule: z.string(),
  before: z.string(),
  after: z.string(),
  why: z.string(),
})
export type GuardrailChange = z.infer<typeof GuardrailChange>

/** Who analysed and what it cost. */
export const AnalyzerRecord = z.object({
  analyzer: z.enum(['gemini', 'rules']),
  model: z.string().nullable(),
  prompt_version: z.string().nullable(),
  tokens: z.number().int().min(0).nullable(),
  cost_usd: z.number().min(0).nullable(),
  latency_ms: z.number().min(0),
  /** Why the model did not answer, when `rules` stood in for it. */
  fallback: z.string().nullable(),
  /** The rules needed no second opinion, so no model was asked. */
  cheap_pass: z.boolean().optional(),
  /** What a second look said, where one was taken; it may only have lowered the confidence. */
  second_look: z.enum(['agrees', 'differs']).optional(),
  /** The name of the row of the decision table, with `rules`. */
  rule: z.string().nullable(),
})
export type AnalyzerRecord = z.infer<typeof AnalyzerRecord>

/** What was decided: the proposal as guardrails left it. */
export const Decision = z.object({
  ...Proposal.shape,
  ...AnalyzerRecord.shape,
  remediation: Remediation.nullable(),
  mode: Mode,
  guardrails: z.array(GuardrailChange),
  /** The fix waits until one of them approves it. */
  approval: z.object({ approvers: z.array(z.string()), within_minutes: z.number().int() }).nullish(),
  /** The fix that was proposed and confirmed by evidence, and that guardrails left to people. */
  would_fix: Remediation.nullish(),
})
export type Decision = z.infer<typeof Decision>
