import { z } from 'zod'

/** What Airflow's REST API v2 answers, as far as it is read. Its own names. */

const instant = z.iso.datetime({ offset: true }).nullish()

export const Dag = z.object({
  dag_id: z.string(),
  is_paused: z.boolean(),
  is_stale: z.boolean().nullish(),
  has_import_errors: z.boolean().nullish(),
})
export type Dag = z.infer<typeof Dag>

export const DagRun = z.object({
  dag_id: z.string(),
  dag_run_id: z.string(),
  /** `queued` `running` `success` `failed` */
  state: z.string(),
  run_after: instant,
  start_date: instant,
  end_date: instant,
  /** Seconds; null while it runs. */
  duration: z.number().nullish(),
  note: z.string().nullish(),
  conf: z.record(z.string(), z.unknown()).nullish(),
})
export type DagRun = z.infer<typeof DagRun>

const TaskInstance = z.object({
  dag_id: z.string(),
  dag_run_id: z.string(),
  task_id: z.string(),
  /** -1 for a task that is not mapped. */
  map_index: z.number().int(),
  /** Null before it is scheduled, and again after it was cleared. */
  state: z.string().nullable(),
  try_number: z.number().int(),
  max_tries: z.number().int().nullish(),
  start_date: instant,
  end_date: instant,
  duration: z.number().nullish(),
  note: z.string().nullish(),
})
export type TaskInstance = z.infer<typeof TaskInstance>

export const TaskInstances = z
  .object({ task_instances: z.array(TaskInstance) })
  .transform((answer) => answer.task_instances)
export const DagRuns = z.object({ dag_runs: z.array(DagRun) }).transform((answer) => answer.dag_runs)
export const EventLogs = z
  .object({ event_logs: z.array(z.object({ run_id: z.string().nullish(), extra: z.string().nullish() })) })
  .transform((answer) => answer.event_logs)
export type EventLogs = z.infer<typeof EventLogs>
export const Token = z.object({ access_token: z.string().min(1) }).transform((answer) => answer.access_token)

const LogLine = z.union([
  z.string().transform((event) => ({ event, level: undefined, error_detail: undefined })),
  z.object({
    event: z.string(),
    level: z.string().optional(),
    error_detail: z.array(z.object({ exc_type: z.string(), exc_value: z.string() })).optional(),
  }),
])
export type LogLine = z.infer<typeof LogLine>
export const Log = z.object({ content: z.array(LogLine) }).transform((answer) => answer.content)
export const Version = z.object({ version: z.string() })
/** For a call of which only the status matters. */
export const Anything = z.unknown()
