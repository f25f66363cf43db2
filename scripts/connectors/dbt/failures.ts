import type { DbtNode } from '../../domain/dbt.ts'
import { readTime } from '../../domain/reading/time.ts'
import type { ConnectorContext, Failure, FailureFeed } from '../connector.ts'
import { openArtifacts } from './artifacts.ts'
import { DbtCloud, openJob } from './cloud.ts'
import { type RunResult, RunResults, saysNothing } from './results.ts'

/** Runs of a job that ended in an error, as the webhook `job.run.errored` would have told of each. */
export const dbtCloudFailures: FailureFeed = {
  kind: 'dbt_cloud',
  monitor: 'dbt-cloud',

  async failuresSince(since, limit, { system, signal }) {
    const { account_id, job_id } = DbtCloud.parse(system.options)
    const runs = await openJob(system, signal).failedSince(since, limit)
    return runs.map(({ run, at }) => ({
      id: String(run.id),
      at,
      body: {
        accountId: account_id,
        eventType: 'job.run.errored',
        timestamp: at.toISOString(),
        data: {
          jobId: String(job_id),
          jobName: run.job?.name ?? null,
          runId: String(run.id),
          environmentName: run.environment?.name ?? null,
          runStatus: 'Errored',
          runStatusCode: run.status,
          runStatusMessage: run.status_message ?? null,
          runStartedAt: readTime(run.started_at),
          runErroredAt: at.toISOString(),
        },
        reported_by: 'reconcile',
      },
      about: { pipeline: String(job_id), task: '', run: String(run.id) },
    }))
  },
}

/** How a node ends that is broken itself: what was skipped because of another is not told. */
const broken: ReadonlySet<string> = new Set(['error', 'fail', 'runtime error'])

/**
 * The nodes of the last run that failed, by its artifacts. dbt Core calls nobody back; who posts such failures himself
 * does so in this very shape (SETUP.md), and meets them here.
 */
export const dbtFailures: FailureFeed = {
  kind: 'dbt',
  monitor: 'plain',
  // Artifacts are copied to where they are read some time after the run.
  lateMs: 60 * 60_000,

  async failuresSince(since, limit, context) {
    const { system, signal } = context
    const parsed = RunResults.safeParse(await openArtifacts(system, signal).read('run_results.json'))
    if (!parsed.success || saysNothing(parsed.data)) return []
    const { metadata, results } = parsed.data
    const at = new Date(readTime(metadata.generated_at) ?? 0)
    if (at < since) return []
    const failed = results.filter(({ status }) => broken.has(status)).slice(0, limit)
    const nodes = await nodesOf(failed, context)
    const run = metadata.invocation_id ?? metadata.generated_at
    return failed.map((result) => failureOf(result, nodes, { at, run }))
  },
}

/** What is kept of the nodes that failed and of what failed tests look at, by id. */
async function nodesOf(failed: readonly RunResult[], { library, system }: ConnectorContext) {
  const own = await library.dbt.nodes(
    system.name,
    failed.map(({ unique_id }) => unique_id),
  )
  const tested = own.flatMap(({ kind, parents }) => (kind === 'test' ? parents : []))
  const all = [...own, ...(await library.dbt.nodes(system.name, tested))]
  return new Map(all.map((node) => [node.id, node]))
}

function failureOf(
  { unique_id: id, message, failures }: RunResult,
  nodes: ReadonlyMap<string, DbtNode>,
  { at, run }: { at: Date; run: string },
): Failure {
  const [kind = 'node', , name = id] = id.split('.')
  const node = nodes.get(id)
  const about = node?.kind === 'test' ? node.parents.flatMap((parent) => nodes.get(parent) ?? [])[0] : node
  const table = about !== undefined && about.relation !== null ? about.name : null
  return {
    id: `${run}/${id}`,
    at,
    body: {
      source: 'dbt',
      check: id,
      title: `dbt ${kind} ${node?.label ?? name} failed`,
      status: 'failed',
      severity: node?.test?.severity === 'warn' ? 'medium' : 'high',
      description: message ?? (failures == null ? '' : `${failures} failures`),
      started_at: at.toISOString(),
      run_id: run,
      ...(table === null ? (kind === 'test' ? {} : { model_unique_id: id }) : { table }),
      reported_by: 'reconcile',
    },
    about: { pipeline: id, task: '', run },
  }
}
