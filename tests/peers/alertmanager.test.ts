import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { sql } from '../../scripts/store/sql.ts'
import { endOfAll } from '../e2e/account.ts'
import { type Product, startProduct, until } from '../e2e/product.ts'
import { type Monitoring, startMonitoring } from './support/prometheus.ts'

const Kept = z.object({
  delivery: z.string(),
  monitor: z.string().nullable(),
  status: z.string(),
  severity: z.string(),
  incident: z.string().nullable(),
  closed_how: z.string().nullable(),
  occurrences: z.number().nullable(),
})
type Kept = z.infer<typeof Kept>

const body = (dataset: string) =>
  JSON.stringify({
    version: '4',
    groupKey: `{}:{dataset="${dataset}"}`,
    receiver: 'incidents',
    status: 'firing',
    alerts: [{ status: 'firing', labels: { alertname: 'DatasetStale', dataset }, startsAt: '2026-11-20T06:00:00Z' }],
  })

describe('a real Prometheus and Alertmanager', () => {
  let product: Product
  let monitoring: Monitoring
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dim-prometheus-'))
    product = await startProduct('alertmanager')
    monitoring = await startMonitoring(folder, product.stack.webhookUrl)
  })
  afterAll(async () => {
    await monitoring?.stop()
    await product?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('fires, and resolves what it fired', async () => {
    monitoring.setAge('analytics.orders', 9)
    const [fired] = await alertsOf('analytics.orders', (kept) => kept.length > 0)
    expect(fired).toMatchObject({ monitor: 'alertmanager', status: 'firing', severity: 'CRITICAL', occurrences: 1 })
    monitoring.setAge('analytics.orders', 1)
    const kept = await alertsOf('analytics.orders', ([first]) => first?.closed_how === 'resolve')
    expect(kept.map(({ status }) => status)).toEqual(['firing', 'resolved'])
    expect(new Set(kept.map(({ incident }) => incident))).toEqual(new Set([fired?.incident]))
  })

  it('tells of several datasets in one notification, each its own condition', async () => {
    const datasets = ['analytics.customers', 'analytics.payments', 'analytics.refunds']
    for (const dataset of datasets) monitoring.setAge(dataset, 8)
    const fired = await Promise.all(datasets.map((dataset) => alertsOf(dataset, (kept) => kept.length > 0)))
    const deliveries = await deliveriesWith(datasets)
    expect(Math.max(...deliveries)).toBeGreaterThan(1)
    expect(fired.map(([first]) => first?.incident)).not.toContain(null)
    for (const dataset of datasets) monitoring.setAge(dataset, 0)
    for (const dataset of datasets) await alertsOf(dataset, ([first]) => first?.closed_how === 'resolve')
  })

  it('loses nothing while the engine is killed and started again', async () => {
    const before = await deliveryCount()
    const { sent: sentBefore, failed: failedBefore } = await monitoring.notifications()
    await product.stack.engine.kill()
    monitoring.setAge('finance.ledger', 12)
    await until('Alertmanager has found nobody', async () => {
      const said = await monitoring.log()
      const tries = said.match(/Notify attempt failed/g)?.length ?? 0
      return { done: tries > 0, value: tries, seen: said.slice(-500) }
    })
    const restarted = new AbortController()
    const own = knock(restarted.signal)
    await product.stack.restartEngine()
    const [fired] = await alertsOf('finance.ledger', (kept) => kept.length > 0)
    expect(fired?.status).toBe('firing')
    restarted.abort()
    const answers = await own
    // 4xx says "never again" to a monitor; while we start it is our fault, and says "later".
    expect([...new Set(answers)].filter((status) => status !== 200 && status !== 503)).toEqual([])
    expect(answers).toContain(200)
    monitoring.setAge('finance.ledger', 0)
    await alertsOf('finance.ledger', ([first]) => first?.closed_how === 'resolve')
    const { sent, failed } = await monitoring.notifications()
    const accepted = answers.filter((status) => status === 200).length + (sent - failed) - (sentBefore - failedBefore)
    // What was accepted last may still wait in Kestra's queue.
    await endOfAll(product, before + accepted)
    expect((await deliveryCount()) - before).toBe(accepted)
    expect(await monitoring.log()).not.toMatch(/unexpected status code 4/)
  })

  /** Posts again and again, as a monitor does that was told nothing of our restart; what each answer was. */
  async function knock(signal: AbortSignal): Promise<number[]> {
    const answers: number[] = []
    while (!signal.aborted) {
      const answer = await product.post(body('finance.knock')).catch(() => null)
      await answer?.body?.cancel()
      if (answer) answers.push(answer.status)
      await delay(50)
    }
    return answers
  }

  function alertsOf(dataset: string, accept: (kept: Kept[]) => boolean): Promise<Kept[]> {
    return until(`the alerts of ${dataset} are as they must be`, async () => {
      const kept = await product.store.transaction((query) =>
        query.rows(
          Kept,
          sql`select a.raw_id as delivery, r.monitor, a.status, a.severity, a.incident, i.closed_how, i.occurrences
              from alerts a join raw_payloads r on r.id = a.raw_id left join incidents i on i.id = a.incident
              where a.alert -> 'labels' ->> 'dataset' = ${dataset} order by a.received_at, a.position`,
        ),
      )
      return { done: accept(kept), value: kept, seen: JSON.stringify(kept) }
    })
  }

  /** How many of these datasets each delivery told of. */
  async function deliveriesWith(datasets: readonly string[]): Promise<number[]> {
    const rows = await product.store.transaction((query) =>
      query.rows(
        z.object({ count: z.number() }),
        sql`select count(*)::int as count from alerts
            where alert -> 'labels' ->> 'dataset' = any(${[...datasets]}) and status = 'firing' group by raw_id`,
      ),
    )
    return rows.map(({ count }) => count)
  }

  async function deliveryCount(): Promise<number> {
    const row = await product.store.transaction((query) =>
      query.first(z.object({ count: z.number() }), sql`select count(*)::int as count from raw_payloads`),
    )
    return row?.count ?? 0
  }
})
