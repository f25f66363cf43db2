import { z } from 'zod'

/** What Airflow's REST API answers, v2 and Airflow 2's v1, as far as it is read. Its own names. */

const instant = z.iso.datetime({ offset: true }).nullish()

function secondsBetween(start: string | null | undefined, end: string | null | undefined): number | null {
  return start && end ? (Date.parse(end) - Date.parse(start)) / 1000 : null
}

export const Dag = z.object({
  dag_id: z.string(),
  is_paused: z.boolean(),
  is_stale: z.boolean().nullish(),
  has_import_errors: z.boolean().nullish(),
  owners: z.array(z.string()).nullish(),
  tags: z.array(z.object({ name: z.string() })).nullish(),
  timetable_summary: z.string().nullish(),
  timetable_description: z.string().nullish(),
  next_dagrun_run_after: instant,
  fileloc: z.string().nullish(),
  relative_fileloc: z.string().nullish(),
})
export type Dag = z.infer<typeof Dag>
export const Dags = z.object({ dags: z.array(Dag) }).transform((answer) => answer.dags)

export const DagRun = z
  .object({
    dag_id: z.string(),
    dag_run_id: z.string(),
    /** `queued` `running` `success` `failed` */
    state: z.string(),
    /** `scheduled` `manual` `asset_triggered` … */
    run_type: z.string().nullish(),
    /** `timetable` `operator` `rest_api` …; Airflow 3. */
    triggered_by: z.string().nullish(),
    queued_at: instant,
    run_after: instant,
    start_date: instant,
    end_date: instant,
    /** Seconds; null while it runs. */
    duration: z.number().nullish(),
    note: z.string().nullish(),
    conf: z.record(z.string(), z.unknown()).nullish(),
    /** In Airflow 2, what `run_after` came from. */
    data_interval_end: instant,
  })
  .transform(({ data_interval_end: due, ...run }) => ({
    ...run,
    run_after: run.run_after ?? due,
    duration: run.duration ?? secondsBetween(run.start_date, run.end_date),
  }))
export type DagRun = z.infer<typeof DagRun>

const ofField = z.string().nullish().catch(null)
/** What a task's templated fields became when it began; of those that wait for, or start, another DAG. */
const RenderedFields = z
  .object({
    external_dag_id: ofField,
    trigger_dag_id: ofField,
    wait_for_completion: z.boolean().nullish().catch(null),
  })
  .nullish()
  .catch(null)

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
  rendered_fields: RenderedFields,
})
export type TaskInstance = z.infer<typeof TaskInstance>

export const TaskInstances = z
  .object({ task_instances: z.array(TaskInstance) })
  .transform((answer) => answer.task_instances)
export const DagRuns = z.object({ dag_runs: z.array(DagRun) }).transform((answer) => answer.dag_runs)
export const EventLogs = z
  .object({
    event_logs: z.array(z.object({ when: instant, run_id: z.string().nullish(), extra: z.string().nullish() })),
  })
  .transform((answer) => answer.event_logs)
export type EventLogs = z.infer<typeof EventLogs>
export const Backfill = z.object({
  id: z.number().int(),
  dag_id: z.string(),
  from_date: z.string(),
  to_date: z.string(),
  dag_run_conf: z.record(z.string(), z.unknown()).nullish(),
  is_paused: z.boolean(),
  completed_at: instant,
})
export type Backfill = z.infer<typeof Backfill>
export const Backfills = z.object({ backfills: z.array(Backfill) }).transform((answer) => answer.backfills)
export type Backfills = z.infer<typeof Backfills>
export const BackfillTimes = z
  .object({ backfills: z.array(z.object({ logical_date: z.string().nullable() })) })
  .transform(({ backfills }) => backfills.flatMap(({ logical_date }) => logical_date ?? []))
export type BackfillTimes = z.infer<typeof BackfillTimes>
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
export const LogLines = z.array(LogLine)
/** Airflow 2 hands a log over as one text in which a list of texts was printed. */
export const Log = z
  .object({ content: z.union([z.array(LogLine), z.string()]) })
  .transform(({ content }) =>
    typeof content === 'string'
      ? LogLines.parse(content.split(/\\n|\n/).filter((line) => line.trim() !== ''))
      : content,
  )
/** What a task left behind for others. */
export const XCom = z.object({ value: z.string().nullish().catch(null) }).transform(({ value }) => value ?? null)
export const Version = z.object({ version: z.string() })
/** For a call of which only the status matters. */
export const Anything = z.unknown()

export const ImportErrors = z
  .object({ import_errors: z.array(z.object({ filename: z.string(), stack_trace: z.string() })) })
  .transform((answer) => answer.import_errors)

export const DagVersions = z
  .object({
    dag_versions: z.array(
      z.object({ version_number: z.int(), created_at: z.string(), bundle_version: z.string().nullish() }),
    ),
  })
  .transform((answer) => answer.dag_versions)
export type DagVersions = z.infer<typeof DagVersions>

/** What was written to assets, by whose run, before a run that waited for it. */
export const AssetEvents = z
  .object({
    asset_events: z.array(
      z.object({
        name: z.string().nullish(),
        uri: z.string().nullish(),
        source_dag_id: z.string().nullish(),
        source_run_id: z.string().nullish(),
        timestamp: z.string(),
      }),
    ),
  })
  .transform((answer) => answer.asset_events)
export type AssetEvents = z.infer<typeof AssetEvents>

const ofDags = z.array(z.object({ dag_id: z.string() }))
const AssetAnswer = z.object({
  name: z.string(),
  uri: z.string().nullish(),
  scheduled_dags: ofDags,
  producing_tasks: ofDags,
  /** Whose tasks name it as what they read; Airflow 3.1 and newer. */
  consuming_tasks: ofDags.nullish(),
  last_asset_event: z.object({ timestamp: z.string().nullish() }).nullish(),
})
/** Airflow 2 calls them datasets, and knows them by their address alone. */
const Dataset = z.object({ uri: z.string(), consuming_dags: ofDags, producing_tasks: ofDags }).transform(
  ({ uri, consuming_dags: scheduled_dags, producing_tasks }): z.infer<typeof AssetAnswer> => ({
    name: uri,
    uri,
    scheduled_dags,
    producing_tasks,
  }),
)
export const Assets = z.union([
  z.object({ assets: z.array(AssetAnswer) }).transform((answer) => answer.assets),
  z.object({ datasets: z.array(Dataset) }).transform((answer) => answer.datasets),
])
export type Assets = z.infer<typeof Assets>

export const Pools = z
  .object({
    pools: z.array(
      z.object({
        name: z.string(),
        slots: z.int(),
        occupied_slots: z.int(),
        queued_slots: z.int(),
        scheduled_slots: z.int().default(0),
        open_slots: z.int(),
      }),
    ),
  })
  .transform((answer) => answer.pools)
export type Pools = z.infer<typeof Pools>

const Part = z.looseObject({ status: z.string().nullish() }).nullish()
export const Monitor = z
  .object({ metadatabase: Part, scheduler: Part, triggerer: Part, dag_processor: Part })
  .transform((answer) =>
    Object.entries(answer).map(([part, health]) => {
      const since = health ? health[`latest_${part}_heartbeat`] : null
      return { part, status: health?.status ?? null, since: typeof since === 'string' ? since : null }
    }),
  )
export type Monitor = z.infer<typeof Monitor>
