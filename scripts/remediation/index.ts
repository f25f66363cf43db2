import type { Remediation, RemediationParams, RemediationTemplate } from '../domain/decision.ts'
import type { Evidence } from '../domain/evidence.ts'
import { AppError } from '../lib/errors.ts'
import { airbyteSync } from './airbyte-sync.ts'
import { airflowBackfill } from './airflow-backfill.ts'
import { airflowClearTask } from './airflow-clear-task.ts'
import { airflowRerunDag } from './airflow-rerun-dag.ts'
import { dbtRetry } from './dbt-retry.ts'
import { releaseLock } from './release-lock.ts'
import type { RemediationRow } from './remediation.ts'
import { runFlow } from './run-flow.ts'

/** The catalogue of fixes. A template without a row is work for people. */
export const remediationRows: readonly RemediationRow[] = [
  airflowClearTask,
  airflowRerunDag,
  airflowBackfill,
  releaseLock,
  dbtRetry,
  airbyteSync,
  runFlow,
]

/** The row of a template. @throws AppError E_FIX_REFUSED when it has none. */
export function remediationRow(template: RemediationTemplate): RemediationRow {
  const row = remediationRows.find((one) => one.template === template)
  if (row) return row
  throw new AppError('E_FIX_REFUSED', `${template} can't be run by itself.`, 'A person has to do it.')
}

/** The row of a fix whose plan is whole. @throws AppError E_FIX_REFUSED naming what the plan lacks */
export function plannedRow({ template, target, params }: Remediation): RemediationRow {
  const row = remediationRow(template)
  const { error } = row.params.safeParse(params)
  if (!error) return row
  const lacks = [...new Set(error.issues.map(({ path }) => path.join('.')))].join(', ')
  throw new AppError('E_FIX_REFUSED', `The plan for ${target} lacks ${lacks}.`, 'A person has to do it.')
}

/** The native ids of a fix, from what connectors read; null when none names the target in a state that it mends. */
export function planRemediation(
  template: RemediationTemplate,
  target: string,
  evidence: readonly Evidence[],
): RemediationParams | null {
  return remediationRows.find((row) => row.template === template)?.plan(target, evidence) ?? null
}
