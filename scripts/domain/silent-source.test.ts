import { expect, test } from 'vitest'
import { type Hearing, hearing } from './silent-source.ts'

const time = (clock: string) => new Date(`2026-11-20T${clock}:00Z`)
const long = time('00:00')

test.each<[string, Hearing, object, Date?]>([
  ['heard just now', 'well', { lastHeard: time('11:59') }],
  ['late, within grace', 'well', { lastHeard: time('11:54') }],
  ['too late', 'missed', { lastHeard: time('11:53') }],
  ['never heard, expected for long', 'missed', {}],
  ['never heard, expected since now', 'well', { expectedSince: time('11:58') }],
  ['too late, but we were away', 'well', { lastHeard: time('09:00') }, time('11:57')],
  ['too late, and we are back for long', 'missed', { lastHeard: time('09:00') }, time('11:00')],
  ['told already', 'silent', { lastHeard: time('09:00'), silentSince: time('09:10') }],
  ['told already, never heard', 'silent', { silentSince: time('09:10') }],
  ['heard after it was told', 'back', { lastHeard: time('11:59'), silentSince: time('09:10') }],
])('a source that is %s', (_, found, given, listeningSince = long) => {
  const expected = { everyMinutes: 5, lastHeard: null, expectedSince: long, silentSince: null, ...given }
  expect(hearing(expected, listeningSince, time('12:00'))).toBe(found)
})
