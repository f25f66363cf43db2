import type { AirflowAccess } from './access.ts'
import { Anything, Version } from './answers.ts'
import { type AirflowChanges, changesOf } from './changes.ts'
import { type AirflowReads, readsOf } from './reads.ts'
import { type AirflowSession, hasStatus, openSession, type Path } from './session.ts'

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
  return { ...readsOf(session), ...changesOf(session), check: () => check(session), redact: session.redact }
}

async function check({ call }: AirflowSession): ReturnType<Airflow['check']> {
  const { version } = await call('/version', { schema: Version })
  const rights: [Path, string][] = [
    ['/dags?limit=1', 'DAGs (can_read on DAGs)'],
    ['/eventLogs?limit=1', 'the audit log (can_read on Audit Logs)'],
    ['/pools?limit=1', 'pools (can_read on Pools)'],
    ['/importErrors?limit=1', 'import errors (can_read on ImportError)'],
    [(isTwo) => `/${isTwo ? 'datasets' : 'assets'}?limit=1`, 'assets (can_read on Assets)'],
  ]
  const lacks = await Promise.all(
    rights.map(async ([where, name]) => {
      try {
        await call(where, { schema: Anything })
        return []
      } catch (thrown) {
        if (hasStatus(thrown, 403)) return [name]
        // Another release, or a stand-in, may not have it at all: that is no right.
        if (hasStatus(thrown, 404)) return []
        throw thrown
      }
    }),
  )
  return { version, missingRights: lacks.flat() }
}
