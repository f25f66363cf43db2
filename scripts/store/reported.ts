import { z } from 'zod'
import { type Access, within } from './connection.ts'
import { sql } from './sql.ts'

/** The pipeline that an alert names: a DAG, a job of dbt Cloud, a connection of Airbyte's. */
const pipeline = sql`coalesce(alert #>> '{asset,native,dag_id}', alert #>> '{asset,native,job_id}',
  lower(alert #>> '{asset,native,connection_id}'))`

/** What a monitor said of a pipeline's failure. `task` is null when it spoke of the whole pipeline. */
const Reported = z.object({
  pipeline: z.string(),
  task: z.string().nullable(),
  run: z.string().nullable(),
  environment: z.string().nullable(),
  /** The instance that the pipeline is of; null where the alert left it open. */
  instance: z.string().nullable(),
  receivedAt: z.date(),
})
export type Reported = z.infer<typeof Reported>

/** The failures of pipelines that alerts of this source told of since then, the latest first; one row a task and run. */
export function reportedSince(access: Access, since: Date, source: string): Promise<Reported[]> {
  return within(access, (query) =>
    query.rows(
      Reported,
      sql`select ${pipeline} as pipeline, alert #>> '{asset,native,task_id}' as task,
            alert ->> 'external_id' as run, alert ->> 'environment' as environment,
            coalesce(alert ->> 'instance', alert #>> '{asset,system}') as instance, max(received_at) as "receivedAt"
          from alerts
          where source = ${source} and status = 'firing' and received_at > ${since}
            and ${pipeline} is not null
          group by 1, 2, 3, 4, 5 order by 6 desc`,
    ),
  )
}
