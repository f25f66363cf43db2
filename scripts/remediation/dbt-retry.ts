import { type CloudRun, type DbtJob, openJob, runStatus } from '../connectors/dbt/cloud.ts'
import { RunResults } from '../connectors/dbt/results.ts'
import type { Purpose } from '../connectors/gathering/systems.ts'
import type { Remediation } from '../domain/decision.ts'
import { ofKind } from '../domain/evidence.ts'
import { oneLine } from '../domain/text.ts'
import { planOf, type RemediationRow, type Settings } from './remediation.ts'
import { changing, refusedBy } from './shared/changing.ts'
import { plannedNumber, plannedSystem } from './shared/plan.ts'

const kind = 'dbt_cloud'
const product = 'dbt Cloud'
const refused = refusedBy(product)
/** A retry that would build more than this again is more than a fix. */
const mostNodes = 200
const shownNodes = 20

/** What of a run did not go well, as dbt names it; `dbt retry` takes up exactly these. */
const taken: ReadonlySet<string> = new Set(['error', 'fail', 'runtime error', 'skipped', 'partial success'])
const built: ReadonlySet<string> = new Set(['success', 'pass', 'warn'])

/** Runs again, in dbt Cloud, what failed in the last run of the job that builds a model, and what that kept from running. */
export const dbtRetry: RemediationRow = {
  template: 'dbt_retry',
  targetKind: 'job',
  settings: ['DIM_CONFIG_DIR', 'SYSTEMS_CREDENTIALS', 'SYSTEMS_WRITE_CREDENTIALS'],
  params: planOf('system', 'job_id', 'run_id'),

  // A retry is of a whole job, whichever model asks for it.
  policyName: ({ target, params }) => params.system ?? target,
  touches: ({ target, params }) => ({
    system: params.system ?? kind,
    thing: `${params.system ?? kind}/job/${params.job_id ?? target}`,
  }),

  plan(target, evidence) {
    const failed = ofKind(evidence, 'dbt_model').filter(
      ({ source, data }) => source === 'dbt' && data.unique_id === target && ['error', 'fail'].includes(data.status),
    )
    const data = failed[0]?.data
    // Artifacts that lie in a folder say nothing of a job that could be retried.
    if (!data?.system || !data.job_id || !data.run_id) return null
    // Of two projects with a model of this name, it is not certain which one is meant.
    if (failed.some((one) => one.data.system !== data.system || one.data.is_certain === false)) return null
    return { system: data.system, job_id: data.job_id, run_id: data.run_id }
  },

  async dryRun(remediation, settings, signal) {
    const job = await open('write', remediation, settings, signal)
    const failed = await failedRun(job, remediation)
    const again = await nodesToRetry(job, failed)
    const names = again.slice(0, shownNodes).map(({ unique_id, status }) => `${oneLine(unique_id, 200)} (${status})`)
    const more = again.length > names.length ? ` and ${again.length - names.length} more` : ''
    const took = failed.duration ? ` The whole run took ${oneLine(failed.duration, 20)}.` : ''
    return `Of run ${failed.id} of job ${job.jobId} these would run again: ${names.join(', ')}${more}.${took}`
  },

  /** dbt Cloud takes no mark of ours. A run that was begun since the failed one does for it, whoever began it. */
  async wasDone(remediation, _key, settings, signal) {
    const job = await open('write', remediation, settings, signal)
    const newest = await job.newest()
    return newest !== null && newest.id > runIdOf(remediation)
  },

  async execute(remediation, _key, settings, signal) {
    const job = await open('write', remediation, settings, signal)
    const { id } = await failedRun(job, remediation)
    const begun = await changing(product, job.retry(id))
    return `retried run ${id} of job ${job.jobId} as run ${begun.id}`
  },

  async verify(remediation, settings, signal) {
    const job = await open('read', remediation, settings, signal)
    const run = await job.newest()
    if (!run || run.id <= runIdOf(remediation)) {
      return { state: 'bad', detail: `job ${job.jobId} has no run since ${runIdOf(remediation)} failed` }
    }
    if (run.status === runStatus.error || run.status === runStatus.cancelled) {
      const how = run.status === runStatus.error ? 'failed' : 'was cancelled'
      return { state: 'bad', detail: `run ${run.id} of job ${job.jobId} ${how}` }
    }
    if (run.status !== runStatus.success) {
      return { state: 'working', detail: `run ${run.id} of job ${job.jobId} has not ended yet` }
    }
    // A job may end well and have left the model out.
    const result = (await resultsOf(job, run)).find(({ unique_id }) => unique_id === remediation.target)
    if (result && built.has(result.status)) {
      return { state: 'well', detail: `${remediation.target} was built by run ${run.id} of job ${job.jobId}` }
    }
    const now = result ? `is ${result.status} in it` : 'is not part of it'
    return { state: 'bad', detail: `run ${run.id} of job ${job.jobId} ended well, but ${remediation.target} ${now}` }
  },
}

/** @throws AppError E_FIX_REFUSED when the job that the plan names is not the configured one */
async function open(
  purpose: Purpose,
  remediation: Remediation,
  settings: Settings,
  signal: AbortSignal,
): Promise<DbtJob> {
  const system = await plannedSystem({ kind, product, purpose }, remediation, settings)
  const job = openJob(system, signal)
  if (String(job.jobId) === remediation.params.job_id) return job
  throw refused(`${system.name} is job ${job.jobId} by now, and the plan for ${remediation.target} names another.`)
}

/** The failed run, when retrying it still makes sense. @throws AppError E_FIX_REFUSED */
async function failedRun(job: DbtJob, remediation: Remediation): Promise<CloudRun> {
  const id = runIdOf(remediation)
  const [run, newest] = await Promise.all([job.run(id), job.newest()])
  if (!run) throw refused(`dbt Cloud knows no run ${id} of job ${job.jobId}.`)
  if (newest && newest.id > id) throw refused(`Job ${job.jobId} has run ${newest.id} since: a retry is not needed.`)
  if (run.status !== runStatus.error) throw refused(`Run ${id} of job ${job.jobId} is not one that failed.`)
  return run
}

/** @throws AppError E_FIX_REFUSED when nothing, or too much, would run again */
async function nodesToRetry(job: DbtJob, run: CloudRun): Promise<RunResults['results']> {
  const again = (await resultsOf(job, run)).filter(({ status }) => taken.has(status))
  if (again.length === 0) throw refused(`Run ${run.id} of job ${job.jobId} left nothing that dbt could take up again.`)
  if (again.length > mostNodes) throw refused(`Retrying run ${run.id} would build ${again.length} nodes again.`)
  return again
}

async function resultsOf(job: DbtJob, { id }: CloudRun): Promise<RunResults['results']> {
  const parsed = RunResults.safeParse(await job.artifact(id, 'run_results.json'))
  return parsed.success ? parsed.data.results : []
}

function runIdOf(remediation: Remediation): number {
  return plannedNumber(product, remediation, 'run_id')
}
