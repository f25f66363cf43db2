import { describe, expect, it } from 'vitest'
import { readCategory, readFailureCategory } from './category.ts'

it.each([
  ['Column removed from prod.analytics.customer_events', 'schema_change'],
  ['Schema drift in crm.contacts', 'schema_change'],
  ["column 'order_ts' not found in raw.orders", 'schema_change'],
  ['Deadlock detected on shop.orders', 'lock'],
  ['Query blocked by lock held for 20 minutes; lock wait timeout', 'lock'],
  ['raw.orders is stale', 'freshness'],
  ['source_freshness.error', 'freshness'],
  ['Data in marts.revenue is 6 hours old', 'freshness'],
  ['Row count of raw.payments fell by 62 %', 'volume'],
  ['Table raw.payments has no rows', 'volume'],
  ['daily_elt_pipeline has been running for 6 h against an SLA of 2 h', 'pipeline_delay'],
  ['DAG daily_sales missed its SLA', 'pipeline_delay'],
  ['dbt test not_null_orders_id failed', 'data_quality'],
  ['Duplicates in dim_customer', 'data_quality'],
  ['Permission denied for role loader', 'access'],
  ['Task load of DAG sales failed', 'pipeline_failure'],
  ['AirflowTaskFailure', 'pipeline_failure'],
  ['Warehouse credits used are above the monthly budget', 'cost'],
  ['Memory usage at 85% on worker-3', 'resource'],
  ['CpuUtilHigh', 'resource'],
  ['checkout.example.com is down', 'infrastructure'],
  ['Something else', 'unknown'],
] as const)('%s: %s', (text, category) => {
  expect(readCategory([text])).toBe(category)
})

it('lets the first text that says anything decide', () => {
  expect(readCategory([null, '', 'something else', 'raw.orders is stale', 'CPU is high'])).toBe('freshness')
})

describe('readFailureCategory', () => {
  it.each([
    ['column "amount" does not exist', 'schema_change'],
    ['deadlock detected', 'lock'],
    ['Access denied for user loader', 'access'],
    ['disk full on the network', 'pipeline_failure'],
    [null, 'pipeline_failure'],
  ])('reads %j as %s', (error, category) => {
    expect(readFailureCategory([error])).toBe(category)
  })
})
