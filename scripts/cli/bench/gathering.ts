import { dailyEltPipeline, startAirflow } from '../../../tests/stand-ins/airflow.ts'
import { type Answer, type Received, startStandIn } from '../../../tests/stand-ins/server.ts'
import { dbtManifest, dbtModel, shop } from '../../../tests/support/dbt-project.ts'
import { exampleAlert } from '../../../tests/support/example-incidents.ts'
import { gatherEvidence } from '../../connectors/gathering/gather.ts'
import type { System } from '../../domain/system.ts'
import { milliseconds, type Section, times } from './report.ts'
import { type Summary, summarize } from './statistics.ts'

/** The most that all systems together may take, in times of the slowest single one. */
const limitTimes = 1.2
/** What a system that hangs may cost beyond its own limit. */
const spareMs = 500
const hangingLimitMs = 1_000
/** How long each kind takes for an answer: as a system does that is not on this machine. */
const delaysMs = { airflow: 120, github: 90, dbt: 60, prometheus: 60 }
const dagId = 'daily_elt_pipeline'
const failing = dbtModel('orders', [], { meta: { dag_id: dagId } })
const artifacts = shop()
const manifest = dbtManifest([failing])
const runResults = {
  ...artifacts.runResults,
  results: [{ unique_id: failing.unique_id, status: 'error', message: 'Database Error', execution_time: 1.5 }],
}
const always = { times: Number.POSITIVE_INFINITY }

export interface Gatherings {
  /** All systems at once. */
  all: Summary
  /** The slowest of them alone. */
  slowest: Summary
  /** All of them and one that never answers. */
  hanging: Summary
  ratio: number
}

/** Gathers from one of each kind that knows of a DAG, from the slowest alone, and with one more that hangs. */
export async function measureGathering(options: {
  runs: number
  onProgress: (text: string) => void
}): Promise<Gatherings> {
  const { systems, hanging: hangs, close } = await startSystems()
  const measure = async (name: string, asked: readonly System[]): Promise<Summary> => {
    const measured: number[] = []
    for (let run = 1; run <= options.runs; run += 1) {
      options.onProgress(`Gathering, ${name}: ${run} of ${options.runs}`)
      measured.push(await gatherOnce(asked))
    }
    return summarize(measured)
  }
  try {
    await gatherOnce(systems)
    const alone: Summary[] = []
    for (const system of systems) alone.push(await measure(`${system.kind} alone`, [system]))
    const [slowest] = alone.toSorted((one, other) => other.p95 - one.p95)
    if (!slowest) throw new RangeError('No system was measured.')
    const all = await measure('all systems', systems)
    const hanging = await measure('one hanging', [...systems, hangs])
    return { all, slowest, hanging, ratio: all.p95 / slowest.p95 }
  } finally {
    await close()
  }
}

/** One of each kind, each as late as its kind, all about the same DAG; and a second Airflow that never answers. */
async function startSystems() {
  const [airflow, silent, github, dbt, prometheus] = await Promise.all([
    startAirflow({ dags: [dailyEltPipeline()] }),
    startAirflow({ dags: [] }),
    startStandIn(answerGithub),
    startStandIn(answerDbt),
    startStandIn(answerPrometheus),
  ])
  for (const [server, delayMs] of [
    [airflow, delaysMs.airflow],
    [github, delaysMs.github],
    [dbt, delaysMs.dbt],
    [prometheus, delaysMs.prometheus],
  ] as const) {
    server.fail({ delayMs }, always)
  }
  silent.fail('hang', always)
  const { AIRFLOW_USERNAME: username, AIRFLOW_PASSWORD: password } = airflow.settings
  const of = (name: string, kind: string, options: System['options'], changes: Partial<System> = {}): System => {
    return { name, kind, environment: null, aliases: [], limitMs: null, options, credentials: {}, ...changes }
  }
  const credentials = { username, password }
  const servers: { close(): Promise<void> }[] = [airflow, silent, github, dbt, prometheus]
  return {
    systems: [
      of('airflow', 'airflow', { url: airflow.url }, { credentials }),
      of('code', 'github', { url: github.url, repository: 'acme/pipelines' }),
      of('dbt', 'dbt', { url: dbt.url }),
      of('prometheus', 'prometheus', { url: prometheus.url }),
    ],
    hanging: of('airflow_us', 'airflow', { url: silent.url }, { credentials, limitMs: hangingLimitMs }),
    close: () => Promise.all(servers.map((server) => server.close())),
  }
}

