import { describe, expect, it } from 'vitest'
import { assetOfLabels, checkOfLabels, environmentOfLabels, severityOfLabels } from './label-set.ts'

describe('assetOfLabels', () => {
  it.each([
    [{ instance: 'db-1:9100', job: 'node' }, 'host', 'db-1'],
    [{ table: 'raw.orders', instance: 'db-1:9100' }, 'table', 'raw.orders'],
    [{ job: 'loader', namespace: 'data' }, 'job', 'loader'],
    // What has a name of its own, before who watches it.
    [{ name: 'nginx', name_space: 'web', job: 'cadvisor' }, 'service', 'nginx'],
    [{ alertname: 'Slow', zone: 'eu-1' }, 'service', 'eu-1'],
  ])('reads %j', (labels, kind, name) => {
    expect(assetOfLabels(labels)).toMatchObject({ kind, name })
  })

  it('finds none where none is named', () => {
    expect(assetOfLabels({ alertname: 'Watchdog', severity: 'none' })).toBeNull()
  })
})

it('makes a check of all labels but those of replicas, in any order', () => {
  const check = checkOfLabels({ alertname: 'A', zone: 'eu', replica: 'b' })
  expect(checkOfLabels({ zone: 'eu', replica: 'a', alertname: 'A' })).toBe(check)
  expect(checkOfLabels({ zone: 'us', alertname: 'A' })).not.toBe(check)
})

it('reads severity and environment', () => {
  expect(severityOfLabels({ severity: 'none', priority: 'P2' })).toBe('HIGH')
  expect(severityOfLabels({ severity: '1' })).toBe('CRITICAL')
  expect(severityOfLabels({})).toBeNull()
  expect(environmentOfLabels({ deploy: 'prod' })).toBe('prod')
})
