import { AppError } from '../../lib/errors.ts'
import { hasStatus } from '../../lib/http.ts'
import { Anything, DagRuns, TaskInstances, Version } from './answers.ts'
import { type AirflowSession, type Path, path } from './session.ts'

/** Lists of all that the user may see, each with the right that it needs. */
const lists: readonly (readonly [where: Path, right: string])[] = [
  ['/dags?limit=1', 'DAGs (can_read on DAGs)'],
  ['/eventLogs?limit=1', 'the audit log (can_read on Audit Logs)'],
  ['/pools?limit=1', 'pools (can_read on Pools)'],
  ['/importErrors?limit=1', 'import errors (can_read on ImportError)'],
  [(isTwo) => `/${isTwo ? 'datasets' : 'assets'}?limit=1`, 'assets (can_read on Assets)'],
]

/** Which Airflow it is, and which of the rights that gathering needs the user lacks. @throws AppError as `requestJson` */
export async function checkRights(
  session: AirflowSession,
): Promise<{ version: string | null; missingRights: string[] }> {
  const { version } = await session.call('/version', { schema: Version })
  const lacks = await Promise.all([
    ...lists.map(async ([where, right]) => (await mayHave(session.call(where, { schema: Anything }), right)).lacks),
    runRights(session),
  ])
  return { version, missingRights: lacks.flat() }
}

/** What a failure is explained by: any one run, a task of it, that task's log. Without a run there is nothing to try. */
async function runRights({ call, logText }: AirflowSession): Promise<string[]> {
  const runs = await mayHave(
    call('/dags/~/dagRuns?limit=1', { schema: DagRuns }),
    'DAG runs (can_read on DAG Runs): no run in evidence',
  )
  const run = runs.answer?.[0]
  const of = run ? path`/dags/${run.dag_id}/dagRuns/${run.dag_run_id}` : '/dags/~/dagRuns/~'
  const tasks = await mayHave(
    call(`${of}/taskInstances?limit=1`, { schema: TaskInstances }),
    'tasks (can_read on Task Instances): no failed task in evidence',
  )
  const task = tasks.answer?.[0]
  if (!task) return [...runs.lacks, ...tasks.lacks]
  const logs = path`/dags/${task.dag_id}/dagRuns/${task.dag_run_id}/taskInstances/${task.task_id}/logs`
  const log = await mayHave(
    // A log that is gone, or lies on a machine that is, says nothing of rights.
    logText(`${logs}/${Math.max(1, task.try_number)}?map_index=${task.map_index}`).catch((thrown: unknown) => {
      if (thrown instanceof AppError && !hasStatus(thrown, 403)) return null
      throw thrown
    }),
    'logs (can_read on Task Logs): no log excerpt in evidence',
  )
  return [...runs.lacks, ...tasks.lacks, ...log.lacks]
}

/** The answer, or that it was refused. What another release, or a stand-in, does not have at all is no right. */
async function mayHave<T>(answer: Promise<T>, right: string): Promise<{ answer: T | null; lacks: string[] }> {
  try {
    return { answer: await answer, lacks: [] }
  } catch (thrown) {
    if (hasStatus(thrown, 403)) return { answer: null, lacks: [right] }
    if (hasStatus(thrown, 404)) return { answer: null, lacks: [] }
    throw thrown
  }
}
