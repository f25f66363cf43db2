import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Statement, Verdict } from './feedback.ts'
import { trustFrom } from './trust.ts'

const now = new Date('2026-11-26T12:00:00Z')
const day = 86_400_000

function said(
  daysAgo: number,
  who: string,
  verdict: Verdict = 'false_alarm',
  incident = `${who}${daysAgo}`,
): Statement {
  return { incident, verdict, who, at: new Date(now.getTime() - daysAgo * day), calledIncident: true }
}

describe('trust in noise', () => {
  it.each<[string, Statement[], boolean]>([
    ['nobody’s word', [], false],
    ['one person on one day', [said(1, 'ann')], false],
    [
      'one person, often, on one day',
      Array.from({ length: 20 }, (_, nth) => said(1, 'ann', 'false_alarm', `i${nth}`)),
      false,
    ],
    ['two people on one day', [said(1, 'ann'), said(1, 'bob')], true],
    ['one person on two days', [said(1, 'ann'), said(3, 'ann')], true],
    ['two people, two months ago', [said(60, 'ann'), said(60, 'bob')], false],
    ['many people, beyond the end', ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((who) => said(91, who)), false],
    ['two, and then it was real', [said(5, 'ann'), said(4, 'bob'), said(2, 'cem', 'was_real')], false],
    ['two, another cause since', [said(5, 'ann'), said(4, 'bob'), said(2, 'ann', 'wrong_cause')], false],
    [
      'two after it was real, which asks for more by now',
      [said(9, 'x', 'was_real'), said(5, 'ann'), said(4, 'bob')],
      false,
    ],
    ['three after it was real', [said(9, 'x', 'was_real'), said(2, 'ann'), said(1, 'bob'), said(1, 'cem')], true],
    ['what is said to come', [said(-1, 'ann'), said(-2, 'bob')], false],
  ])('%s', (_what, statements, isEarned) => {
    const trust = trustFrom(statements, now)
    expect(trust.isEarned).toBe(isEarned)
    expect(trust.until === null).toBe(!isEarned)
  })

  it('counts what a dismissal was called right, and not a right call of an incident', () => {
    const right = (calledIncident: boolean) => [
      { ...said(1, 'ann', 'right'), calledIncident },
      { ...said(2, 'bob', 'right'), calledIncident },
    ]
    expect(trustFrom(right(false), now).isEarned).toBe(true)
    expect(trustFrom(right(true), now)).toMatchObject({ isEarned: false, counterexamples: 2 })
  })

  it('ends when it says that it ends', () => {
    const statements = [said(1, 'ann'), said(2, 'bob')]
    const { until } = trustFrom(statements, now)
    const end = until?.getTime() ?? expect.fail()
    expect(trustFrom(statements, new Date(end - day)).isEarned).toBe(true)
    expect(trustFrom(statements, new Date(end + day)).isEarned).toBe(false)
  })

  it('never grows by time or by a counterexample', () => {
    const statement = fc.record({
      daysAgo: fc.integer({ min: 0, max: 400 }),
      who: fc.constantFrom('ann', 'bob', 'cem'),
      verdict: fc.constantFrom<Verdict>('right', 'false_alarm', 'was_real', 'wrong_cause'),
    })
    fc.assert(
      fc.property(fc.array(statement), fc.integer({ min: 1, max: 400 }), (all, later) => {
        const statements = all.map(({ daysAgo, who, verdict }) => said(daysAgo, who, verdict))
        const before = trustFrom(statements, now)
        const against = trustFrom([...statements, said(0, 'eve', 'was_real', 'x')], now)
        expect(against.isEarned).toBe(false)
        // A counterexample that is a year old asks for nothing any more; until then time only takes.
        if (all.every(({ daysAgo, verdict }) => verdict === 'false_alarm' || daysAgo + later < 365)) {
          const after = trustFrom(statements, new Date(now.getTime() + later * day))
          expect(after.weight).toBeLessThanOrEqual(before.weight)
          if (after.isEarned) expect(before.isEarned).toBe(true)
        }
      }),
    )
  })
})
