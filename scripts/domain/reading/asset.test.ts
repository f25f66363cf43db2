import { describe, expect, it } from 'vitest'
import { assetIn, assetInText, assetOf, canonicalName, taskAsset } from './asset.ts'

describe('canonicalName', () => {
  it.each([
    ['PROD."Analytics".Customer_Events', 'prod.analytics.customer_events'],
    ['`project-1`.`raw`.`orders`', 'project-1.raw.orders'],
    ['[Sales].[dbo].[Orders]', 'sales.dbo.orders'],
    ['my-project:raw.orders', 'my-project.raw.orders'],
    ['raw . orders', 'raw.orders'],
  ])('reads the table %s as %s', (native, name) => {
    expect(canonicalName('table', native)).toBe(name)
  })

  it('leaves other names as they are, but for case', () => {
    expect(canonicalName('dag', 'Daily_ELT.v2')).toBe('daily_elt.v2')
    expect(canonicalName('host', '10.0.0.7')).toBe('10.0.0.7')
  })

  it.each(['', '  ', 'unknown', 'N/A', 'default', 'two\nlines', 'x'.repeat(600), '\u200B'])(
    'takes %j for no name',
    (native) => {
      expect(canonicalName('table', native)).toBeNull()
    },
  )
})

describe('assetIn', () => {
  it('keeps DAG and task apart, in their own spelling', () => {
    expect(assetIn({ dag_id: 'Sales.v2', task_id: 'Load.Orders', host: 'w1' })).toEqual({
      kind: 'task',
      name: 'sales.v2.load.orders',
      native: { dag_id: 'Sales.v2', task_id: 'Load.Orders' },
    })
  })

  it('joins a table with its database and schema, unless it is qualified already', () => {
    expect(assetIn({ database: 'PROD', schema: 'Raw', table: 'Orders' })?.name).toBe('prod.raw.orders')
    expect(assetIn({ database: 'PROD', schema: 'Raw', table: 'raw.orders' })?.name).toBe('prod.raw.orders')
    expect(assetIn({ database: 'PROD', schema: 'Raw', table: 'dev.raw.orders' })?.name).toBe('dev.raw.orders')
    expect(assetIn({ database: 'PROD', table: 'orders' })?.name).toBe('orders')
    expect(assetIn({ dataset: 'analytics.orders', table: 'orders' })?.name).toBe('analytics.orders')
  })

  it('takes the most telling key, whatever case and order they come in', () => {
    expect(assetIn({ Namespace: 'x', hostName: 'db-1', modelName: 'orders' })).toMatchObject({
      kind: 'model',
      name: 'orders',
    })
    expect(assetIn({ service: 'api', host: 'db-1' })).toMatchObject({ kind: 'host', name: 'db-1' })
    expect(assetIn({ host: 'N/A', service: 'api' })).toMatchObject({ kind: 'service', name: 'api' })
  })

  it('finds none where none is named', () => {
    expect(assetIn({ team: 'core', value: 3, table: true, host: {} })).toBeNull()
  })
})

describe('assetInText', () => {
  it.each([
    ['Something is wrong with table shop.public.baskets', 'table', 'shop.public.baskets'],
    ['DAG "Daily_ELT" failed', 'dag', 'daily_elt'],
    ['Column removed from prod.analytics.customer_events', 'table', 'prod.analytics.customer_events'],
    ['Memory is high on worker worker-3', 'host', 'worker-3'],
  ])('%s', (text, kind, name) => {
    expect(assetInText(text)).toMatchObject({ kind, name })
  })

  it.each(['The table is gone', 'DAG failed', 'see www.example.com for more', 'version 1.2.3', ''])(
    'finds none in %j',
    (text) => {
      expect(assetInText(text)).toBeNull()
    },
  )
})

it('keeps the native spelling under the name it has in its system', () => {
  expect(assetOf('dag', 'Daily')?.native).toEqual({ dag_id: 'Daily' })
  expect(assetOf('table', 'A.B')?.native).toEqual({ table: 'A.B' })
})

it('has no character in its parts that a store refuses', () => {
  expect(taskAsset('nightly\0_orders', 'load\0')).toEqual({
    kind: 'task',
    name: 'nightly_orders.load',
    native: { dag_id: 'nightly_orders', task_id: 'load' },
  })
})
