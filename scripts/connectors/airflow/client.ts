import type { AirflowAccess } from './access.ts'
import { type AirflowChanges, changesOf } from './changes.ts'
import { type AirflowReads, readsOf } from './reads.ts'
import { checkRights } from './rights.ts'
import { openSession } from './session.ts'

/** One Airflow, over its REST API v2, or v1 of Airflow 2 (https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html). */
export interface Airflow extends AirflowReads, AirflowChanges {
  /** What it is and which of the rights that reading needs the user lacks. */
  check(): Promise<{ version: string | null; missingRights: string[] }>
  /** Without this access's own secrets, and what else looks like one. */
  redact(text: string): string
}

/**
 * Logs in with the first call and again when the token has expired. Every call throws AppError as `requestJson` does,
 * and what finding the access threw.
 */
export function openAirflow(given: AirflowAccess | (() => Promise<AirflowAccess>), signal: AbortSignal): Airflow {
  const session = openSession(given, signal)
  return { ...readsOf(session), ...changesOf(session), check: () => checkRights(session), redact: session.redact }
}
