import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../engine/postgres/system.ts'
import { gatherEvidence } from '../../scripts/connectors/gathering/gather.ts'
import { noLibrary } from '../../scripts/connectors/gathering/library.ts'
import { metrics } from '../../scripts/connectors/metrics.ts'
import { ofKind } from '../../scripts/domain/evidence.ts'
import type { System } from '../../scripts/domain/system.ts'
import { exampleAlert } from '../support/example-incidents.ts'
import { instanceOf, systemsOf } from '../support/systems.ts'
import {
  type RecordedPrometheus,
  type RecordedSeries,
  sampleMs,
  startRecordedPrometheus,
} from './support/recorded-prometheus.ts'

const weekMs = 7 * 86_400_000
const recorded = { from: new Date('2026-10-25T00:00:00Z'), until: new Date('2026-11-26T00:00:00Z') }
/** A Monday; and a Wednesday and a Sunday on which something happened that does not happen each week. */
const monday = new Date('2026-11-23T09:10:00Z')
const wednesday = new Date('2026-11-25T14:00:00Z')
const sunday = new Date('2026-11-22T03:00:00Z')
/** The Sunday of two weeks before had the same accident. */
const accidents = [wednesday, sunday, new Date(sunday.getTime() - 2 * weekMs)]

function isAccident(at: Date): boolean {
  return accidents.some((one) => at >= one && at.getTime() - one.getTime() < 20 * 60_000)
}

/** Busy on Mondays from 09:00 to 09:30, each week a bit more or less. */
function load(at: Date): number {
  const wave = Math.round(50 * Math.sin(at.getTime() / 7_919_000)) / 10
  if (isAccident(at)) return 97
  const isBusy = at.getUTCDay() === 1 && at.getUTCHours() === 9 && at.getUTCMinutes() < 30
  return isBusy ? 92 + wave / 2 : 35 + wave
}

const series: RecordedSeries[] = [
  { name: 'warehouse_load_percent', labels: { warehouse: 'etl' }, valueAt: load },
  // Always full, which must not make the other's peak look usual.
  { name: 'warehouse_load_percent', labels: { warehouse: 'reports "of" Zürich' }, valueAt: () => 99 },
  { name: 'loader_up', labels: { job: 'loader' }, valueAt: (at) => (isAccident(at) ? 0 : 1) },
]

/** What was recorded of the same weekday and hour of the four weeks before, a value each five minutes. */
function usual(valueAt: (at: Date) => number, now: Date) {
  const values = [1, 2, 3, 4].flatMap((week) =>
    Array.from({ length: 13 }, (_, index) => valueAt(new Date(now.getTime() - week * weekMs + (index - 6) * sampleMs))),
  )
  return {
    baseline_mean: expect.closeTo(values.reduce((sum, one) => sum + one, 0) / values.length, 1),
    baseline_max: expect.closeTo(Math.max(...values), 1),
    baseline_min: expect.closeTo(Math.min(...values), 1),
    weeks: 4,
  }
}

