import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lockFolding } from '../../scripts/store/standing.ts'
import { backlogAfterMs } from '../../scripts/workflow/catch-up.ts'
import { textOf } from '../stand-ins/slack.ts'
import { accountOf, endOfAll } from './account.ts'
import { type Product, startProduct } from './product.ts'

describe('the same alert, over and over', () => {
  let product: Product
  beforeAll(async () => {
    product = await startProduct('duplicates')
  })
  afterAll(() => product.stop())

  it('gives one incident, one analysis and one message for 60 deliveries', async () => {
    const body = await product.scenario('schema_drift')
    const executions = await Promise.all(Array.from({ length: 60 }, () => product.fire(body)))
    const first = await product.outcome(executions[0]?.id ?? '')
    await endOfAll(product, 60)
    const account = await accountOf(product.store)
    expect(account).toMatchObject({ deliveries: 60, incidents: 1, decisions: 1, unfinished: 0 })
    const messages = product.slack.messages.filter((sent) => textOf(sent).includes(first.incident))
    expect(messages).toHaveLength(1)
  })

  it('takes in together what waits long in the queue; each execution ends well, and only some needed a process', async () => {
    const body = await product.scenario('schema_drift')
    const before = await accountOf(product.store)
    // Nothing can be folded while this is held: the first executions stand, and the others wait behind them.
    const executions = await product.store.transaction(async (query) => {
      await lockFolding(query)
      const fired = await Promise.all(Array.from({ length: 40 }, () => product.fire(body)))
      await delay(backlogAfterMs)
      return fired
    })
    const ended = await Promise.all(executions.map(({ id }) => product.ended(id)))
    expect(new Set(ended.map(({ state }) => state.current))).toEqual(new Set(['SUCCESS']))
    const ran = ended.flatMap(({ taskRunList }) => (taskRunList ?? []).filter(({ taskId }) => taskId === 'receive'))
    expect(ran.filter(({ state }) => state.current === 'SKIPPED').length).toBeGreaterThan(0)
    const after = await endOfAll(product, before.deliveries + 40)
    expect(after.deliveries - before.deliveries).toBe(40)
    expect(after.alerts - before.alerts).toBe(40)
    expect(after.incidents - before.incidents).toBe(0)
  })

  it('takes several alerts of one body apart, into an incident each', async () => {
    const alert = (table: string, fingerprint: string) => ({
      status: 'firing',
      labels: { alertname: 'DataFreshness', severity: 'critical', table },
      annotations: { summary: `${table} is stale` },
      startsAt: new Date().toISOString(),
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'http://prometheus.example/graph',
      fingerprint,
    })
    const before = await accountOf(product.store)
    const execution = await product.fire({
      version: '4',
      groupKey: '{}:{alertname="DataFreshness"}',
      receiver: 'incidents',
      status: 'firing',
      groupLabels: { alertname: 'DataFreshness' },
      commonLabels: {},
      commonAnnotations: {},
      externalURL: 'http://alertmanager.example',
      truncatedAlerts: 0,
      alerts: [alert('sales.a.one', 'a1'), alert('web.b.two', 'b2'), alert('crm.c.three', 'c3')],
    })
    expect((await product.ended(execution.id)).state.current).toBe('SUCCESS')
    await endOfAll(product)
    const after = await accountOf(product.store)
    expect(after.incidents - before.incidents).toBe(3)
    expect(after.decisions - before.decisions).toBe(3)
    expect(after.unfinished).toBe(0)
  })
})
