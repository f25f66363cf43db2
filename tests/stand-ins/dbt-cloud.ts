import { type Answer, type Received, type StandIn, startStandIn } from './server.ts'

/** A node of a run, as run_results.json has it. */
interface StandInResult {
  unique_id: string
  status: string
  message?: string
}

export interface StandInRun {
  id: number
  /** 1 queued, 2 starting, 3 running, 10 success, 20 error, 30 cancelled. */
  status: number
  results: StandInResult[]
  finishedAt?: Date
  /** What stands in `status_message`. */
  message?: string
}

export interface DbtCloudStandIn extends StandIn {
  readonly account: number
  readonly job: number
  /** For reading, and for running jobs: a token of dbt Cloud's, with the rights that its role gives. */
  readonly tokens: { readonly: string; runner: string }
  /** Oldest first; for tests to read and to change. */
  readonly runs: StandInRun[]
  /** Runs that were retried, one an accepted call. */
  readonly retried: readonly number[]
}

const account = 7
const job = 12
const tokens = { readonly: 'dbtc_reading-word', runner: 'dbtc_running-word' }
const finished: readonly number[] = [10, 20, 30]

/**
 * dbt Cloud's administrative API v2 as far as the product calls it: runs of a job, one run, its artifacts, and its retry
 * (https://docs.getdbt.com/dbt-cloud/api-v2). `recovery`: how a retry ends, and after how many looks at it.
 */
export async function startDbtCloud({
  runs,
  manifest,
  recovery = { ends: 'success', looks: 1 },
}: {
  runs: StandInRun[]
  /** The project's manifest, as every run leaves it. */
  manifest?: object
  recovery?: { ends: 'success' | 'error'; looks: number }
}): Promise<DbtCloudStandIn> {
  const retried: number[] = []
  const looks = new Map<number, number>()

  function answer(request: Received): Answer {
    const [, api, version, accounts, id, what, run, verb, file] = request.path.split('/')
    if (api !== 'api' || version !== 'v2' || accounts !== 'accounts') return failed(404, 'Not found.')
    const [scheme, token] = request.headers.authorization?.split(' ') ?? []
    if (scheme !== 'Token' || !Object.values(tokens).some((one) => one === token)) {
      return failed(401, 'Invalid token.')
    }
    // An account that the token is not of looks like none.
    if (Number(id) !== account || what !== 'runs') return failed(404, 'The requested resource was not found')
    if (!run) return list(request.query)
    const found = runs.find((one) => one.id === Number(run))
    if (!found) return failed(404, 'The requested resource was not found')
    if (verb === 'retry') {
      if (request.method !== 'POST') return failed(405, 'Method not allowed.')
      if (token !== tokens.runner) return failed(403, 'You do not have permission to perform this action.')
      return retry(found)
    }
    look(found)
    if (verb === 'artifacts') {
      if (file === 'manifest.json' && manifest) return ok(manifest, false)
      return file === 'run_results.json' ? ok(artifact(found), false) : failed(404, 'Not found.')
    }
    return ok(shown(found))
  }

  function list(query: URLSearchParams): Answer {
    const states = query.get('status__in')
    const wanted = states === null ? null : JSON.parse(states)
    if (Number(query.get('job_definition_id')) !== job) return ok([])
    for (const one of runs) look(one)
    const found = runs.filter(({ status }) => wanted === null || (Array.isArray(wanted) && wanted.includes(status)))
    return ok(
      found
        .toReversed()
        .slice(Number(query.get('offset') ?? 0))
        .slice(0, Number(query.get('limit') ?? 100))
        .map((one) => ({ ...shown(one), ...related(query.get('include_related')) })),
    )
  }

  function retry(run: StandInRun): Answer {
    const newest = runs.at(-1)
    if (newest !== run || run.status !== 20) return failed(400, 'Only the latest run of a job can be retried.')
    const results = run.results
      .filter(({ status }) => status !== 'success' && status !== 'pass')
      .map(({ unique_id }) => ({ unique_id, status: recovery.ends === 'success' ? 'success' : 'error' }))
    const begun = { id: run.id + 1, status: 1, results }
    runs.push(begun)
    retried.push(run.id)
    return ok(shown(begun))
  }

  /** A run goes on while it is looked at. */
  function look(run: StandInRun): void {
    if (finished.includes(run.status)) return
    const seen = (looks.get(run.id) ?? 0) + 1
    looks.set(run.id, seen)
    run.status = seen <= recovery.looks ? 3 : recovery.ends === 'success' ? 10 : 20
  }

  const server = await startStandIn(answer)
  return { ...server, account, job, tokens, runs, retried }
}

function related(asked: string | null) {
  const names = { job: { id: job, name: 'Nightly marts' }, environment: { id: 3, name: 'Production' } }
  return asked === null ? { job: null, environment: null } : names
}

function shown({ id, status, finishedAt, message }: StandInRun) {
  return {
    id,
    job_definition_id: job,
    account_id: account,
    status,
    duration: '00:12:31',
    is_complete: finished.includes(status),
    is_success: status === 10,
    is_error: status === 20,
    status_message: message ?? null,
    // Without a `T`, as dbt Cloud writes times.
    finished_at: finishedAt?.toISOString().replace('T', ' ').replace('Z', '000+00:00') ?? null,
  }
}

function artifact({ results, id }: StandInRun) {
  return {
    metadata: { generated_at: '2026-11-20T06:05:00.000000Z', invocation_id: `run-${id}` },
    args: { which: 'build' },
    results: results.map((result) => ({ message: null, ...result, failures: null, execution_time: 1.5 })),
  }
}

function ok(data: unknown, wrapped = true): Answer {
  const status = { code: 200, is_success: true, user_message: 'Success!', developer_message: '' }
  return { status: 200, body: wrapped ? { status, data } : data }
}

function failed(code: number, message: string): Answer {
  return {
    status: code,
    body: { status: { code, is_success: false, user_message: message, developer_message: null }, data: null },
  }
}
