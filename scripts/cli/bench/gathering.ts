import { dailyEltPipeline, startAirflow } from '../../../tests/stand-ins/airflow.ts'
import { gatherEvidence } from '../../connectors/gathering/gather.ts'
import type { System } from '../../domain/system.ts'
import { milliseconds, type Section, times } from './report.ts'
import { type Summary, summarize } from './statistics.ts'

/** The most that all systems together may take, in times of the slowest single one. */
const limitTimes = 1.2
/** What a system that hangs may cost beyond its own limit. */
const spareMs = 500
const hangingLimitMs = 1_000
/** How long each stand-in takes for an answer: as a system does that is not on this machine. */
const delaysMs = [60, 90, 120]

export interface Gatherings {
  /** All systems at once. */
  all: Summary
  /** The slowest of them alone. */
  slowest: Summary
  /** All of them and one that never answers. */
  hanging: Summary
  ratio: number
}

/** Gathers from several Airflow stand-ins at once, from the slowest alone, and with one more that hangs. */
export async function measureGathering(options: {
  runs: number
  onProgress: (text: string) => void
}): Promise<Gatherings> {
  const servers = await Promise.all([...delaysMs, null].map(() => startAirflow({ dags: [dailyEltPipeline()] })))
  const always = { times: Number.POSITIVE_INFINITY }
  const systems = servers.map(({ settings, fail }, index): System => {
    const delayMs = delaysMs[index]
    fail(delayMs === undefined ? 'hang' : { delayMs }, always)
    return {
      name: `airflow_${index}`,
      kind: 'airflow',
      environment: null,
      aliases: [],
      limitMs: delayMs === undefined ? hangingLimitMs : null,
      options: { url: settings.AIRFLOW_URL },
      credentials: { username: settings.AIRFLOW_USERNAME, password: settings.AIRFLOW_PASSWORD },
    }
  })
  const measure = async (name: string, asked: readonly System[]): Promise<Summary> => {
    const measured: number[] = []
    for (let run = 1; run <= options.runs; run += 1) {
      options.onProgress(`Gathering, ${name}: ${run} of ${options.runs}`)
      measured.push(await gatherOnce(asked))
    }
    return summarize(measured)
  }
  try {
    const well = systems.slice(0, delaysMs.length)
    await gatherOnce(well)
    const slowest = await measure('one system', well.slice(-1))
    const all = await measure('all systems', well)
    const hanging = await measure('one hanging', systems)
    return { all, slowest, hanging, ratio: all.p95 / slowest.p95 }
  } finally {
    await Promise.all(servers.map((server) => server.close()))
  }
}

async function gatherOnce(all: readonly System[]): Promise<number> {
  const asset = { kind: 'dag' as const, name: 'daily_elt_pipeline', native: { dag_id: 'daily_elt_pipeline' } }
  const question = { asset, category: 'pipeline_delay' as const, environment: null, alerts: [], now: new Date() }
  const start = performance.now()
  const { evidence } = await gatherEvidence(question, { systems: { all, fault: null } })
  if (!evidence.some(({ kind }) => kind === 'task_failure')) throw new RangeError('Nothing was gathered.')
  return performance.now() - start
}

export function gatheringSection({ all, slowest, hanging, ratio }: Gatherings): Section {
  const row = (name: string, { median, p95, highest }: Summary) => [
    name,
    milliseconds(median),
    milliseconds(p95),
    milliseconds(highest),
  ]
  const latest = hangingLimitMs + spareMs
  return {
    title: 'Gathering',
    header: ['systems', 'median', 'p95', 'highest', 'measured', 'target', ''],
    rows: [
      [...row('the slowest alone', slowest), '1', '–', ''],
      [
        ...row(`all ${delaysMs.length} at once`, all),
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
      `${all.runs} runs each. Airflow stand-ins that take ${delaysMs.join(', ')} ms for each answer; the one that hangs has a limit of ${milliseconds(hangingLimitMs)}. Ratio of 95th percentiles.`,
    ],
  }
}
