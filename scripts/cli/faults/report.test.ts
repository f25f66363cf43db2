import { expect, test } from 'vitest'
import { judge, markdownTable, plainTable } from './report.ts'
import type { Trial } from './trial.ts'
import { type KillStep, type Way, ways } from './ways.ts'

const well: Trial = { count: 1, marked: 0, state: 'notified', atRest: true, missed: 0 }
const repeated: Trial = { ...well, count: 2, marked: 1 }
const [once, atLeastOnce] = (['once', 'at least once'] as const).map(
  (promise) => ways.find((way) => way.promise === promise) ?? expect.fail(),
)

test.each<[string, Way | undefined, KillStep, Trial[], string[]]>([
  ['each arrived once', once, 'between call and record', [well, well], []],
  ['a repeat of what promises once', once, 'between call and record', [well, repeated], ['1 repeated']],
  ['a marked repeat where it may be', atLeastOnce, 'between call and record', [repeated, repeated], []],
  [
    'a repeat that does not say so',
    atLeastOnce,
    'between call and record',
    [{ ...repeated, marked: 0 }],
    ['1 repeats not marked'],
  ],
  ['a repeat where nothing was in doubt', atLeastOnce, 'before the call', [repeated], ['1 repeated']],
  ['nothing arrived', atLeastOnce, 'after the record', [{ ...well, count: 0 }], ['1 lost']],
  ['an incident that does not end', once, 'before the call', [{ ...well, atRest: false }], ['1 in no end state']],
])('%s', (_, way, step, trials, breaches) => {
  const row = judge(way ?? expect.fail(), step, trials)
  expect(row.breaches).toEqual(breaches)
  const verdict = breaches.length > 0 ? breaches.join(', ') : 'holds'
  expect(plainTable([row]).split('\n').at(-1)).toMatch(new RegExp(`${verdict}$`))
  expect(markdownTable([row]).split('\n').at(-1)).toMatch(new RegExp(`${verdict} \\|$`))
})
