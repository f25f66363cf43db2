import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toAppError } from '../../lib/errors.ts'
import { parseJson } from '../../lib/json.ts'
import { readDelivery } from '../../monitors/index.ts'
import { bodiesWith, longTexts } from './hostile-texts.ts'
import { runNode } from './node-process.ts'
import { mebibytes, milliseconds, type Section, times } from './report.ts'
import { type Summary, summarize } from './statistics.ts'

const receivedAt = '2026-11-20T08:00:00.000Z'
const bodiesASecond = 5_000
const largeLimitMs = 1_000
const largeLimitBytes = 300 * 2 ** 20
const alertsInLarge = 5_000
/** A text may hold more that has to be looked at than another; what is not linear costs hundreds of times as much. */
const hostileLimit = 3

export interface Parsings {
  /** Bodies a second of one processor, each parsed from its text, and how long one is on average. */
  rate: Summary
  meanLength: number
  large: Summary
  largePeakBytes: number | null
  /** The slowest text of its length in times of an ordinary one, and what it repeats. */
  slowest: { text: string; ratio: number }
}

/** The parser alone, in one process: the bodies of the monitors' fixtures, one of 5,000 alerts, and hostile texts. */
export async function measureParsing({
  runs,
  onProgress,
}: {
  runs: number
  onProgress: (text: string) => void
}): Promise<Parsings> {
  onProgress('Parsing')
  const texts = fixtures()
  const read = (text: string) => readDelivery({ body: parseJson(text), headers: {}, receivedAt })
  // Of the processor's time, its collecting of garbage included: what else runs on the machine counts less.
  const second = () => {
    const began = process.cpuUsage()
    for (const text of texts) read(text)
    const { user, system } = process.cpuUsage(began)
    return (texts.length * 1e6) / (user + system)
  }
  for (let warm = 0; warm < 10; warm += 1) second()
  const rate = summarize(Array.from({ length: runs * 10 }, second))
  const large = JSON.stringify(largeBody())
  const times = Array.from({ length: runs }, () => elapsed(() => read(large)))
  return {
    rate,
    meanLength: texts.reduce((sum, text) => sum + text.length, 0) / texts.length,
    large: summarize(times),
    largePeakBytes: await peakOf(large),
    slowest: slowestText(),
  }
}

/** What the contract suite reads: bodies of every monitor, as their vendors document them. */
function fixtures(): string[] {
  const folder = join(import.meta.dirname, '..', '..', 'monitors', '__fixtures__')
  return readdirSync(folder).flatMap((monitor) =>
    readdirSync(join(folder, monitor))
      .filter((file) => !file.endsWith('.expected.json'))
      .map((file) => readFileSync(join(folder, monitor, file), 'utf8')),
  )
}

function largeBody(): object {
  const alerts = Array.from({ length: alertsInLarge }, (_, index) => ({
    status: 'firing',
    labels: { alertname: 'TableStale', table: `raw.table_${index}`, severity: 'warning', environment: 'prod' },
    annotations: { summary: `Table raw.table_${index} is stale`, description: 'It was not loaded for 5 hours.' },
    startsAt: '2026-11-20T06:00:00Z',
    endsAt: '0001-01-01T00:00:00Z',
    fingerprint: `${index}`,
  }))
  return { version: '4', groupKey: 'x', receiver: 'x', status: 'firing', commonLabels: {}, alerts }
}

/** Of a process that parses the body and does nothing else; null where the system does not say. */
async function peakOf(text: string): Promise<number | null> {
  const folder = await mkdtemp(join(tmpdir(), 'dim-parse-'))
  try {
    const file = join(folder, 'large.json')
    await writeFile(file, text)
    const command = join(import.meta.dirname, '..', 'parse.ts')
    const { code, stderr, peakBytes } = await runNode([command, file], { environment: {}, folder, measurePeak: true })
    if (code !== 0) throw new RangeError(`parse ended with ${code}: ${stderr.slice(0, 300)}`)
    return peakBytes
  } finally {
    await rm(folder, { recursive: true })
  }
}

function slowestText(): Parsings['slowest'] {
  const costOf = (text: string) => {
    const bodies = bodiesWith(text)
    const once = () => elapsed(() => bodies.map(answerTo))
    return Math.min(once(), once(), once())
  }
  costOf(longTexts.ordinary)
  const floor = costOf(longTexts.ordinary)
  return longTexts.hostile
    .map(([text, long]) => ({ text, ratio: costOf(long) / floor }))
    .reduce((worst, one) => (one.ratio > worst.ratio ? one : worst))
}

/** A refusal is an answer too: a text of nothing but blanks says nothing. */
function answerTo(body: unknown): unknown {
  try {
    return readDelivery({ body, headers: {}, receivedAt })
  } catch (thrown) {
    return toAppError(thrown)
  }
}

function elapsed(work: () => unknown): number {
  const began = performance.now()
  work()
  return performance.now() - began
}

export function parsingSection({ rate, meanLength, large, largePeakBytes, slowest }: Parsings): Section {
  const verdict = (met: boolean) => (met ? 'met' : 'not met')
  return {
    title: 'Parsing',
    header: ['the parser alone', 'measured', 'target', ''],
    rows: [
      [
        `bodies of ${Math.round(meanLength)} characters`,
        `${Math.round(rate.median)} a second of one processor`,
        `≥ ${bodiesASecond} a second`,
        verdict(rate.median >= bodiesASecond),
      ],
      [
        `one body of ${alertsInLarge} alerts`,
        milliseconds(large.median),
        `< ${largeLimitMs} ms`,
        verdict(large.median < largeLimitMs),
      ],
      [
        'memory of a process that parses it',
        mebibytes(largePeakBytes),
        `≤ ${mebibytes(largeLimitBytes)}`,
        largePeakBytes === null ? '' : verdict(largePeakBytes <= largeLimitBytes),
      ],
      [
        'the slowest of the hostile texts',
        `${times(slowest.ratio)} an ordinary one`,
        `≤ ${hostileLimit} ×`,
        verdict(slowest.ratio <= hostileLimit),
      ],
    ],
    notes: [
      `One process, warm; the bodies of all monitors' fixtures, from text to alerts. The slowest hostile text repeats ${JSON.stringify(slowest.text)}.`,
    ],
  }
}
