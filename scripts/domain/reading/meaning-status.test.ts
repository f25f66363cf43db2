import { describe, expect, it } from 'vitest'
import { leavesOf } from './leaves.ts'
import { readAnyStatus } from './meaning-status.ts'

const read = (document: Record<string, unknown>, title = 'service_rule') => readAnyStatus(leavesOf(document), title)

describe('the status of a body of any shape', () => {
  it.each([
    ['resolved', 'by the time it recovered', { startTime: 1795758262000, recoveryTime: 1795760002000 }],
    ['firing', 'by a time of recovery that is not filled in', { startTime: 1795758262000, recoveryTime: null }],
    ['resolved', 'by its event, whatever the error was before', { event: 'check.up', downtime: { error: '503' } }],
    ['firing', 'by a code of its own', { state: 'ok', error: '137' }],
    ['info', 'by the flag of a test button', { alert: { name: 'rows absent' }, triggered_by_user_test: true }],
    ['firing', 'when it says that it is no test', { alert: { name: 'rows absent' }, test: false }],
  ])('is %s %s', (status, _, document) => {
    expect(read(document)).toBe(status)
  })

  it.each([
    ['Closed via the API', 'resolved'],
    ['Closed orders are late', 'firing'],
    ['Verification message', 'info'],
  ] as const)('is read from the title: %s', (title, status) => {
    expect(read({ text: title }, title)).toBe(status)
  })
})
