import { expect, test } from 'vitest'
import type { System } from '../../domain/system.ts'
import { accessOf } from './address.ts'

const system = (account: string): System => ({
  name: 'snowflake',
  kind: 'snowflake',
  environment: null,
  aliases: [],
  limitMs: null,
  options: { account },
  credentials: { username: 'a', password: 'b' },
})

test.each([
  ['acme-prod', 'https://acme-prod.snowflakecomputing.com', 'acme-prod'],
  ['ACME-my_account', 'https://acme-my-account.snowflakecomputing.com', 'acme-my_account'],
  ['xy12345.eu-central-1', 'https://xy12345.eu-central-1.snowflakecomputing.com', 'xy12345.eu-central-1'],
  ['xy12345.cn-north-1', 'https://xy12345.cn-north-1.snowflakecomputing.cn', 'xy12345.cn-north-1'],
  ['acme-prod.privatelink', 'https://acme-prod.privatelink.snowflakecomputing.com', 'acme-prod.privatelink'],
  ['https://acme-prod.snowflakecomputing.com/console', 'https://acme-prod.snowflakecomputing.com', 'acme-prod'],
  ['acme-prod.snowflakecomputing.com', 'https://acme-prod.snowflakecomputing.com', 'acme-prod'],
  ['http://127.0.0.1:8123', 'http://127.0.0.1:8123', 'local'],
])('%s is at %s', (account, url, name) => {
  expect(accessOf(system(account))).toMatchObject({ url, account: name })
})

test.each([
  'https://evil.example.com',
  'https://snowflakecomputing.com.example.com',
  'https://snowflakecomputing.com',
  'http://acme.snowflakecomputing.com',
  'https://user:secret@acme.snowflakecomputing.com',
  'https://acme.snowflakecomputing.com@example.com',
  'http://169.254.169.254',
  'acme/../x',
  'acme prod',
  'a.b.c.d.e',
  'ftp://127.0.0.1',
  '.',
])('%s is none of Snowflake’s', (account) => {
  expect(() => accessOf(system(account))).toThrow(/none of Snowflake’s/)
})
