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
    ['pipeline_triggered', 'info'],
    ['release.opened', 'info'],
    ['alarm_triggered', 'firing'],
    ['restore_failed', 'firing'],
    ['RecoveryFailed', 'firing'],
    ['auto_close_error', 'firing'],
    ['closed with 3 errors', 'firing'],
    ['partially_recovered', 'firing'],
    ['PartiallySucceeded', 'firing'],
    ['succeeded_with_issues', 'firing'],
    ['failed_to_be_resolved', 'firing'],
    ['no_longer_healthy', 'firing'],
    ['0 succeeded', 'firing'],
    ['failure_recovered', 'resolved'],
    ['no_longer_failing', 'resolved'],
    ['completed without errors', 'resolved'],
  ])('%s is %s', (text, status) => {
    expect(readStatus(text)).toBe(status)
  })

  it.each(['', 'blue', 'production', 7, true, null, {}, 'x'.repeat(200)])('%j says nothing', (value) => {
    expect(readStatus(value)).toBeNull()
  })
})

describe('readTitleStatus', () => {
  it.each([
    ['RE: [PROD] Rétabli : chargement des commandes', 'resolved'],
    ['[prod] [dwh] OK: load of orders', 'resolved'],
    ['(P2) Resolved - orders are late', 'resolved'],

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
    ['Test notification from your monitor', 'info'],
    ['Sample: test alert', 'info'],
    ['Ledger check is no longer failing', 'resolved'],
    ['No longer alerting: ledger', 'resolved'],
    ['Ledger is behind (resolved)', 'resolved'],
    ['Ledger is behind - RECOVERED', 'resolved'],
    ['RESOLVED Ledger load failed', 'resolved'],
    [':white_check_mark: Resolved: ledger load failed (was down 3 h)', 'resolved'],
    ['Ledger failure rate is normal again', 'resolved'],
    ['Outage ended', 'resolved'],
    ['Ledger load succeeded after 2 failed attempts', 'resolved'],
    ['All 14 checks are passing', 'resolved'],
    ['【復旧】 Ledger', 'resolved'],
    ['RE: [PROD] Rétabli : chargement des comptes', 'resolved'],
    ['[PROD][EU] Resolved: ledger is late', 'resolved'],
    ['[FIRING] OK: rate of ledger failed', 'firing'],
    ['Entwarnung: Kontenabgleich', 'resolved'],
    ['Carga finalizada sin errores', 'resolved'],
  ])('%s: %s', (title, status) => {
    expect(readTitleStatus(title)).toBe(status)
  })

  it.each([
    'Fixed rate bonds feed failed',
    'Fixed-width export of ledger failed',
    'Closed accounts table is empty',
    'Cleared payments are late',
    'Resolved tickets report failed',
    'Recovery job failed on db-7',
    'Recovery: failed on db-7',
    '[PROD] Recovery: failed',
    '[PROD] [FIRING] OK: rate is low',
    'Recovery of the database has failed.',
    'Restore succeeded but the row count of ledger is wrong',
    'OK responses dropped below 80%',
    'OK -> CRITICAL: ledger',
    'Resolved: false',
    'Up: 2 of 3 replicas',
    'Up-stream feed is late',
    'Only 2 of 9 partitions succeeded',
    'ledger: 0 of 9 loads succeeded',
    'No load succeeded',
    'Not all tests passed',
    'All but 2 checks passed',
    'Load completed successfully: 0 rows',
    'Connection has been closed',
    'Table ledger has been cleared',
    'Alert over threshold: ledger',
    'The host name could not be resolved',
    'Pages every hour until the incident is resolved',
    'Rate is fixed at 0',
    'Ledger count is no longer above 1000',
  ])('does not take for over what is not: %s', (title) => {
    expect(readTitleStatus(title)).not.toBe('resolved')
  })

  it.each(['Test message queue failed', 'Rate of test message 9 failed', 'Tests from the suite failed'])(
    'does not take trouble for a test: %s',
    (title) => {
      expect(readTitleStatus(title)).toBe('firing')
    },
  )

  it.each(['Row count of orders', 'Upstream lag', 'OK to deploy?', ''])('%j says nothing', (title) => {
    expect(readTitleStatus(title)).toBeNull()
  })
})
