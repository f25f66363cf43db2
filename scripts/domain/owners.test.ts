import { expect, test } from 'vitest'
import type { Evidence } from './evidence.ts'
import { ownersOf } from './owners.ts'

const entry = (asset: string, owner: string, more: object = {}, source: 'catalog' | 'dbt' = 'catalog'): Evidence => ({
  id: 'ev_1',
  source,
  kind: 'catalog_entry',
  summary: '',
  data: { asset, owner, ...more },
})
const state = (owners: string[]): Evidence => ({
  id: 'ev_2',
  source: 'airflow',
  kind: 'dag_state',
  summary: '',
  data: { dag_id: 'Shop.Daily', owners },
})
const task = { kind: 'task', name: 'shop.daily.build', native: { dag_id: 'Shop.Daily', task_id: 'build' } } as const
const promise = { sla_deadline: '2026-11-20T07:00:00.000Z' }

test('a DAG without an entry is its owner’s in Airflow, and what stands below suffers', () => {
  const owners = ownersOf(task, [
    entry('revenue', 'finance', { ...promise, below: 'raw' }),
    state(['airflow', 'platform']),
  ])
  expect(owners.cause).toMatchObject({ name: 'platform', asset: 'Shop.Daily' })
  expect(owners.suffering).toMatchObject([{ name: 'finance' }])
})

test('the default owner of Airflow is nobody; then the nearest entry says whose it is', () => {
  expect(ownersOf(task, [entry('orders', 'ingest'), state(['airflow'])]).cause).toMatchObject({ name: 'ingest' })
})

test('the catalogue outranks dbt, which is believed where the catalogue is silent', () => {
  const both = [entry('Orders', 'by-dbt', promise, 'dbt'), entry('orders', 'by-catalogue')]
  const orders = { kind: 'table', name: 'orders' } as const
  // The same asset is nobody else's promise.
  expect(ownersOf(orders, both)).toMatchObject({ cause: { name: 'by-catalogue' }, suffering: [] })
  expect(ownersOf(orders, both.slice(0, 1)).cause).toMatchObject({ name: 'by-dbt' })
})
