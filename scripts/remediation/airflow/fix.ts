import type { Dag } from '../../connectors/airflow/answers.ts'
import { type Airflow, openAirflow } from '../../connectors/airflow/client.ts'
import type { Remediation } from '../../domain/decision.ts'
import { oneLine } from '../../domain/text.ts'
import type { Settings } from '../remediation.ts'
import { changing as changingIn, refusedBy } from '../shared/changing.ts'
import { markOf } from '../shared/mark.ts'
import { accessFor } from './access.ts'

/** What stands in Airflow beside what was done: who did it, under which key. */
export function noteOf(key: string): string {
  return `By DataIncidentManager, key ${oneLine(key, 300)} (${markOf(key)})`
}

/** Opens the Airflow that a fix is for. Its first call throws E_FIX_REFUSED when it is not certain which one that is. */
export function openForFix({ params }: Remediation, settings: Settings, signal: AbortSignal): Airflow {
  return openAirflow(() => accessFor('write', params.system, settings), signal)
}

/** Opens the same one to look what came of a fix. Whoever looks need not be able to change anything. */
export function openToLook({ params }: Remediation, settings: Settings, signal: AbortSignal): Airflow {
  return openAirflow(() => accessFor('read', params.system, settings), signal)
}

/** Two fixes of one DAG never run at once: a clear and a new run would meet in the same tables. */
export function dagOf({ target, params }: Remediation): { system: string; thing: string } {
  const system = params.system ?? 'airflow'
  return { system, thing: `${system}/dag/${params.dag_id ?? target}` }
}

/** The DAG, when it can take a fix: one that is paused never starts what is queued. @throws AppError E_FIX_REFUSED */
export async function dagForFix(airflow: Airflow, dagId: string): Promise<Dag> {
  const dag = await airflow.dag(dagId)
  if (!dag) throw refused(`Airflow knows no DAG ${dagId}.`)
  if (dag.is_paused) throw refused(`${dagId} is paused: nothing that is queued would start.`)
  if (dag.has_import_errors) throw refused(`${dagId} can't be imported by Airflow.`)
  return dag
}

/** Runs the one call that changes something in Airflow. @throws AppError E_FIX_REFUSED, or what is retryable */
export const changing = <T>(call: Promise<T>): Promise<T> => changingIn('Airflow', call)

export const refused = refusedBy('Airflow')

/** The ids that a plan must have. @throws AppError E_FIX_REFUSED */
export function idsOf(remediation: Remediation): { dagId: string; runId: string } {
  const { dag_id: dagId, run_id: runId } = remediation.params
  if (dagId && runId) return { dagId, runId }
  throw refused(`The plan for ${remediation.target} names no run.`)
}
