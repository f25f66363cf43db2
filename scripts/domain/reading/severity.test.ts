import { describe, expect, it } from 'vitest'
import { readLogLevel, readPriority, readSeverity } from './severity.ts'

describe('readSeverity', () => {
  it.each([
    ['critical', 'CRITICAL'],
    ['CRIT', 'CRITICAL'],
    ['Disaster', 'CRITICAL'],
    ['P1', 'CRITICAL'],
    ['p2', 'HIGH'],
    ['P3', 'MEDIUM'],
    ['P5', 'LOW'],
    ['Sev0', 'CRITICAL'],
    ['Sev 2', 'HIGH'],
    ['SEV-4', 'LOW'],
    ['Priority 2', 'HIGH'],
    ['error', 'HIGH'],
    ['Warning', 'MEDIUM'],
    ['Average', 'MEDIUM'],
    ['informational', 'LOW'],
    ['ALERT_CRITICALITY_LEVEL_WARNING', 'MEDIUM'],
    ['POLICY_OPEN_CRITICAL', 'CRITICAL'],
    ['ResolvedCritical', 'CRITICAL'],
    ['critical -> warning', 'MEDIUM'],
    ['🔴 Critical', 'CRITICAL'],
    ['2 - High', 'HIGH'],
  ])('%s is %s', (text, severity) => {
    expect(readSeverity(text)).toBe(severity)
  })

  it.each([
    '',
    'so-so',
    'no severity',
    'none',
    'OK',
    3,
    true,
    null,
    undefined,
    {},
    ['high'],
    '$severity',
    'x'.repeat(200),
  ])('%j says nothing', (value) => {
    expect(readSeverity(value)).toBeNull()
  })
})

describe('numbers', () => {
  it('count from the worst where they are priorities', () => {
    expect([0, 1, 2, '3', 4, 5].map(readPriority)).toEqual(['CRITICAL', 'CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'LOW'])
    expect([6, -1, 1.5, '10', 'P1', null, Number.NaN].map(readPriority)).toEqual(Array(7).fill(null))
  })

  it('count to the worst where they are log levels', () => {
    expect([10, 20, 30, 40, 50, 60, '40'].map(readLogLevel)).toEqual([
      'LOW',
      'LOW',
      'MEDIUM',
      'HIGH',
      'CRITICAL',
      null,
      null,
    ])
  })
})
