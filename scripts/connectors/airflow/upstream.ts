import type { FailedFirst } from '../../domain/failed-first.ts'
import type { DagAbove } from './above.ts'
import type { DagRun } from './answers.ts'
import type { Airflow } from './client.ts'
import { orNothing } from './or-nothing.ts'

/** Of each DAG above this one, so many of its last runs are looked at. */
const runsLookedAt = 10

/**
 * Which of the DAGs above a DAG failed before that one was in trouble, the first to fail first: by the very run that ties
 * them where that is known, else by their last run that ended before. One that cannot be read is missed.
 * @param focus its own run in trouble; null where there is none
 */
export async function failedFirst(
  client: Airflow,
  about: { dagId: string; above: readonly DagAbove[]; focus: DagRun | null; now: Date },
): Promise<FailedFirst[]> {
  const { dagId, above, focus, now } = about
  const before = focus?.state === 'failed' ? (focus.end_date ?? null) : null
  const until = before === null ? now.getTime() : Date.parse(before)
  const found = await Promise.all(
    above.map(async ({ dagId: one, tie, by, runId, mayHold }) => {
      if (!mayHold) return []
      const run = lastEnded(await runsOf(client, one, runId), until)
      if (run?.state !== 'failed' || !run.end_date) return []
      return [{ dag_id: one, run_id: run.dag_run_id, failed_at: run.end_date, feeds: dagId, tie, by, before }]
    }),
  )
  return found.flat().toSorted((a, b) => Date.parse(a.failed_at) - Date.parse(b.failed_at))
}

async function runsOf(client: Airflow, dagId: string, runId: string | null): Promise<DagRun[]> {
  if (runId === null) return (await orNothing(client.runs(dagId, runsLookedAt))) ?? []
  const run = await orNothing(client.run(dagId, runId))
  return run ? [run] : []
}

function lastEnded(runs: readonly DagRun[], until: number): DagRun | undefined {
  return runs
    .filter(({ state, end_date: end }) => (state === 'success' || state === 'failed') && Date.parse(end ?? '') <= until)
    .toSorted((a, b) => Date.parse(b.end_date ?? '') - Date.parse(a.end_date ?? ''))[0]
}
