import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { textOf } from '../stand-ins/slack.ts'
import { type Product, startProduct } from './product.ts'

describe('the three scenarios, decided by rules', () => {
  let product: Product
  beforeAll(async () => {
    product = await startProduct('rules')
  })
  afterAll(() => product.stop())

  it('tells the team of a column that was dropped', async () => {
    const { id } = await product.fire(await product.scenario('schema_drift'))
    const outcome = await product.outcome(id)
    expect(outcome).toMatchObject({
      is_incident: true,
      severity: 'HIGH',
      action: 'notify_team',
      state: 'notified',
      analyzer: 'rules',
    })
    const message = await product.slack.waitForMessage((text) => text.includes(outcome.incident))
    expect(textOf(message)).toContain('customer_events')
  })

  it('dismisses memory use that is known and hurts nobody', async () => {
    const before = product.slack.messages.length
    const { id } = await product.fire(await product.scenario('false_positive'))
    expect(await product.outcome(id)).toMatchObject({ is_incident: false, action: 'dismiss', state: 'dismissed' })
    expect(product.slack.messages.length).toBe(before)
  })

  it('clears the stuck task, sees the run end well and tells people', async () => {
    const { id } = await product.fire(await product.scenario('dag_timeout'))
    const outcome = await product.outcome(id)
    expect(outcome).toMatchObject({
      is_incident: true,
      severity: 'CRITICAL',
      action: 'auto_fix',
      fix: 'airflow_clear_task',
      state: 'resolved',
    })
    expect(product.airflow.clears).toHaveLength(1)
    const message = await product.slack.waitForMessage((text) => text.includes(outcome.incident))
    expect(textOf(message)).toMatch(/load_warehouse/)
    expect(product.slack.messages.filter((sent) => textOf(sent).includes(outcome.incident))).toHaveLength(1)
  })
})

describe('with only the required settings', () => {
  let product: Product
  beforeAll(async () => {
    product = await startProduct('bare', () => ({}))
  })
  afterAll(() => product.stop())

  it.each([
    ['schema_drift', { severity: 'HIGH', action: 'notify_team', state: 'notified' }],
    ['false_positive', { is_incident: false, action: 'dismiss', state: 'dismissed' }],
    ['dag_timeout', { severity: 'CRITICAL', action: 'notify_team', state: 'notified' }],
  ])('%s still comes to its end', async (name, expected) => {
    const { id } = await product.fire(await product.scenario(name))
    expect(await product.outcome(id)).toMatchObject(expected)
    expect(product.slack.requests).toHaveLength(0)
    expect(product.airflow.requests).toHaveLength(0)
  })
})
