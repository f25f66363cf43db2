import { expect, test } from 'vitest'
import { promisedNow, spellPromise } from './promise.ts'

const deadline = { deadline: '08:00', zone: 'Europe/Berlin' }

test.each([
  ['before it', '2026-11-20T05:30:00Z', 90, 'promised by 08:00 Europe/Berlin, 1 h 30 min left'],
  ['behind it, with something late', '2026-11-20T07:20:00Z', -20, 'promised by 08:00 Europe/Berlin, 20 min ago'],
])('%s', (_, now, left, text) => {
  const promised = promisedNow({ deadline }, 'freshness', new Date(now))
  expect(promised).toMatchObject({ sla_deadline: '2026-11-20T07:00:00.000Z', sla_minutes_left: left })
  expect(promised.sla_since).toBe('2026-11-19T07:00:00.000Z')
  expect(spellPromise(promised, deadline)).toEqual([text])
})

test('trouble that is not about time is about the next one', () => {
  const promised = promisedNow({ deadline, minutes: 30 }, 'schema_change', new Date('2026-11-20T07:20:00Z'))
  expect(promised).toMatchObject({ sla_minutes: 30, sla_deadline: '2026-11-21T07:00:00.000Z', sla_minutes_left: 1420 })
})

test('without a promise there is none', () => {
  const promised = promisedNow({ deadline: null }, 'freshness', new Date())
  expect(Object.values(promised)).toEqual([null, null, null, null])
  expect(spellPromise(promised, null)).toEqual([])
})
