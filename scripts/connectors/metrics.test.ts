import { afterEach, expect, test } from 'vitest'
import { type Answer, type Received, type StandIn, startStandIn } from '../../tests/stand-ins/server.ts'
import { exampleAlert } from '../../tests/support/example-incidents.ts'
import { instanceOf } from '../../tests/support/systems.ts'
import type { Question } from './connector.ts'
import { noLibrary } from './gathering/library.ts'
import { metrics } from './metrics.ts'

let server: StandIn | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

const now = new Date('2026-11-22T03:00:00Z')
const expression = 'avg(memory_used_percent{host="worker-3"})'
const link = (text: string, base = 'http://prometheus:9090') =>
  `${base}/graph?${new URLSearchParams({ 'g0.expr': text, 'g0.tab': '1' })}`

function questionOf(url: string | null, labels: Record<string, string> = {}): Question {
  const asset = { kind: 'host' as const, name: 'worker-3' }
  return { asset, category: 'resource', environment: null, alerts: [exampleAlert({ url, labels })], now }
}

async function gather(
  url: string,
  answer: (request: Received) => Answer,
  options: Record<string, string> = {},
  labels: Record<string, string> = {},
) {
  server = await startStandIn(answer)
  const system = instanceOf(metrics, { PROMETHEUS_URL: server.url, PROMETHEUS_TOKEN: 'tok-en-4711' })
  const own = { ...system, options: { ...system.options, ...options } }
  return metrics.gather(questionOf(url, labels), {
    system: own,
    signal: AbortSignal.timeout(5_000),
    library: noLibrary,
  })
}

const success = (result: unknown[]): Answer => ({ status: 200, body: { status: 'success', data: { result } } })
const series = (...values: string[]) => ({ metric: {}, values: values.map((value, index) => [index, value]) })

test('now, and the same weekday and hour of four weeks', async () => {
  const [piece] = await gather(link(`${expression} > 90`), ({ path, query }) => {
    if (path === '/api/v1/query') return success([{ metric: {}, value: [0, '95'] }])
    // The newest two of the four weeks have no values.
    return query.get('start')?.startsWith('1794') ? success([]) : success([series('94', '96', 'NaN')])
  })
  expect(server?.requests.map(({ query }) => query.get('query'))).toEqual(Array(5).fill(expression))
  const middles = server?.requests
    .slice(1)
    .map(({ query }) => (Number(query.get('start')) + Number(query.get('end'))) / 2)
  expect(middles?.sort()).toEqual([4, 3, 2, 1].map((weeks) => now.getTime() / 1000 - weeks * 604_800))
  expect(server?.requests[0]?.headers.authorization).toBe('Bearer tok-en-4711')
  expect(piece?.data).toMatchObject({ value: 95, threshold: 90, baseline_mean: 95, baseline_max: 96 })
  expect(piece?.data).toMatchObject({ pattern: 'the same at this weekday and hour', is_known: true, weeks: 2 })
})

test('a value above all of before has no pattern, and one without a past says so', async () => {
  const high = await gather(link(`${expression} > 90`), ({ path }) =>
    path.endsWith('query') ? success([{ metric: {}, value: [0, '99'] }]) : success([series('40')]),
  )
  expect(high[0]?.data).toMatchObject({ value: 99, baseline_max: 40, pattern: null, is_known: false })
  await server?.close()
  const fresh = await gather(link('up == 0'), ({ path }) =>
    path.endsWith('query') ? success([{ metric: {}, value: [0, '0'] }]) : success([]),
  )
  expect(fresh[0]?.summary).toMatch(/is 0 now; nothing is known of the weeks before\.$/)
})

test('an expression that selects nothing is said to be unknown there', async () => {
  await expect(gather(link('up == 0'), () => success([]))).rejects.toMatchObject({
    code: 'E_ASSET_UNKNOWN',
    message: expect.stringContaining('no series for up'),
  })
})

test('an expression that holds its own conditions selects nothing while they do not hold', async () => {
  expect(await gather(link('a > 5 and b < 3'), () => success([]))).toEqual([])
})

test('of several series, that of the alert', async () => {
  const of = (dataset: string, value: string) => ({ metric: { dataset }, value: [0, value] })
  const range = (dataset: string, value: string) => ({ metric: { dataset }, values: [[0, value]] })
  const url = link('age_hours > 6')
  const [piece, ...others] = await gather(
    url,
    ({ path }) =>
      success(
        path.endsWith('query')
          ? [of('orders', '9'), of('clicks', '30')]
          : [range('orders', '2'), range('clicks', '40')],
      ),
    {},
    { dataset: 'orders', severity: 'critical' },
  )
  expect(others).toEqual([])
  expect(piece?.data).toMatchObject({ value: 9, baseline_max: 2, is_known: false, series: { dataset: 'orders' } })
})

test('a link is never followed, wherever it leads', async () => {
  const pieces = await gather(link('up', 'http://169.254.169.254'), ({ path }) =>
    success(path.endsWith('query') ? [{ metric: {}, value: [0, '1'] }] : []),
  )
  expect(pieces).toHaveLength(1)
  expect(server?.requests.length).toBe(5)
})

test('a Prometheus whose links begin otherwise is not asked', async () => {
  const external_url = 'https://prometheus.example.com'
  expect(await gather(link('up'), () => success([]), { external_url })).toEqual([])
  expect(server?.requests).toEqual([])
})

test.each<[string, string | null, boolean]>([
  ['a graph', link('up == 0'), true],
  ['a link without an expression', 'http://prometheus:9090/alerts', false],
  ['an expression that goes on and on', link('x'.repeat(3_000)), false],
  ['no link', null, false],
])('concerns: %s', (_, url, expected) => {
  expect(metrics.concerns(questionOf(url))).toBe(expected)
})
