import type { FailedFirst } from '../../domain/failed-first.ts'
import type { Assets, DagRun } from './answers.ts'
import { feedingDags } from './assets.ts'
import type { Airflow } from './client.ts'
import { orNothing } from './or-nothing.ts'

/** Of each DAG that feeds this one, so many of its last runs are looked at. */
const runsLookedAt = 10

/**
 * The DAGs feeding a DAG by its assets whose last run to end before that DAG was in trouble failed, the first to fail
 * first. One that cannot be read is missed.
 * @param focus its own run in trouble; null where there is none
 */
export async function failedFirst(
  client: Airflow,
  about: { dagId: string; assets: Assets; focus: DagRun | null; now: Date },
): Promise<FailedFirst[]> {
  const { dagId, assets, focus, now } = about
  const before = focus?.state === 'failed' ? (focus.end_date ?? null) : null
  const until = before === null ? now.getTime() : Date.parse(before)
  const found = await Promise.all(
    feedingDags(dagId, assets).map(async ({ dagId: feeding, by }) => {
      const last = lastEnded((await orNothing(client.runs(feeding, runsLookedAt))) ?? [], until)
      if (last?.state !== 'failed' || !last.end_date) return []
      return [{ dag_id: feeding, run_id: last.dag_run_id, failed_at: last.end_date, feeds: dagId, by, before }]
    }),
  )
  return found.flat().toSorted((a, b) => Date.parse(a.failed_at) - Date.parse(b.failed_at))
}

function lastEnded(runs: readonly DagRun[], until: number): DagRun | undefined {
  return runs
    .filter(({ state, end_date: end }) => (state === 'success' || state === 'failed') && Date.parse(end ?? '') <= until)
    .toSorted((a, b) => Date.parse(b.end_date ?? '') - Date.parse(a.end_date ?? ''))[0]
}
