import { z } from 'zod'
import { readTime } from '../../domain/reading/time.ts'
import type { System } from '../../domain/system.ts'
import { AppError } from '../../lib/errors.ts'
import { type JsonRequest, orNull, requestJson } from '../../lib/http.ts'

/** What `config/systems.yaml` says of a dbt Cloud: one job of one account. */
export const DbtCloud = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional(),
  account_id: z.int(),
  job_id: z.int(),
})

const Named = z.object({ name: z.string() }).nullish().catch(null)

/** A run of a job. `status`: 1 queued, 2 starting, 3 running, 10 success, 20 error, 30 cancelled. */
export const CloudRun = z.object({
  id: z.int(),
  job_definition_id: z.int().nullish(),
  status: z.int(),
  /** `00:12:31`. */
  duration: z.string().nullish(),
  status_message: z.string().nullish().catch(null),
  started_at: z.string().nullish().catch(null),
  finished_at: z.string().nullish().catch(null),
  /** Only where they are asked for. */
  job: Named,
  environment: Named,
})
export type CloudRun = z.infer<typeof CloudRun>

export const runStatus = { success: 10, error: 20, cancelled: 30 } as const
const finished = '[10,20,30]'

const One = z.object({ data: CloudRun })
const Several = z.object({ data: z.array(CloudRun) })

const pageSize = 100
/** A job that runs every minute for a week does not reach it. */
const mostRuns = 12_000

export type ArtifactFile = 'manifest.json' | 'run_results.json' | 'sources.json' | 'catalog.json'

/** In bytes. A manifest of 5,000 nodes has some 40 MB; results hold each node's compiled code, freshness a line a source, the catalogue one a column. */
export const longestFile: Readonly<Record<ArtifactFile, number>> = {
  'manifest.json': 150_000_000,
  'run_results.json': 100_000_000,
  'sources.json': 20_000_000,
  'catalog.json': 100_000_000,
}

/** One job in dbt Cloud, over its administrative API v2 (https://docs.getdbt.com/dbt-cloud/api-v2). */
export interface DbtJob {
  readonly jobId: number
  /** The run that ended last; null while none has. */
  lastFinished(): Promise<CloudRun | null>
  /** The run that was begun last, whatever became of it. */
  newest(): Promise<CloudRun | null>
  /** Runs that ended in an error at `since` or after, oldest first, at most so many. */
  failedSince(since: Date, limit: number): Promise<{ run: CloudRun; at: Date }[]>
  /** Null when there is no such run. */
  run(id: number): Promise<CloudRun | null>
  /** A file that a run left; null when it left none of that name. */
  artifact(runId: number, file: ArtifactFile): Promise<unknown>
  /** Runs again what failed or was skipped in a run. Answers the run that this began. */
  retry(runId: number): Promise<CloudRun>
}

/**
 * Every call throws AppError as `requestJson` does. `read`: a token that reads; `write`: one that may run jobs.
 * @throws AppError E_SETTING_MISSING without a token
 */
export function openJob(system: System, signal: AbortSignal): DbtJob {
  const { url: base = 'https://cloud.getdbt.com', account_id, job_id } = DbtCloud.parse(system.options)
  const { token } = system.credentials
  if (!token) {
    throw new AppError(
      'E_SETTING_MISSING',
      `${system.name} has no token.`,
      `Put {"${system.name}": {"token": "…"}} into SYSTEMS_CREDENTIALS: a service token with Metadata Only or Read-Only.`,
    )
  }
  const headers = { authorization: `Token ${token}` }
  const request: JsonRequest = { headers, signal, system: system.name }
  const runs = `${base.replace(/\/+$/, '')}/api/v2/accounts/${account_id}/runs/`
  const first = async (query: Record<string, string>) => {
    const filter = new URLSearchParams({ job_definition_id: String(job_id), ...query, limit: '1' })
    const { data } = await requestJson(`${runs}?${filter}`, { ...request, schema: Several })
    return data[0] ?? null
  }
  return {
    jobId: job_id,
    lastFinished: () => first({ order_by: '-finished_at', status__in: finished }),
    newest: () => first({ order_by: '-id' }),
    async failedSince(since, limit) {
      const found: { run: CloudRun; at: Date }[] = []
      for (let offset = 0; offset < mostRuns; offset += pageSize) {
        const filter = new URLSearchParams({
          job_definition_id: String(job_id),
          status__in: `[${runStatus.error}]`,
          order_by: '-finished_at',
          include_related: '["job","environment"]',
          limit: String(pageSize),
          offset: String(offset),
        })
        const { data } = await requestJson(`${runs}?${filter}`, { ...request, schema: Several })
        const ended = data.map((run) => ({ run, at: new Date(readTime(run.finished_at) ?? 0) }))
        found.push(...ended.filter(({ at }) => at >= since))
        if (data.length < pageSize || ended.some(({ at }) => at < since)) break
      }
      return found.toSorted((a, b) => a.at.getTime() - b.at.getTime()).slice(0, limit)
    },
    async run(id) {
      const found = await orNull(requestJson(`${runs}${id}/`, { ...request, schema: One }))
      return found?.data ?? null
    },
    artifact: (id, file) =>
      orNull(requestJson(`${runs}${id}/artifacts/${file}`, { ...request, maxBytes: longestFile[file], exact: false })),
    async retry(id) {
      const { data } = await requestJson(`${runs}${id}/retry/`, { ...request, method: 'POST', schema: One })
      return data
    },
  }
}
