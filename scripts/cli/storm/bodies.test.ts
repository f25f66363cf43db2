import { describe, expect, it } from 'vitest'
import { assetKey } from '../../domain/fingerprint.ts'
import { parseJson } from '../../lib/json.ts'
import { readDelivery } from '../../monitors/index.ts'
import { type StormShape, stormBody } from './bodies.ts'
import { pageBody } from './page.ts'

const start = Date.parse('2026-11-20T06:00:00Z')

function readAll(shape: StormShape, storm = 'storm1') {
  return Array.from({ length: shape.alerts }, (_, delivery) => {
    const { body, headers, condition } = stormBody(shape, storm, delivery, new Date(start + delivery * 1000))
    const { monitor, alerts } = readDelivery({
      body: parseJson(body),
      headers,
      receivedAt: new Date(start).toISOString(),
    })
    const [alert, ...others] = alerts
    if (!alert || others.length > 0) throw new Error(`Delivery ${delivery} holds ${alerts.length} alerts.`)
    return { monitor, condition, alert }
  })
}

describe('the bodies of a storm', () => {
  it('are as many conditions and assets as asked for, each body one alert', () => {
    const read = readAll({ alerts: 240, conditions: 60, assets: 30, sources: 5 })
    expect(new Set(read.map(({ alert }) => alert.fingerprint)).size).toBe(60)
    expect(new Set(read.map(({ alert }) => assetKey(alert.asset, alert.environment))).size).toBe(30)
    expect(new Set(read.map(({ alert }) => `${alert.status} ${alert.severity}`))).toEqual(new Set(['firing HIGH']))
  })

  it('keep a condition’s fingerprint over deliveries', () => {
    const read = readAll({ alerts: 100, conditions: 20, assets: 20, sources: 7 })
    const pairs = new Set(read.map(({ condition, alert }) => `${condition} ${alert.fingerprint}`))
    expect(pairs.size).toBe(20)
  })

  it('come in the shapes of five vendors, and under as many names as asked for', () => {
    const read = readAll({ alerts: 14, conditions: 14, assets: 14, sources: 7 })
    expect(new Set(read.map(({ monitor }) => monitor))).toEqual(
      new Set(['plain', 'alertmanager', 'grafana', 'datadog', 'cloudwatch']),
    )
    expect(new Set(read.map(({ alert }) => alert.labels.reported_source).filter(Boolean)).size).toBe(3)
  })

  it('of two storms are two stories', () => {
    const shape = { alerts: 5, conditions: 5, assets: 5, sources: 5 }
    const both = [...readAll(shape, 'storm1'), ...readAll(shape, 'storm2')]
    expect(new Set(both.map(({ alert }) => alert.fingerprint)).size).toBe(10)
  })

  it('may hold one alert that somebody has to be woken for', () => {
    const { body, headers } = pageBody('storm1', new Date(start))
    const { alerts } = readDelivery({ body: parseJson(body), headers, receivedAt: new Date(start).toISOString() })
    expect(alerts).toMatchObject([{ severity: 'CRITICAL', asset: { name: 'prod.finance.fct_revenue' } }])
  })
})
