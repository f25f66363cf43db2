import { z } from 'zod'
import type { StandInDag, StandInRun, StandInTask } from './airflow-state.ts'

/** What Airflow's REST API v2 takes and answers, in its own names; defaults as in 3.3. */

export const ClearBody = z.strictObject({
  dry_run: z.boolean().default(true),
  dag_run_id: z.string().nullish(),
  task_ids: z.array(z.union([z.string(), z.tuple([z.string(), z.int()])])).nullish(),
  only_failed: z.boolean().default(true),
  only_running: z.boolean().default(false),
  include_downstream: z.boolean().default(false),
  reset_dag_runs: z.boolean().default(true),
  prevent_running_task: z.boolean().default(false),
  note: z.string().max(1000).nullish(),
})
export type ClearBody = z.infer<typeof ClearBody>

export const TriggerBody = z.strictObject({
  logical_date: z.iso.datetime({ offset: true }).nullable(),
  dag_run_id: z.string().nullish(),
  conf: z.record(z.string(), z.unknown()).nullish(),
  note: z.string().nullish(),
})
export type TriggerBody = z.infer<typeof TriggerBody>

function secondsBetween(start: Date | null, end: Date | null): number | null {
  return start && end ? (end.getTime() - start.getTime()) / 1000 : null
}

export function runJson(dag: StandInDag, one: StandInRun): object {
  const { tasks: _, pending: __, triggered_by, ...rest } = one
  const isScheduled = one.dag_run_id.startsWith('scheduled__')
  return {
    ...rest,
    dag_id: dag.dag_id,
    dag_display_name: dag.dag_id,
    logical_date: one.run_after,
    queued_at: one.run_after,
    duration: secondsBetween(one.start_date, one.end_date),
    run_type: triggered_by ? 'operator_triggered' : isScheduled ? 'scheduled' : 'manual',
    triggered_by: triggered_by ?? (isScheduled ? 'timetable' : 'rest_api'),
    dag_versions: [],
  }
}

export function taskJson(dag: StandInDag, of: StandInRun, one: StandInTask): object {
  const { log: _, longLog: __, xcoms: ___, ...rest } = one
  return {
    ...rest,
    dag_id: dag.dag_id,
    dag_run_id: of.dag_run_id,
    task_display_name: one.task_id,
    duration: secondsBetween(one.start_date, one.end_date),
    hostname: 'worker-1',
    pool: 'default_pool',
    queue: 'default',
    operator_name: one.operator,
  }
}

export function eventJson(
  dag: StandInDag,
  event: string,
  runId: string | null | undefined,
  extra: string,
): Record<string, unknown> {
  return { when: new Date(), dag_id: dag.dag_id, run_id: runId ?? null, event, owner: 'dim', extra }
}
