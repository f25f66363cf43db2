import { afterEach, beforeEach, expect, test } from 'vitest'
import { type SnowflakeStandIn, startSnowflake } from '../../../tests/stand-ins/snowflake.ts'
import { contextOf } from '../../../tests/support/systems.ts'
import { snowflake, snowflakeSurvey } from '../snowflake.ts'

let account: SnowflakeStandIn
beforeEach(async () => {
  account = await startSnowflake()
})
afterEach(() => account.close())

const table = (database_name: string, name: string, rows: number | null) => ({
  created_on: '2026-01-01T00:00:00Z',
  name,
  database_name,
  schema_name: 'RAW',
  kind: 'TABLE',
  rows,
  bytes: 100,
})
const survey = async (changes: Record<string, string> = {}) => {
  const found = await snowflakeSurvey.survey(contextOf(snowflake, { ...account.settings, ...changes }))
  return found.map(({ asset, because }) => [asset.native?.table ?? asset.name, because])
}

test('its tables, the largest first, without Snowflake’s own; nothing that needs a warehouse is asked', async () => {
  const rows = [
    table('SHOP', 'CUSTOMERS', 10),
    table('SNOWFLAKE_SAMPLE_DATA', 'LINEITEM', 6_000_000),
    table('LAKE', 'Stück "neu"', 1_000),
    table('SHOP', 'STAGE', null),
  ]
  account.answer(/^show tables in account$/, { rows })
  expect(await survey({ SNOWFLAKE_DATABASE: '' })).toEqual([
    ['LAKE.RAW."Stück ""neu"""', 'snowflake: about 1000 rows'],
    ['SHOP.RAW.CUSTOMERS', 'snowflake: about 10 rows'],
    ['SHOP.RAW.STAGE', 'snowflake: about 0 rows'],
  ])
  expect(account.asked.map(({ text }) => text)).toEqual(['show tables in account'])
})

test('at most two hundred', async () => {
  const rows = Array.from({ length: 300 }, (_, index) => table('SHOP', `T${index}`, index))
  account.answer(/^show tables/, { rows })
  const found = await survey()
  expect(found).toHaveLength(200)
  expect(found[0]?.[0]).toBe('SHOP.RAW.T299')
})

test('of the configured database, its name as a value: as people write it, else as it is', async () => {
  account.answer(/^show tables in database identifier\(\?\)$/, ({ values: [place] }) =>
    place === '"shop"'
      ? { rows: [table('shop', 'ORDERS', 1)] }
      : { code: '002043', message: 'SQL compilation error: Object does not exist, or operation cannot be performed.' },
  )
  expect(await survey({ SNOWFLAKE_DATABASE: 'shop' })).toEqual([['shop.RAW.ORDERS', 'snowflake: about 1 rows']])
  expect(account.asked.map(({ values }) => values)).toEqual([['SHOP'], ['"shop"']])
  await expect(survey({ SNOWFLAKE_DATABASE: 'nowhere' })).rejects.toMatchObject({ code: 'E_ACCESS_DENIED' })
})
