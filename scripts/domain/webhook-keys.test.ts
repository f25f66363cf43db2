import { describe, expect, test } from 'vitest'
import { type KeyPeriod, keyState, notePeriod } from './webhook-keys.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 10, 20, 6, minute))

/** The periods that a clock makes of what it saw each minute: a pair of keys a minute, `-` for none. */
function seen(...pairs: string[]): KeyPeriod[] {
  return pairs.reduce<KeyPeriod[]>((periods, pair, minute) => {
    const [current = '', previous = '-'] = pair.split(' ')
    return notePeriod(periods, { current, previous: previous === '-' ? null : previous }, at(minute))
  }, [])
}

describe('a key that something came with', () => {
  const changed = seen('A', 'A', 'A', 'B A', 'B A')

  test.each([
    ['before anything is known of keys', [], 'current', 1, 'current', null],
    ['before the first look, and none was changed', seen('A', 'A'), 'current', -500, 'current', null],
    ['after the last change', changed, 'current', 4, 'current', null],
    ['before the change, and not since', changed, 'current', 1, 'replaced', 3],
    ['long before the change', changed, 'current', -500, 'replaced', 3],
    ['after the change by the old key', changed, 'previous', 4, 'previous', null],
    ['before the old one was taken away', seen('A', 'B A', 'B A', 'B', 'B'), 'previous', 2, 'retired', 3],
    ['two changes ago', seen('A', 'A', 'B A', 'C B', 'C B'), 'current', 1, 'retired', 3],
    ['before the old one was taken away, at once', seen('A', 'A', 'B', 'B'), 'current', 1, 'retired', 2],
    ['before a change that was taken back', seen('A', 'B A', 'A B', 'A B'), 'current', 0, 'current', null],
    [
      'as the previous one, which is the current one again',
      seen('A', 'B A', 'B A', 'A', 'A'),
      'previous',
      2,
      'current',
      3,
    ],
    ['before the previous one alone was changed', seen('A', 'A', 'A Z'), 'current', 1, 'current', null],
  ] as const)('%s', (_, periods, as, minute, state, since) => {
    expect(keyState(periods, { as, at: at(minute) })).toEqual({ state, since: since === null ? null : at(since) })
  })

  test('while the other one was being changed', () => {
    const periods = seen('A', 'A', 'B A', 'B A', 'B')
    const since = new Date(at(3).getTime() + 30_000)
    expect(keyState(periods, { as: 'current', at: since })).toEqual({ state: 'current', since: null })
  })

  test('while the keys were being changed: nobody can tell', () => {
    expect(keyState(changed, { as: 'current', at: new Date(at(2).getTime() + 30_000) })).toBeNull()
    expect(keyState(seen('A', 'B A'), { as: 'previous', at: at(0) })).toBeNull()
  })
})

test('a clock that sees the same keys for ever keeps one period, and forgets what is long gone', () => {
  expect(seen(...Array.from({ length: 500 }, () => 'A'))).toEqual([
    { current: 'A', previous: null, from: new Date(0), until: at(499) },
  ])
  expect(seen(...Array.from({ length: 500 }, (_, index) => `${index}`))).toHaveLength(20)
})
