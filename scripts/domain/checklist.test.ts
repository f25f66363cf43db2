import { expect, test } from 'vitest'
import { blastRadius } from './blast-radius.ts'
import { checklist } from './checklist.ts'
import { Evidence } from './evidence.ts'

let number = 0
const piece = (source: string, kind: string, data: object): Evidence => {
  number += 1
  return Evidence.parse({ id: `ev_${number}`, source, kind, summary: '', data })
}
const lock = { table: 'SHOP.PUBLIC.ORDERS', holder: 'ETL', waiting: 3, held_s: 900 }

test('a Snowflake lock carries the statement that ends its transaction', () => {
  expect(checklist([piece('snowflake', 'lock', { ...lock, transaction: '1700000000000000000' })], null)).toEqual([
    'Ask whether the transaction by which ETL holds SHOP.PUBLIC.ORDERS can go, and 3 wait. If so: SELECT SYSTEM$ABORT_TRANSACTION(1700000000000000000); as ACCOUNTADMIN or its owner. What it has not committed is lost.',
  ])
})

test.each([
  ['snowflake', { transaction: '1); DROP TABLE x; --' }],
  ['snowflake', { transaction: null }],
  ['snowflake', { transaction: 1.5 }],
  ['postgres', { session: '42 or true' }],
])('what is no number never enters a statement of %s: %j', (source, more) => {
  const [step = ''] = checklist([piece(source, 'lock', { ...lock, ...more })], null)
  expect(step).toMatch(/SELECT SYSTEM\$ABORT_TRANSACTION\(…\) ends that\.|pg_terminate_backend ends that\.$/)
  expect(step).not.toMatch(/DROP|or true|1\.5/)
})

test('names the nearest open trouble upstream, and none downstream', () => {
  const open = piece('history', 'past_incident', { incident_id: 'INC-2', outcome: 'open', side: 'upstream' })
  const below = piece('history', 'past_incident', { incident_id: 'INC-3', outcome: 'open', side: 'downstream' })
  const steps = ['See INC-2 first: raw.orders is upstream and in trouble.']
  expect(checklist([below, { ...open, asset: 'raw.orders' }], null)).toEqual(steps)
})

test('names each thing that connectors read, the runbook first, those who read it last', () => {
  const run_id = 'scheduled__2026-11-20T06:00:00+00:00'
  expect(
    checklist(
      [
        piece('dbt', 'lineage', { downstream: ['shop.public.margins'], exposures: ['Revenue'] }),
        piece('airflow', 'unavailable', { system: 'airflow_us', reason: 'It did not answer in time.' }),
        piece('history', 'past_incident', { incident_id: 'INC-0', root_cause: 'Nobody knows.', outcome: 'open' }),
        piece('history', 'past_incident', {
          incident_id: 'INC-1',
          root_cause: 'The source was late.',
          outcome: 'fixed',
        }),
        piece('change', 'change', { what: 'deploy', ref: 'abc123', by: 'Ada' }),
        piece('postgres', 'lock', { ...lock, session: 42 }),
        piece('dbt', 'dbt_test', { unique_id: 'test.shop.not_null_id.abc', status: 'fail', failures: 7, column: 'id' }),
        piece('dbt', 'dbt_test', { unique_id: 'test.shop.fine', status: 'pass' }),
        piece('airflow', 'task_failure', {
          dag_id: 'Sales',
          task_id: 'load',
          run_id,
          state: 'failed',
          try_number: 2,
          log_excerpt: 'starting\nKeyError: amount\n',
        }),
        piece('catalog', 'catalog_entry', { asset: 'orders', runbook: 'https://wiki.example.com/orders' }),
      ],
      'orders',
    ),
  ).toEqual([
    'Follow the runbook of orders.',
    expect.stringMatching(/SELECT pg_terminate_backend\(42\)/),
    `Read the log of Sales.load in run ${run_id}, try 2; it ends: KeyError: amount`,
    'Look at the rows that fail not_null_id in column id (7 rows): dbt test --select not_null_id --store-failures',
    'See whether deploy abc123 by Ada has to do with it.',
    'Compare with INC-1: The source was late.',
    'Look at airflow_us by hand: It did not answer in time.',
    'Tell those who read it: Revenue, shop.public.margins.',
  ])
})

test('what only an alert claims gives no step', () => {
  expect(checklist([piece('alert', 'task_failure', { dag_id: 'a', task_id: 'b', state: 'failed' })], null)).toEqual([])
})

test('the blast radius says who reads it, how many rows, how long, and that nobody is known', () => {
  const run = { dag_id: 'Sales', state: 'failed', typical_duration_s: 5400 }
  const names = ['a', 'b', 'c', 'd', 'e']
  expect(
    blastRadius([
      piece('dbt', 'lineage', { downstream: names, exposures: ['a'] }),
      piece('postgres', 'table_state', { table: 'orders', row_count: 1_204_330 }),
      piece('airflow', 'dag_run', run),
    ]),
  ).toEqual(['a, b, c and 2 more read what runs again', 'about 1,204,330 rows', 'it usually takes 1 h 30 min'])
  expect(blastRadius([])).toEqual(['nobody is known to read it'])
})
