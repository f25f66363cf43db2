import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { sourceKey } from '../domain/alert.ts'
import { parseJson } from '../lib/json.ts'
import { readDelivery } from './index.ts'

const read = (name: string) => {
  const text = readFileSync(new URL(`../../test_scenarios/${name}.json`, import.meta.url), 'utf8')
  const { monitor, alerts } = readDelivery({
    body: parseJson(text),
    headers: {},
    receivedAt: '2026-11-23T08:00:00.000Z',
  })
  expect(monitor).toBe('plain')
  expect(alerts).toHaveLength(1)
  return alerts[0]
}

it('schema_drift: a column is gone, and three tables hang on it', () => {
  const alert = read('schema_drift')
  expect(alert).toMatchObject({
    severity: 'HIGH',
    category: 'schema_change',
    environment: 'production',
    asset: { kind: 'table', name: 'prod.analytics.customer_events' },
  })
  expect(alert && sourceKey(alert)).toBe('plain/datadog')
  expect(alert?.facts.find(({ kind }) => kind === 'schema_change')?.data).toMatchObject({
    change: 'dropped',
    column: 'loyalty_tier',
  })
  expect(alert?.facts.find(({ kind }) => kind === 'lineage')?.data.downstream).toHaveLength(3)
})

it('false_positive: memory in a known pattern, without impact', () => {
  const alert = read('false_positive')
  expect(alert).toMatchObject({ severity: 'MEDIUM', category: 'resource', asset: { kind: 'host', name: 'worker-3' } })
  expect(alert?.facts.map(({ data }) => data)).toEqual([
    expect.objectContaining({
      value: 85,
      threshold: 80,
      baseline_max: 88,
      pattern: expect.stringContaining('weekly'),
      customer_impact: 'none',
    }),
  ])
})

it('dag_timeout: six hours against two, and twelve systems wait', () => {
  const alert = read('dag_timeout')
  expect(alert).toMatchObject({
    severity: 'CRITICAL',
    category: 'pipeline_delay',
    asset: { kind: 'dag', name: 'daily_elt_pipeline', native: { dag_id: 'daily_elt_pipeline' } },
  })
  expect(alert?.facts.find(({ kind }) => kind === 'dag_run')?.data).toMatchObject({
    state: 'running',
    duration_s: 21_600,
  })
  const claim = alert?.facts.find(({ kind }) => kind === 'catalog_entry')?.data
  expect(claim).toMatchObject({ sla_minutes: 120, breached: true })
  expect(claim?.consumers).toHaveLength(12)
})
