import { expect, test } from 'vitest'
import { Evidence } from '../domain/evidence.ts'
import { said, toConfigure } from './gathered.ts'

test('what could not be asked is said with what to do about it', () => {
  const piece = { id: 'ev_1', source: 'dbt', kind: 'unavailable', summary: 'dbt could not be asked: There is nothing.' }
  const data = { system: 'dbt', reason: 'There is nothing.', hint: 'Run dbt\nthere.' }
  expect(said(Evidence.parse({ ...piece, data }))).toBe('dbt could not be asked: There is nothing. Run dbt there.')
  expect(said(Evidence.parse({ ...piece, data: { ...data, hint: null } }))).toBe(piece.summary)
})

test.each([
  ['change', 'To have it asked, name one of kind git, github, gitlab in config/systems.yaml.'],
  ['metrics', 'To have it asked, set PROMETHEUS_URL, or name one of kind prometheus in config/systems.yaml.'],
  ['elsewhere', expect.stringContaining('an alias')],
])('what is to be configured for %s is said', (name, expected) => {
  expect(toConfigure(name)).toEqual(expected)
})
