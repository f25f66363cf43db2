import { milliseconds, type Section } from '../report.ts'
import { type Summary, summarize } from '../statistics.ts'

/** The most that the 95th of a hundred answers may take. */
const pageLimitMs = 200
const yearLimitMs = 800
const warmUps = 2

export interface PageTime {
  name: string
  time: Summary
  /** The largest answer, uncompressed. */
  bytes: number
  limitMs: number
}

/** What is asked for; `{incident}` stands for one of the tenant's. */
const pages: readonly { name: string; path: string; limitMs?: number }[] = [
  { name: 'Now', path: '/' },
  { name: 'Now, searched', path: '/?search=orders' },
  { name: 'an incident', path: '/incidents/{incident}' },
  { name: 'Quiet, 30 days', path: '/quiet' },
  { name: 'all incidents of 30 days', path: '/incidents?shown=all' },
  { name: 'all incidents of a year, last page', path: '/incidents?shown=all&{year}&page=9999' },
  { name: 'Sources', path: '/sources' },
  { name: 'Configuration', path: '/configuration' },
  { name: 'Accounts', path: '/accounts' },
  { name: 'Analytics, 30 days', path: '/analytics' },
  { name: 'Analytics, a year', path: '/analytics?{year}', limitMs: yearLimitMs },
  { name: 'Analytics, a year, one source', path: '/analytics?{year}&source=plain%2Fprometheus', limitMs: yearLimitMs },
]

/** Somebody who looks: a cookie, and the incidents that there are to look at. */
export interface Looker {
  cookie: string
  incidents: readonly string[]
}

/** Asks for each page in turn, by each looker in turn. From before the request to the end of the answer, without a network. */
export async function measurePages(options: {
  url: string
  lookers: readonly Looker[]
  runs: number
  onProgress(text: string): void
}): Promise<PageTime[]> {
  const { url, lookers, runs, onProgress } = options
  const times = pages.map(() => [] as number[])
  const bytes = pages.map(() => 0)
  for (let run = -warmUps; run < runs; run += 1) {
    onProgress(`Asking for pages: ${Math.max(0, run + 1)} of ${runs}`)
    for (const [index, { path }] of pages.entries()) {
      const looker = lookers[(run + warmUps) % lookers.length]
      if (!looker) throw new Error('Nobody looks.')
      const began = performance.now()
      const answer = await fetch(`${url}${pathFor(path, looker, run + warmUps)}`, {
        headers: { cookie: looker.cookie },
        redirect: 'manual',
      })
      const body = await answer.text()
      const ms = performance.now() - began
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}.`)
      if (run < 0) continue
      times[index]?.push(ms)
      bytes[index] = Math.max(bytes[index] ?? 0, body.length)
    }
  }
  return pages.map(({ name, limitMs = pageLimitMs }, index) => ({
    name,
    limitMs,
    time: summarize(times[index] ?? []),
    bytes: bytes[index] ?? 0,
  }))
}

function pathFor(path: string, { incidents }: Looker, turn: number): string {
  const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10)
  return path
    .replace('{incident}', incidents[turn % incidents.length] ?? '')
    .replace('{year}', `from=${day(364)}&to=${day(0)}`)
}

export function pagesSection(found: readonly PageTime[]): Section {
  return {
    title: 'Pages over a full store',
    header: ['page', 'p50', 'p95', 'largest', 'target', ''],
    rows: found.map(({ name, time, bytes, limitMs }) => [
      name,
      milliseconds(time.median),
      milliseconds(time.p95),
      `${Math.ceil(bytes / 1024)} KiB`,
      `≤ ${limitMs} ms`,
      time.p95 <= limitMs ? 'met' : 'not met',
    ]),
    notes: [
      `${found[0]?.time.runs ?? 0} requests of each, in turn, half of them by the largest tenant; from the request to the end of the answer, on this machine. The target is for the p95; sizes are uncompressed.`,
    ],
  }
}
