import type { FailureFeed } from '../connector.ts'
import { accessTo } from './access.ts'
import { openAirflow } from './client.ts'

/**
 * Tasks that ended in `failed`: for Airflow that is final, so their retries are left out of the body. A task that was
 * killed never called back; here it is told as its callback would have told it.
 */
export const airflowFailures: FailureFeed = {
  kind: 'airflow',
  monitor: 'airflow',
  // A scheduled run is called by its time.
  areNamesShared: true,

  async failuresSince(since, limit, { system, signal }) {
    const failed = await openAirflow(accessTo(system), signal).failedSince(since, limit)
    return failed.flatMap(({ dag_id, task_id, dag_run_id, map_index, try_number, start_date, end_date }) => {
      if (!end_date) return []
      return [
        {
          id: [dag_id, dag_run_id, task_id, map_index, try_number].join('/'),
          at: new Date(end_date),
          body: {
            dag_id,
            task_id,
            run_id: dag_run_id,
            state: 'failed',
            try_number,
            start_date,
            end_date,
            ...(map_index < 0 ? {} : { map_index }),
            reported_by: 'reconcile',
          },
          about: { pipeline: dag_id, task: task_id, run: dag_run_id },
        },
      ]
    })
  },
}
