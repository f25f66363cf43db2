import { describe, expect, it } from 'vitest'
import { leavesOf } from './leaves.ts'
import { readAnySeverity } from './meaning-severity.ts'

const severity = (document: object, title = '') => readAnySeverity(leavesOf(document), title)

describe('readSaidScale', () => {
  it.each([
    [{ severity: 5, severity_scale: '1=lowest..5=highest' }, 'CRITICAL'],
    [{ severity: 4, severity_scale: '1=lowest..5=highest' }, 'HIGH'],
    [{ severity: 1, severity_scale: '1=lowest..5=highest' }, 'LOW'],
    [{ severity: '1', scale: '1 is worst of 4' }, 'CRITICAL'],
    [{ priority: 3, priority_note: '1-3, 3 is the highest' }, 'CRITICAL'],
    [{ lvl: 1, lvl_scale: '1=page, 2=ticket, 3=fyi' }, 'CRITICAL'],
    [{ lvl: 3, lvl_scale: '1=page, 2=ticket, 3=fyi' }, 'LOW'],
    [{ level: 2, legend: '0: info, 1: warning, 2: error' }, 'HIGH'],
    [{ urgency: 10, scale: 'worst = 10, least = 0' }, 'CRITICAL'],
    [{ severity: 2, note: 'row 5 of 7 is wrong' }, 'HIGH'],
  ])('%j is %s', (document, expected) => {
    expect(severity(document)).toBe(expected)
  })
})

describe('readAnySeverity', () => {
  it.each([
    [{ Severity: '2', SeverityName: 'Critical' }, 'CRITICAL'],
    [{ severity: 10 }, 'CRITICAL'],
    [{ severity: 7 }, 'HIGH'],
    [{ sev: 'F' }, 'CRITICAL'],
    [{ lvl: 'W' }, 'MEDIUM'],
    [{ error_level: 'critical' }, 'CRITICAL'],
    [{ event_definition_id: 'a', event: { priority: 1 } }, 'LOW'],
    [{ severity: -1 }, null],
  ])('%j is %s', (document, expected) => {
    expect(severity(document)).toBe(expected)
  })

  it.each([
    ['[P2] Ledger', 'HIGH'],
    ['Critical: ledger', 'CRITICAL'],
    ['WARNING ledger', 'MEDIUM'],
    ['Low stock alert', null],
    ['Major version is out', null],
  ])('the head of a title says it as a mark alone: %s is %s', (title, expected) => {
    expect(severity({}, title)).toBe(expected)
  })
})
