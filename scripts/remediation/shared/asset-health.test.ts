import { expect, test } from 'vitest'
import { piece } from '../../../tests/support/evidence.ts'
import type { Remediation } from '../../domain/decision.ts'
import { stillInTrouble } from './asset-health.ts'

const remediation: Remediation = {
  template: 'run_flow',
  target: 'reload(Billing)',
  params: { flow: 'team.reload', asset: { kind: 'connector', name: 'Billing' }, category: 'pipeline_failure' },
}
const synced = (status: string, given: object = {}) =>
  piece(
    'sync_job',
    { connection_id: 'c-1', connection: 'Billing', job_id: '41', status },
    { asset: 'Billing', summary: `Sync 41 of Billing is ${status}.`, ...given },
  )

test.each([
  ['one that failed', [synced('failed')], { state: 'working', detail: 'still so: sync 41 of Billing failed' }],
  ['one at work', [synced('running')], { state: 'working', detail: 'no system says how Billing is' }],
  ['one that is well', [synced('succeeded')], { state: 'well', detail: expect.stringContaining('succeeded') }],
  ['another connection', [synced('succeeded', { asset: 'Payroll' })], { state: 'working' }],
  ['what an alert claims', [synced('succeeded', { source: 'alert' })], { state: 'working' }],
])('a connection whose last sync is %s', async (_, evidence, health) => {
  expect(await stillInTrouble(remediation, async () => evidence)).toMatchObject(health)
})
