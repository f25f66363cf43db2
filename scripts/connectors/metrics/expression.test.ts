import { expect, test } from 'vitest'
import { exampleAlert } from '../../../tests/support/example-incidents.ts'
import { expressionOf } from './expression.ts'

const of = (text: string) => {
  const url = `http://prometheus:9090/graph?${new URLSearchParams({ 'g0.expr': text })}`
  const found = expressionOf(exampleAlert({ url }))
  return found && [found.expression, found.condition]
}

test.each([
  ['mem_percent{host="a"} > 90', 'mem_percent{host="a"}', { operator: '>', limit: 90 }],
  ['up == 0', 'up', { operator: '==', limit: 0 }],
  ['sum(rate(rows[5m])) by (job) <= -1.5e3', 'sum(rate(rows[5m])) by (job)', { operator: '<=', limit: -1500 }],
  ['count(up == 0) >= 2', 'count(up == 0)', { operator: '>=', limit: 2 }],
  ['lag{topic="a > b and c"} > bool 5', 'lag{topic="a > b and c"}', { operator: '>', limit: 5 }],
])('%s is compared', (text, expression, condition) => {
  expect(of(text)).toEqual([expression, condition])
})

test.each([
  'absent(up{job="dbt"})',
  'a > 5 and b < 3',
  'a > 5 unless on (job) b > 3',
  '90 < mem_percent',
  'a > 1 > 2',
  'a > b',
  '(a > 5',
  'a) > 5',
])('%s is asked as it is', (text) => {
  expect(of(text)).toEqual([text, null])
})

test('brackets without an end take no time', () => {
  expect(of(`${'('.repeat(1_000)}a${')'.repeat(900)} > 1`)?.[1]).toBeNull()
})
