import { describe, expect, it } from 'vitest'
import { readStatus, readTitleStatus } from './status.ts'

describe('readStatus', () => {
  it.each([
    ['firing', 'firing'],
    ['ALARM', 'firing'],
    ['unresolved', 'firing'],
    ['Un-resolved', 'firing'],
    ['not resolved', 'firing'],
    ['never recovered', 'firing'],
    ['NO_DATA', 'firing'],
    ['INSUFFICIENT_DATA', 'firing'],
    ['incident.triggered', 'firing'],
    ['acknowledged', 'firing'],
    ['UP -> DOWN', 'firing'],
    ['RUNNING → FAILED', 'firing'],
    ['resolved', 'resolved'],
    ['ResolvedCritical', 'resolved'],
    ['incident.resolved', 'resolved'],
    ['ALERT_RECOVERY', 'resolved'],
    ['ALERT_NOTIFICATION_CLEAR', 'resolved'],
    ['DOWN -> UP', 'resolved'],
    ['ok', 'resolved'],
    ['SUCCEEDED', 'resolved'],
    ['not failed', 'resolved'],
    ['Deactivated', 'resolved'],
    ['running', 'info'],
    ['START', 'info'],
  ])('%s is %s', (text, status) => {
    expect(readStatus(text)).toBe(status)
  })

  it.each(['', 'blue', 'production', 7, true, null, {}, 'x'.repeat(200)])('%j says nothing', (value) => {
    expect(readStatus(value)).toBeNull()
  })
})

describe('readTitleStatus', () => {
  it.each([
    ['[RESOLVED] Disk is full', 'resolved'],
    ['OK: disk', 'resolved'],
    ['✅ Recovered: api', 'resolved'],
    ['Device 10.0.0.7 recovered from "ping"', 'resolved'],
    ['API check has recovered', 'resolved'],
    ['[FIRING:2] Disk', 'firing'],
    ['Load of orders failed', 'firing'],
    ['Failed to resolve host', 'firing'],
    ['api has not been resolved, failing', 'firing'],
    ['This is a test from the settings page: sync failures look like this', 'info'],
  ])('%s: %s', (title, status) => {
    expect(readTitleStatus(title)).toBe(status)
  })

  it.each(['Row count of orders', 'Upstream lag', 'OK to deploy?', ''])('%j says nothing', (title) => {
    expect(readTitleStatus(title)).toBeNull()
  })
})
