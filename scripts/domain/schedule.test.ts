import { expect, test } from 'vitest'
import { outcomeOf } from './outcome.ts'
import { quietTimeMs, reminderMs } from './schedule.ts'

const hour = 3_600_000

test('a source that repeats itself may be silent longer', () => {
  expect(quietTimeMs('alertmanager')).toBe(12 * hour)
  expect(quietTimeMs('plain/cloudwatch')).toBe(72 * hour)
  expect(quietTimeMs('anything')).toBe(6 * hour)
  // A payload names its source.
  expect(quietTimeMs('constructor')).toBe(6 * hour)
})

test('the more an asset matters, the sooner people are reminded', () => {
  expect([1, 2, 3, 4, null, 7].map(reminderMs)).toEqual([1, 4, 24, 72, 24, 24].map((hours) => hours * hour))
})

test('only the mode `act` fixes', () => {
  expect(outcomeOf({ mode: 'act', recommended_action: 'auto_fix' }).state).toBe('fixing')
  expect(outcomeOf({ mode: 'notify', recommended_action: 'auto_fix' }).state).toBe('notified')
  expect(outcomeOf({ mode: 'observe', recommended_action: 'auto_fix' }).state).toBe('logged')
})
