import { Anything, Backfill, Backfills, BackfillTimes, DagRun, type TaskInstance, TaskInstances } from './answers.ts'
import { type AirflowSession, path } from './session.ts'

/** A change is not given up early: one whose outcome is unknown costs more than the wait. */
const changeMs = 25_000

/** What a clear is about; Airflow's own names. */
export interface ClearBody {
  dry_run: boolean
  dag_run_id: string
  task_ids: (string | [string, number])[]
  only_failed: boolean
  only_running: boolean
  include_downstream: boolean
  note?: string
}

/** What a backfill is about; Airflow's own names. */
export interface BackfillBody {
  dag_id: string
  from_date: string
  to_date: string
  reprocess_behavior: 'failed'
  max_active_runs: number
  run_backwards: boolean
  dag_run_conf: Record<string, unknown>
}

/** What is changed in an Airflow, and what is known of changes that are under way. Airflow 2 is not changed. */
export interface AirflowChanges {
  clear(dagId: string, body: ClearBody): Promise<TaskInstance[]>
  /** Null when there is none of that DAG; newest first. */
  backfills(dagId: string): Promise<Backfills>
  /** The times that a backfill would run; nothing is changed. */
  tryBackfill(body: BackfillBody): Promise<BackfillTimes>
  startBackfill(body: BackfillBody): Promise<Backfill>
  cancelBackfill(id: number): Promise<void>
  trigger(dagId: string, body: { dag_run_id: string; conf: object; note: string }): Promise<DagRun>
}

export function changesOf({ call }: AirflowSession): AirflowChanges {
  return {
    clear: (dagId, body) =>
      call(path`/dags/${dagId}/clearTaskInstances`, {
        method: 'POST',
        body,
        schema: TaskInstances,
        idempotent: body.dry_run,
        timeoutMs: changeMs,
      }),
    async backfills(dagId) {
      const query = new URLSearchParams({ dag_id: dagId, limit: '50', order_by: '-id' })
      return call(`/backfills?${query}`, { schema: Backfills })
    },
    tryBackfill: (body) =>
      call('/backfills/dry_run', {
        method: 'POST',
        body,
        schema: BackfillTimes,
        idempotent: true,
        timeoutMs: changeMs,
      }),
    startBackfill: (body) => call('/backfills', { method: 'POST', body, schema: Backfill, timeoutMs: changeMs }),
    async cancelBackfill(id) {
      await call(path`/backfills/${String(id)}/cancel`, { method: 'PUT', schema: Anything, timeoutMs: changeMs })
    },
    trigger: (dagId, body) =>
      call(path`/dags/${dagId}/dagRuns`, {
        method: 'POST',
        body: { logical_date: null, ...body },
        schema: DagRun,
        timeoutMs: changeMs,
      }),
  }
}
