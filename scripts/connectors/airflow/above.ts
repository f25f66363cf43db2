import type { DagTie } from '../../domain/failed-first.ts'
import type { Assets, DagRun, TaskInstance } from './answers.ts'
import { makersOf } from './assets.ts'
import type { Airflow } from './client.ts'
import { orNothing, orNothingInTime } from './or-nothing.ts'

/** A DAG on which another one hangs. */
export interface DagAbove {
  dagId: string
  tie: DagTie
  /** The assets between them, or the tasks that tie them. */
  by: string[]
  /** The very run, where Airflow says which. */
  runId: string | null
  /** Whether its failure can be what holds the other up: not where that one has got what it waited for. */
  mayHold: boolean
}

/** Of the tasks that may have started a run, so many are asked which run they started. */
const mostStarters = 5
const got: ReadonlySet<string | null> = new Set(['success', 'skipped'])

/**
 * The DAGs above a DAG: those to which its run in trouble is tied, and those whose assets it reads. What may hold it up
 * stands first.
 */
export function dagsAbove(dagId: string, assets: Assets, tied: readonly DagAbove[]): DagAbove[] {
  const makers = makersOf(dagId, assets).map((one) => ({ ...one, tie: 'reads' as const, runId: null, mayHold: true }))
  return [...tied, ...makers].toSorted((a, b) => Number(b.mayHold) - Number(a.mayHold))
}

/** The DAGs that a run's tasks wait for, and the one whose task started it. */
export async function tiedTo(client: Airflow, run: DagRun): Promise<DagAbove[]> {
  const [tasks, starter] = await Promise.all([
    orNothing(client.taskInstances(run.dag_id, run.dag_run_id, { orderBy: '-start_date' })),
    orNothingInTime(starterOf(client, run)),
  ])
  const ties = await Promise.all((tasks ?? []).map((one) => tieOf(client, one)))
  return [...together(ties.filter((one) => one !== null)), ...(starter ? [starter] : [])]
}

/**
 * What a task waits for, by the fields that Airflow keeps of each one that has begun: a sensor's, or those of one that
 * starts a run and waits.
 */
async function tieOf(client: Airflow, task: TaskInstance): Promise<DagAbove | null> {
  const { external_dag_id: waited, trigger_dag_id: started, wait_for_completion: waits } = task.rendered_fields ?? {}
  const common = { by: [task.task_id], mayHold: !got.has(task.state) }
  // A DAG that waits for a run of its own hangs on no other.
  if ((waited ?? started) === task.dag_id) return null
  if (waited) return { ...common, dagId: waited, tie: 'waits', runId: null }
  if (!started || !waits) return null
  return { ...common, dagId: started, tie: 'started', runId: await orNothing(client.startedRun(task)) }
}

/** Each DAG, or run where it is known, once: with all tasks that wait for it. */
function together(ties: readonly DagAbove[]): DagAbove[] {
  const groups = Object.values(Object.groupBy(ties, ({ dagId, tie, runId }) => JSON.stringify([dagId, tie, runId])))
  return groups.flatMap((those = []) =>
    those.slice(0, 1).map((first) => ({
      ...first,
      by: [...new Set(those.flatMap(({ by }) => by))],
      mayHold: those.some(({ mayHold }) => mayHold),
    })),
  )
}

/**
 * The DAG whose task started a run. Airflow says of the run only that a task did, and of each such task which run it
 * started.
 */
async function starterOf(client: Airflow, run: DagRun): Promise<DagAbove | null> {
  const at = run.queued_at ?? run.start_date
  if (!at || (run.triggered_by !== 'operator' && run.run_type !== 'operator_triggered')) return null
  const likely = (await client.triggersBefore(at))
    .filter(({ rendered_fields: fields }) => fields?.trigger_dag_id === run.dag_id)
    .slice(0, mostStarters)
  const started = await Promise.all(likely.map((task) => orNothing(client.startedRun(task))))
  const starter = likely[started.indexOf(run.dag_run_id)]
  if (!starter || starter.dag_id === run.dag_id) return null
  const { dag_id: dagId, dag_run_id: runId, task_id } = starter
  return { dagId, tie: 'started_by', by: [task_id], runId, mayHold: true }
}