function answerGithub({ path }: Received): Answer {
  if (path.endsWith('/pulls')) return { status: 200, body: [{ number: 7, merged_at: new Date().toISOString() }] }
  if (path.endsWith('/commits/aaa')) return { status: 200, body: { files: [{ filename: `dags/${dagId}.py` }] } }
  const date = new Date(Date.now() - 3_600_000).toISOString()
  return { status: 200, body: [{ sha: 'aaa', commit: { message: 'Load more', committer: { date } } }] }
}

/** A project whose last run failed in a model that this DAG runs. */
function answerDbt({ path }: Received): Answer {
  const files = new Map<string, unknown>([
    ['/manifest.json', manifest],
    ['/run_results.json', runResults],
  ])
  const body = files.get(path)
  return body === undefined ? { status: 404 } : { status: 200, body }
}

function answerPrometheus({ path }: Received): Answer {
  const at = Date.now() / 1000
  const result = path.endsWith('/query')
    ? [{ metric: {}, value: [at, '9000'] }]
    : [{ metric: {}, values: [[at, '3600']] }]
  return { status: 200, body: { status: 'success', data: { result } } }
}

async function gatherOnce(all: readonly System[]): Promise<number> {
  const asset = { kind: 'dag' as const, name: dagId, native: { dag_id: dagId } }
  const url = 'http://prometheus.example.com/graph?g0.expr=dag_duration_seconds+%3E+7200'
  const alerts = [exampleAlert({ asset, url, started_at: null })]
  const question = { asset, category: 'pipeline_delay' as const, environment: null, alerts, now: new Date() }
  const start = performance.now()
  const { evidence } = await gatherEvidence(question, { systems: { all, fault: null } })
  const ms = performance.now() - start
  const told = new Set(evidence.map(({ data }) => data.system))
  const silent = all.filter(({ name }) => !told.has(name)).map(({ name }) => name)
  if (silent.length > 0) throw new RangeError(`Nothing was gathered of ${silent.join(', ')}.`)
  const faults = evidence.flatMap((item) => (item.kind === 'unavailable' ? [item] : []))
  const odd = faults.find(({ data }) => data.code !== 'E_HTTP_TIMEOUT')
  if (odd) throw new RangeError(odd.summary)
  return ms
}

export function gatheringSection({ all, slowest, hanging, ratio }: Gatherings): Section {
  const row = (name: string, { median, p95, highest }: Summary) => [
    name,
    milliseconds(median),
    milliseconds(p95),
    milliseconds(highest),
  ]
  const latest = hangingLimitMs + spareMs
  const spelled = Object.entries(delaysMs)
    .map(([kind, ms]) => `${kind} takes ${ms} ms`)
    .join(', ')
  return {
    title: 'Gathering',
    header: ['systems', 'median', 'p95', 'highest', 'measured', 'target', ''],
    rows: [
      [...row('the slowest alone', slowest), '1', '–', ''],
      [
        ...row(`all ${Object.keys(delaysMs).length} at once`, all),
        times(ratio),
        `≤ ${limitTimes} ×`,
        ratio <= limitTimes ? 'met' : 'not met',
      ],
      [
        ...row('one more that hangs', hanging),
        milliseconds(hanging.highest),
        `≤ ${milliseconds(latest)}`,
        hanging.highest <= latest ? 'met' : 'not met',
      ],
    ],
    notes: [
      `${all.runs} runs each, about a DAG that is late: ${spelled} for each answer; a second Airflow that hangs has a limit of ${milliseconds(hangingLimitMs)}. Ratio of 95th percentiles. Warehouses are not among them: their drivers are not paced like this.`,
    ],
  }
}