describe('a real Prometheus with a recording of five weeks', () => {
  let folder: string
  let prometheus: RecordedPrometheus
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dim-recording-'))
    prometheus = await startRecordedPrometheus(folder, { series, ...recorded })
  })
  afterAll(async () => {
    await prometheus?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const system = (changes: Partial<System> = {}): System =>
    instanceOf(metrics, { PROMETHEUS_URL: prometheus.url }, { credentials: prometheus.credentials, ...changes })

  /** What is gathered for an alert of Prometheus that fired by this expression. */
  async function gather(expression: string, now: Date, labels: Record<string, string> = {}, asked = system()) {
    const url = `http://prometheus.example.com/graph?${new URLSearchParams({ 'g0.expr': expression, 'g0.tab': '1' })}`
    const alert = exampleAlert({ url, category: 'resource', labels: { alertname: 'Fired', ...labels } })
    const asset = { kind: 'host' as const, name: 'warehouse' }
    const question = { asset, category: 'resource' as const, environment: null, alerts: [alert], now }
    const { evidence } = await gatherEvidence(question, { systems: systemsOf(asked), from: [metrics] })
    return evidence
  }
  const measured = async (...of: Parameters<typeof gather>) => ofKind(await gather(...of), 'metric')
  const unavailable = async (...of: Parameters<typeof gather>) => ofKind(await gather(...of), 'unavailable')

  test('a peak of every Monday is known, and how high it is', async () => {
    const [piece, ...others] = await measured('warehouse_load_percent > 80', monday, { warehouse: 'etl' })
    expect(others).toEqual([])
    expect(piece?.data).toMatchObject({
      name: 'Fired',
      value: expect.closeTo(load(monday), 1),
      threshold: 80,
      ...usual(load, monday),
      is_known: true,
      pattern: 'the same at this weekday and hour',
    })
    expect(piece?.summary).toMatch(/^Fired is 9\d\S* now; .* of 4 of 4 weeks before: .* at most, so this is known\.$/)
  })

  test('a peak on a Wednesday afternoon is not known', async () => {
    const [piece] = await measured('warehouse_load_percent > 80', wednesday, { warehouse: 'etl' })
    expect(piece?.data).toMatchObject({ value: 97, ...usual(load, wednesday), is_known: false, pattern: null })
    expect(piece?.summary).toMatch(/, so this is not known\.$/)
  })

  test('an accident that happened once before is no pattern, though it was as high', async () => {
    const [piece] = await measured('warehouse_load_percent > 80', sunday, { warehouse: 'etl' })
    expect(piece?.data).toMatchObject({ value: 97, baseline_max: 97, is_known: false, pattern: null })
  })

  test('the series of the alert is told by its labels, and without them the unusual one is told first', async () => {
    const name = 'reports "of" Zürich'
    const [full] = await measured('warehouse_load_percent > 80', wednesday, { warehouse: name })
    expect(full?.data).toMatchObject({ value: 99, baseline_max: 99, is_known: true, series: { warehouse: name } })
    const both = await measured('warehouse_load_percent > 80', wednesday)
    expect(both.map(({ data }) => [data.value, data.is_known])).toEqual([
      [97, false],
      [99, true],
    ])
  })

  test('what is down was not down in the weeks before', async () => {
    const up = (at: Date) => (isAccident(at) ? 0 : 1)
    const [piece] = await measured('loader_up{job="loader"} == 0', wednesday, { job: 'loader' })
    expect(piece?.data).toMatchObject({ value: 0, threshold: 0, ...usual(up, wednesday), is_known: false })
  })

  test('an expression that tells only what fires is asked as it is', async () => {
    const both = 'max(warehouse_load_percent{warehouse="etl"} > 80) and on () (max(loader_up) == 0)'
    const [piece] = await measured(both, wednesday)
    expect(piece?.data).toMatchObject({ value: 97, threshold: null, baseline_max: null, is_known: null, weeks: 0 })
    expect(piece?.summary).toContain('nothing is known of the weeks before')
  })

  test('an expression that selects nothing is said to be unknown there', async () => {
    const [piece, ...others] = await unavailable('no_such_series > 80', monday)
    expect(others).toEqual([])
    expect(piece?.data).toMatchObject({
      code: 'E_ASSET_UNKNOWN',
      reason: expect.stringContaining('no series for Fired'),
    })
  })

  test('an expression that is none', async () => {
    const [piece] = await unavailable('sum(rate(x[5m] > 80', monday)
    expect(piece?.data).toMatchObject({ code: 'E_HTTP_STATUS', reason: expect.stringContaining('answered 400') })
  })

  test('a log-in that is refused, and one that is missing; none of it is quoted', async () => {
    for (const credentials of [{ username: 'reader', password: 'not-that-one' }, { token: 'not-that-one' }, {}]) {
      const pieces = await unavailable('warehouse_load_percent > 80', monday, {}, system({ credentials }))
      expect(pieces[0]?.data).toMatchObject({ reason: expect.stringContaining('answered 401') })
      expect(JSON.stringify(pieces)).not.toContain('not-that-one')
    }
  })

  test('one that is down', async () => {
    const options = { url: `http://127.0.0.1:${await freePort()}` }
    const [piece] = await unavailable('warehouse_load_percent > 80', monday, {}, system({ options }))
    expect(piece?.data).toMatchObject({ reason: expect.stringContaining('ECONNREFUSED') })
  })

  test('its lightest question tells the version', async () => {
    const checked = await metrics.check({
      system: system(),
      signal: AbortSignal.timeout(5_000),
      library: noLibrary,
    })
    expect(checked).toEqual({ version: expect.stringMatching(/^2\.\d+/), missingRights: [] })
  })
})
