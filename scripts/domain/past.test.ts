import { describe, expect, it } from 'vitest'
import { exampleAlert } from '../../tests/support/example-incidents.ts'
import type { Alert } from './alert.ts'
import { type PastAlert, replayPast } from './past.ts'

const start = Date.parse('2026-10-01T00:00:00Z')
const now = new Date('2026-11-20T00:00:00Z')
const table = { kind: 'table', name: 'a.b.c' } as const

function at(hours: number, alert: Partial<Alert> = {}): PastAlert {
  const time = new Date(start + hours * 3_600_000)
  const started_at = alert.status === 'resolved' ? null : time.toISOString()
  return { rawId: `r${hours}`, position: 0, at: time, alert: exampleAlert({ started_at, ...alert }) }
}

describe('the past', () => {
  it('folds firings of a condition and ends them by their resolve', () => {
    const { incidents, alone } = replayPast(
      [at(2, { status: 'resolved' }), at(0), at(1, { severity: 'CRITICAL' })],
      now,
    )
    expect(alone).toEqual([])
    expect(incidents).toHaveLength(1)
    expect(incidents[0]).toMatchObject({ severity: 'CRITICAL', occurrences: 2, closedHow: 'resolve' })
    expect(incidents[0]?.closedAt).toEqual(new Date(start + 2 * 3_600_000))
    expect(incidents[0]?.alerts.map(({ rawId }) => rawId)).toEqual(['r0', 'r1', 'r2'])
  })

  it('ends what is quiet, so that Thursday’s failure is not Monday’s', () => {
    const { incidents } = replayPast([at(0), at(72)], now)
    expect(incidents.map(({ closedHow, occurrences }) => [closedHow, occurrences])).toEqual([
      ['quiet', 1],
      ['quiet', 1],
    ])
  })

  it('ends what fires still, now and not later', () => {
    const end = new Date(start + 60_000)
    expect(replayPast([at(0)], end).incidents[0]?.closedAt).toEqual(end)
  })

  it('counts the very same delivery once', () => {
    const one = at(0)
    expect(replayPast([one, { ...one, rawId: 'again' }], now).incidents[0]).toMatchObject({ occurrences: 1 })
  })

  it('lets a success end what is open about its asset, and nothing else', () => {
    const success = at(1, {
      status: 'info',
      asset: table,
      labels: { outcome: 'success' },
      fingerprint: 'fp_of_success',
    })
    const other = at(0, { asset: { kind: 'table', name: 'x.y.z' }, fingerprint: 'fp_of_another' })
    const { incidents } = replayPast([at(0, { asset: table }), other, success], now)
    expect(incidents.map(({ closedHow }) => closedHow)).toEqual(['recovery', 'quiet'])
  })

  it('leaves alone what tells of no trouble', () => {
    const { incidents, alone } = replayPast([at(0, { status: 'info' }), at(1, { status: 'resolved' })], now)
    expect(incidents).toEqual([])
    expect(alone.map(({ step }) => step)).toEqual(['ignore', 'resolve_early'])
  })
})
