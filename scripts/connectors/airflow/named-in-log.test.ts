import { expect, test } from 'vitest'
import { namedInLog } from './named-in-log.ts'

test('the models and tests that dbt names as failed, the first two, each once', () => {
  const excerpt = [
    'Completed with 3 errors',
    'Failure in test has_column_raw_orders_amount (models/schema.yml)',
    '  Got 1 result, configured to fail if != 0',
    'ERROR Database Error in model stg_orders (models/stg_orders.sql)',
    'Failure in test has_column_raw_orders_amount (models/schema.yml)',
    'Failure in test third (models/schema.yml)',
  ].join('\n')
  expect(namedInLog(excerpt)).toMatchObject([
    { kind: 'model', name: 'has_column_raw_orders_amount' },
    { kind: 'model', name: 'stg_orders' },
  ])
})

test('nothing else', () => {
  expect(namedInLog('Error in model serving (pod 7)\nFailure in tests\nerror in model')).toMatchObject([
    { name: 'serving' },
  ])
  expect(namedInLog('Connection refused')).toEqual([])
})
