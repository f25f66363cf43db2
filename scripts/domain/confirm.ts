import { partOf } from './assess/asset-names.ts'
import type { Finding, Sign } from './assess/finding.ts'
import type { Situation } from './assess/situation.ts'
import type { RemediationParams, RemediationTemplate } from './decision.ts'
import { ofKind } from './evidence.ts'
import { flowAssetIn, flowNameIn } from './flow-fix.ts'

/** The bad states that each template mends; a target is confirmed only by one of them. */
const mends: Record<RemediationTemplate, readonly Sign[]> = {
  airflow_clear_task: ['task_failed', 'task_stuck'],
  airflow_rerun_dag: ['run_failed', 'task_failed', 'run_late', 'task_stuck'],
  airflow_backfill: ['run_failed', 'task_failed'],
  release_lock: ['lock_abandoned'],
  dbt_retry: ['model_failed', 'test_failed'],
  airbyte_sync: ['sync_failed'],
  manual_investigation: [],
  // A team's own flow says for itself what it mends: see `offeredFlows`.
  run_flow: [],
}

/** Works out the native ids of a fix from what connectors read; null when nothing in it names the target as bad. */
export type PlanRemediation = (template: RemediationTemplate, target: string) => RemediationParams | null

/**
 * The findings, read by a connector, that name this very target in a state that the template mends. Alerts and past
 * incidents confirm nothing: whoever holds the webhook key can name any DAG.
 */
export function confirmations(situation: Situation, template: RemediationTemplate, target: string): Finding[] {
  return situation.findings.filter(
    (finding) =>
      finding.observed &&
      finding.target !== null &&
      mends[template].includes(finding.sign) &&
      // Airflow's ids are case-sensitive, and a name is never split: only the very same spelling is the same thing.
      (finding.target === target || (wholeDag.has(template) && isTaskOf(finding, target, situation))),
  )
}

const wholeDag: ReadonlySet<RemediationTemplate> = new Set<RemediationTemplate>([
  'airflow_rerun_dag',
  'airflow_backfill',
])

function isTaskOf(finding: Finding, dag: string, { evidence }: Situation): boolean {
  return evidence.some(
    (item) => item.kind === 'task_failure' && finding.evidence.includes(item.id) && item.data.dag_id === dag,
  )
}

/** The native ids of a confirmed target, from the evidence that confirms it. */
export function planFromEvidence(
  situation: Situation,
  template: RemediationTemplate,
  target: string,
): RemediationParams | null {
  const ids = new Set(confirmations(situation, template, target).flatMap(({ evidence }) => evidence))
  const seen = situation.evidence.filter(
    // Where two instances could be meant, neither is touched.
    ({ id, source, data }) => ids.has(id) && source !== 'alert' && !('is_certain' in data && data.is_certain === false),
  )
  const task = ofKind(seen, 'task_failure')[0]?.data
  const run = task ?? ofKind(seen, 'dag_run')[0]?.data
  if (!run) return seen.length > 0 ? {} : null
  return {
    ...(run.system ? { system: run.system } : {}),
    dag_id: run.dag_id,
    ...(run.run_id ? { run_id: run.run_id } : {}),
    ...(task && template === 'airflow_clear_task' ? { task_id: task.task_id } : {}),
    ...(task?.map_index == null ? {} : { map_index: task.map_index }),
  }
}

/**
 * What policy's patterns are matched against: the DAG of `dag_id.task_id`, the configured name of the job that builds a
 * model, the name of a connection, else the target itself.
 */
export function policyName(situation: Situation, template: RemediationTemplate, target: string): string {
  if (template === 'run_flow') return flowNameIn(target)
  if (template === 'dbt_retry') {
    const built = ofKind(situation.evidence, 'dbt_model').find(({ data }) => data.unique_id === target && data.job_id)
    return built?.data.system ?? target
  }
  if (template === 'airbyte_sync') {
    const synced = ofKind(situation.evidence, 'sync_job').find(({ data }) => data.connection_id === target)
    return synced?.data.connection ?? target
  }
  if (template !== 'airflow_clear_task') return target
  const task = situation.evidence.find(
    (item) => item.kind === 'task_failure' && `${item.data.dag_id}.${item.data.task_id}` === target,
  )
  // Without evidence the fix is refused anyway; the whole target then matches no narrower entry than it should.
  return task?.kind === 'task_failure' ? task.data.dag_id : target
}

/** Names under which the target of a fix may be protected: itself, its DAG, and the incident's own asset. */
export function protectedNames(situation: Situation, template: RemediationTemplate, target: string): string[] {
  const own = situation.around.names.filter((name) => partOf(target, name) || partOf(name, target))
  // What a flow does to whichever tables is not known here: none of those that it is about may be protected.
  if (template === 'run_flow') return [target, flowNameIn(target), flowAssetIn(target), ...situation.around.names]
  return [target, policyName(situation, template, target), ...own]
}
