import { join } from 'node:path'
import { z } from 'zod'
import type { Stack } from '../../../engine/stack.ts'
import type { SlackStandIn } from '../../../tests/stand-ins/slack.ts'
import { AppError } from '../../lib/errors.ts'
import { readFlows } from '../../lib/flow-files.ts'
import { kestraApi } from '../../lib/kestra-api.ts'
import type { Store } from '../../store/connection.ts'
import { outcomeOf } from '../../store/outcomes.ts'
import { sql } from '../../store/sql.ts'
import { type Ending, freshAlert } from './alerts.ts'
import { type Executions, until } from './executions.ts'
import { floorFlow } from './floor-flows.ts'
import { type Section, seconds, targetCells, times } from './report.ts'
import { judge, type Summary, summarize, type Verdict } from './statistics.ts'

const home = join(import.meta.dirname, '..', '..', '..')
const product = 'incident_management'
const warmUps = 3
/** The most that an incident's way may take, in ways of flows whose scripts do nothing. */
const limit = 2

/** The flows that an incident runs through, each started by the one before. */
const ways: Readonly<Record<Ending, readonly string[]>> = {
  notified: ['incident_analyzer', 'notify_slack'],
  dismissed: ['incident_analyzer'],
}

export interface Latency {
  ending: Ending
  /** From the POST until the decision stands in the store. */
  decided: Summary
  /** Until Slack has the message; `null` where nobody is told. */
  told: Summary | null
  /** Until the last execution has ended. */
  ended: Summary
  /** The same, with every script replaced by `node -e 0`. */
  floor: Summary
  verdict: Verdict
}

export interface LatencyOptions {
  stack: Stack
  store: Store
  slack: SlackStandIn
  executions: Executions
  runs: number
  onProgress(text: string): void
}

/** Posts one alert after the other, each a new incident; in turn with the floor, so that all meet the same machine. */
export async function measureLatency(options: LatencyOptions): Promise<Latency[]> {
  const { stack, executions, runs, onProgress } = options
  const entries = (['notified', 'dismissed'] as const).map((ending) => ({
    ending,
    decided: [] as number[],
    told: [] as number[],
    ended: [] as number[],
    floor: [] as number[],
  }))
  for (const { ending } of entries) await deployFloor(stack, ending)
  for (let run = 1 - warmUps; run <= runs; run += 1) {
    onProgress(run < 1 ? 'Webhook to end: warming up' : `Webhook to end: ${run} of ${runs}`)
    for (const { ending, decided, told, ended, floor } of entries) {
      const alert = await freshAlert(ending, `latency-${ending}-${run + warmUps}`)
      const incident = await oneIncident(options, ending, alert)
      const floorMs = await wayThrough(executions, floorNamespace(ending), ending, alert)
      if (run < 1) continue
      decided.push(incident.decidedMs)
      if (incident.toldMs !== null) told.push(incident.toldMs)
      ended.push(incident.endedMs)
      floor.push(floorMs.endedMs)
    }
  }
  return entries.map(({ ending, decided, told, ended, floor }) => {
    const [whole, bare] = [summarize(ended), summarize(floor)]
    return {
      ending,
      decided: summarize(decided),
      told: told.length > 0 ? summarize(told) : null,
      ended: whole,
      floor: bare,
      verdict: judge(whole, bare, limit),
    }
  })
}

export function latencySection(latencies: readonly Latency[]): Section {
  const row = (name: string, { median, p95 }: Summary, rest = ['', '–', '']) => [
    name,
    seconds(median),
    seconds(p95),
    ...rest,
  ]
  return {
    title: 'Webhook to terminal state',
    header: ['one incident, warm', 'p50', 'p95', '× floor', 'target', ''],
    rows: latencies.flatMap(({ ending, decided, told, ended, floor, verdict }) => [
      row(`${ending}: decided in the store`, decided),
      ...(told ? [row(`${ending}: Slack has the message`, told)] : []),
      row(`${ending}: last execution ended`, ended, [times(verdict.ratio), ...targetCells(verdict)]),
      row(`${ending}: floor, every script \`node -e 0\``, floor),
    ]),
    notes: [
      `${latencies[0]?.ended.runs ?? 0} runs of each, one after the other and in turn, after ${warmUps} to warm up; analyzer \`rules\`. From before the POST; ratio of p50 of the last execution's end.`,
    ],
  }
}

function floorNamespace(ending: Ending): string {
  return `bench_floor_${ending}`
}

/** The clock is left out: it would only tick beside the product's own. */
async function deployFloor({ settings }: Stack, ending: Ending): Promise<void> {
  const namespace = floorNamespace(ending)
  const flows = (await readFlows(join(home, 'flows'), namespace)).filter(({ id }) => id !== 'clock')
  const sources = flows.map(({ source }) => floorFlow(source, ending))
  await kestraApi(settings).deploy(namespace, sources)
}

async function oneIncident({ store, slack, executions }: LatencyOptions, ending: Ending, alert: { title?: unknown }) {
  const arrival = ending === 'notified' ? arrivalOf(slack, String(alert.title)) : Promise.resolve(null)
  const [{ id, postedAt, endedMs }, arrivedAt] = await Promise.all([
    wayThrough(executions, product, ending, alert),
    arrival,
  ])
  const outcome = await until(`the incident of ${id} is ${ending}`, async () => {
    const found = await outcomeOf(store, id)
    return found?.at_rest ? found : null
  })
  if (outcome.state !== ending || outcome.analyzer !== 'rules') {
    const what = `The alert that is to end ${ending}, by rules, ended ${outcome.state}, by ${outcome.analyzer}.`
    throw new AppError('E_UNEXPECTED', what, 'Measure with the configuration that ships.')
  }
  const decidedAt = await decisionTime(store, outcome.incident)
  return {
    endedMs,
    decidedMs: decidedAt.getTime() - postedAt,
    toldMs: arrivedAt === null ? null : arrivedAt - postedAt,
  }
}

/** From the POST to the end of the last flow on the way, by Kestra's own records. */
async function wayThrough(executions: Executions, namespace: string, ending: Ending, alert: unknown) {
  const { id, postedAt } = await executions.post(namespace, alert)
  const ends = [await executions.end(id)]
  let last = id
  for (const flow of ways[ending]) {
    last = await executions.startedBy(last, flow)
    ends.push(await executions.end(last))
  }
  return { id, postedAt, endedMs: Math.max(...ends.map((end) => end.getTime())) - postedAt }
}

async function arrivalOf(slack: SlackStandIn, title: string): Promise<number> {
  const name = /\(([\w-]+)\)$/.exec(title)?.[1] ?? title
  await slack.waitForMessage((text) => text.includes(name), 120_000)
  return Date.now()
}

/** Written at the end of the transaction that decides. */
async function decisionTime(store: Store, incident: string): Promise<Date> {
  const row = await store.transaction((query) =>
    query.first(
      z.object({ at: z.date() }),
      sql`select at from audit where subject = ${incident} and what like 'decided %' order by id desc limit 1`,
    ),
  )
  if (row) return row.at
  throw new AppError('E_UNEXPECTED', `The decision on ${incident} is not in the audit.`, 'See the store.')
}
