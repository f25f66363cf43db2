import { expect, test } from 'vitest'
import { median, spellDuration } from './duration.ts'

test.each([
  [0, '0 s'],
  [-5, '0 s'],
  [59.4, '59 s'],
  [59.6, '1 min'],
  [2700, '45 min'],
  [3599, '1 h'],
  [5400, '1 h 30 min'],
  [21_600, '6 h'],
])('%d seconds are %s', (seconds, spelled) => {
  expect(spellDuration(seconds)).toBe(spelled)
})

test('the median', () => {
  expect([median([]), median([3]), median([9, 1, 5]), median([10, 2])]).toEqual([null, 3, 5, 6])
})
