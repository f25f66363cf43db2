import { describe, expect, it } from 'vitest'
import { digestMessage, isDigestTime, nextDigest } from './digest.ts'
import type { Digest } from './routing.ts'

const digest: Digest = { name: 'morning', at: ['08:30', '16:00'], zone: 'Europe/Berlin', tell: ['slack'] }
const next = (now: string, changes: Partial<Digest> = {}) =>
  nextDigest({ ...digest, ...changes }, new Date(now))?.toISOString()

describe('the next digest', () => {
  it.each([
    ['later today', '2026-11-26T07:00:00Z', '2026-11-26T07:30:00.000Z', {}],
    ['this very minute', '2026-11-26T07:30:00Z', '2026-11-26T07:30:00.000Z', {}],
    ['this afternoon', '2026-11-26T07:30:01Z', '2026-11-26T15:00:00.000Z', {}],
    ['tomorrow', '2026-11-26T20:00:00Z', '2026-11-27T07:30:00.000Z', {}],
    ['after the clock went back', '2026-10-24T20:00:00Z', '2026-10-25T07:30:00.000Z', {}],
    ['after the clock went forward', '2026-03-28T20:00:00Z', '2026-03-29T06:30:00.000Z', {}],
    ['on Monday', '2026-11-27T20:00:00Z', '2026-11-30T07:30:00.000Z', { days: ['mon'] as Digest['days'] }],
    ['by UTC when no zone is said', '2026-11-26T07:00:00Z', '2026-11-26T08:30:00.000Z', { zone: undefined }],
    // Early on Monday in Auckland it is Sunday in UTC.
    [
      'on the day that it is in its zone',
      '2026-11-28T00:00:00Z',
      '2026-11-29T19:30:00.000Z',
      { zone: 'Pacific/Auckland', days: ['mon'] as Digest['days'] },
    ],
  ])('is %s', (_what, now, expected, changes) => {
    expect(next(now, changes)).toBe(expected)
    expect(isDigestTime({ ...digest, ...changes }, new Date(expected))).toBe(true)
  })

  it('was not meant for a time that the file does not name', () => {
    expect(isDigestTime(digest, new Date('2026-11-26T08:00:00Z'))).toBe(false)
  })
})

describe('a digest', () => {
  const line = (part: 'unacknowledged' | 'dismissed', incident: string) => ({
    part,
    incident,
    severity: 'HIGH' as const,
    title: 'orders\nfailed',
    why: 'because',
  })

  it('counts and names what it is about, and says how to bring something back, without an address', () => {
    const lines = [line('unacknowledged', 'INC-1'), line('dismissed', 'INC-2')]
    const message = digestMessage('morning', {
      lines,
      counts: new Map([
        ['unacknowledged', 1],
        ['dismissed', 12],
      ]),
    })
    expect(message).toMatchObject({ title: 'morning: 1 open, 1 not acknowledged, 12 dismissed', severity: 'HIGH' })
    expect(message?.sections).toEqual([
      { title: 'Open, and nobody has acknowledged (1)', lines: ['INC-1, HIGH: orders failed — because'] },
      { title: 'Dismissed (12)', lines: ['INC-2, HIGH: orders failed — because', 'and 11 more, in the console'] },
    ])
    expect(message?.next_step).toMatch(/npm run feedback -- INCIDENT real.*Quiet in the console/)
    expect(JSON.stringify(message)).not.toMatch(/https?:/)
  })

  it('with nothing in it is none', () => {
    expect(digestMessage('morning', { lines: [], counts: new Map() })).toBeNull()
  })
})
