import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { answerTable, type SnowflakeStandIn, startSnowflake, warehouse } from '../../tests/stand-ins/snowflake.ts'
import { exampleAlert } from '../../tests/support/example-incidents.ts'
import { instanceOf, systemsOf } from '../../tests/support/systems.ts'
import type { Severity } from '../domain/alert.ts'
import { type EvidenceKind, ofKind } from '../domain/evidence.ts'
import type { System } from '../domain/system.ts'
import type { Baseline } from '../domain/warehouse.ts'
import { checkSystems } from './gathering/check.ts'
import { gatherEvidence } from './gathering/gather.ts'
import { type Library, noLibrary } from './gathering/library.ts'
import { snowflake, watchTables } from './snowflake.ts'

const now = new Date('2026-11-26T08:00:00Z')
let account: SnowflakeStandIn
beforeEach(async () => {
  account = await startSnowflake()
  answerTable(account, {})
})
afterEach(() => account.close())

interface Asking {
  name?: string
  category?: 'freshness' | 'schema_change' | 'lock' | 'access'
  severity?: Severity
  changes?: Partial<System>
  library?: Partial<Library['warehouse']>
}

async function gather({
  name = 'prod.finance.fct_revenue',
  category = 'schema_change',
  severity = 'MEDIUM',
  changes,
  library,
}: Asking = {}) {
  const { evidence } = await gatherEvidence(
    {
      asset: { kind: 'table', name },
      category,
      environment: null,
      alerts: [exampleAlert({ severity })],
      now,
    },
    {
      systems: systemsOf(instanceOf(snowflake, account.settings, { limitMs: 20_000, ...changes })),
      totalMs: 25_000,
      from: [snowflake],
      library: { ...noLibrary, warehouse: { ...noLibrary.warehouse, mayWake: true, ...library } },
    },
  )
  return (kind: EvidenceKind) =>
    ofKind(evidence, kind)
      .filter(({ source }) => source === 'snowflake')
      .map(({ data, summary }) => ({ ...data, summary }))
}

const hours = (ago: number) => new Date(now.getTime() - ago * 3_600_000).toISOString()

/** A statement as QUERY_HISTORY has it. */
function statement(text: string, type: string, changes: Readonly<Record<string, string | null>> = {}) {
  const about = {
    QUERY_ID: `q-${type}`,
    QUERY_TYPE: type,
    QUERY_TEXT: text,
    USER_NAME: 'ADA',
    ROLE_NAME: 'TRANSFORMER',
  }
  return { ...about, EXECUTION_STATUS: 'SUCCESS', ERROR_CODE: null, START_TIME: hours(4), ...changes }
}
type Row = ReturnType<typeof statement>

const late = (rows: Row[]) => account.answer(/from snowflake\.account_usage\.query_history\s+where/, { rows })
const recent = (rows: Row[]) => account.answer(/^\s*select query_id[\s\S]*table\(information_schema/, { rows })

/** How the clock saw it an hour ago. */
const anHourAgo = (columns: Record<string, string>, rows = 1000): Baseline => ({
  state: { name: 'PROD.FINANCE.FCT_REVENUE', columns, rows, lastAltered: null, stamp: 'then' },
  seenAt: new Date(hours(1)),
  rowsBefore: rows,
  promised: null,
})
const columns = { ID: 'NUMBER(38,0)', AMOUNT: 'NUMBER(38,0)' }
const kept = {
  before: async () => anHourAgo(columns),
  namesLike: async () => ['PROD.FINANCE.FCT_REVENUE'],
}
const name = { database: 'PROD', schema: 'FINANCE', table: 'FCT_REVENUE' }

describe('a table', () => {
  test('with its rows, its age and what it was before; who dropped a column and who wrote to it', async () => {
    late([
      statement('alter table finance.fct_revenue drop column tax', 'ALTER_TABLE_DROP_COLUMN', { START_TIME: hours(5) }),
      statement("insert into FCT_REVENUE values (1, 'card 4111-1111')", 'INSERT', { USER_NAME: 'LOADER' }),
    ])
    recent([
      statement('merge into fct_revenue', 'MERGE', {
        EXECUTION_STATUS: 'FAILED_WITH_ERROR',
        ERROR_CODE: '100132',
        START_TIME: hours(1),
      }),
    ])
    const found = await gather({ library: { before: async () => anHourAgo({ ...columns, TAX: 'NUMBER(10,2)' }) } })
    expect(found('table_state')).toMatchObject([
      {
        table: 'PROD.FINANCE.FCT_REVENUE',
        row_count: 10,
        previous_row_count: 1000,
        last_altered: '2026-11-26T06:00:00.000Z',
        last_write: { by: 'LOADER', at: hours(4) },
        summary: expect.stringMatching(
          /INSERT by LOADER as TRANSFORMER at .* wrote to it; MERGE by ADA .* failed \(100132\)\.$/,
        ),
      },
    ])
    expect(found('schema_change')).toMatchObject([
      {
        change: 'dropped',
        column: 'TAX',
        before: 'NUMBER(10,2)',
        by: 'ADA',
        at: hours(5),
        ref: 'q-ALTER_TABLE_DROP_COLUMN',
      },
    ])
    expect(found('change')).toMatchObject([{ what: 'ALTER TABLE DROP COLUMN', by: 'ADA', at: hours(5) }])
    expect(found('unavailable')).toEqual([])
  })

  test('is asked by constant texts that only read, with its names as values, and a tag and limits on each', async () => {
    await gather()
    for (const { text, parameters } of account.asked) {
      expect(text).toMatch(/^\s*(?:select|show)\b/)
      expect(text).not.toMatch(/;|revenue|finance|prod\b/i)
      expect(parameters).toMatchObject({ QUERY_TAG: 'data-incident-manager', STATEMENT_TIMEOUT_IN_SECONDS: 8 })
    }
    expect(account.asked.find(({ text }) => text.startsWith('show columns'))?.values).toEqual([
      'PROD.FINANCE.FCT_REVENUE',
    ])
  })

  test.each([
    ['quotes', 'we"ird', '"PROD"."FINANCE"."we""ird"', 'PROD.FINANCE."we""ird"'],
    ['unicode', 'umsätze 💶', '"PROD"."FINANCE"."umsätze 💶"', 'PROD.FINANCE."umsätze 💶"'],
    [
      'a statement',
      "x'; drop table y; --",
      `"PROD"."FINANCE"."x'; drop table y; --"`,
      `PROD.FINANCE."x'; drop table y; --"`,
    ],
  ])('whose name holds %s', async (_, name, asset, value) => {
    answerTable(account, { name })
    expect((await gather({ name: asset }))('table_state')).toMatchObject([{ row_count: 10 }])
    expect(account.asked.find(({ text }) => text.startsWith('show columns'))?.values).toEqual([value])
    expect(account.asked.every(({ text }) => !text.includes(name))).toBe(true)
  })

  test('that is gone, which it was not an hour ago, and who dropped it', async () => {
    account.answer(/^show objects/, { rows: [] })
    late([statement('drop table FINANCE.FCT_REVENUE', 'DROP')])
    const found = await gather({ library: kept })
    expect(found('schema_change')).toMatchObject([{ change: 'dropped', column: null, by: 'ADA', at: hours(4) }])
  })

  test.each([
    ['its schema', { code: '002043', message: 'Object does not exist, or operation cannot be performed.' }],
    ['anything in its schema', { rows: [] }],
  ])('that nobody drops is not called dropped when its role does not see %s any more', async (_, answer) => {
    account.answer(/^show objects/, answer)
    const found = await gather({ library: kept })
    expect(found('schema_change')).toEqual([])
    expect(found('unavailable')).toMatchObject([
      { code: 'E_ASSET_DENIED', hint: expect.stringContaining('GRANT USAGE on its schema') },
    ])
    const system = instanceOf(snowflake, account.settings)
    expect(await watchTables([name], { system, signal: AbortSignal.timeout(20_000) })).toEqual(['unseen'])
  })

  test('that its schema is shown without is gone, though nobody says who dropped it', async () => {
    answerTable(account, { name: 'ANOTHER' })
    const found = await gather({ library: kept })
    expect(found('schema_change')).toMatchObject([
      { change: 'dropped', is_certain: false, summary: expect.stringContaining('no DROP') },
    ])
  })

  test('in a schema of more tables than are shown is found by its own name, or nothing is said', async () => {
    const row = { name: 'T', database_name: 'PROD', schema_name: 'FINANCE', kind: 'TABLE', rows: 1, bytes: 1 }
    account.answer(/^show objects/, { rows: Array.from({ length: 10_000 }, () => row) })
    const column = { table_name: 'FCT_REVENUE', column_name: 'ID', data_type: '{"type":"FIXED"}' }
    account.answer(/^show columns/, { rows: [{ ...column, schema_name: 'FINANCE', database_name: 'PROD' }] })
    expect((await gather({ library: kept }))('table_state')).toMatchObject([{ table: 'PROD.FINANCE.FCT_REVENUE' }])
    account.answer(/^show columns/, { code: '002003', message: 'Object does not exist or not authorized.' })
    const found = await gather({ library: kept })
    expect(found('schema_change')).toEqual([])
    expect(found('unavailable')).toMatchObject([{ code: 'E_ASSET_DENIED' }])
  })

  test('tells what it knows by the time that it has, also where the instance sets no limit', async () => {
    account.fail('hang', { times: Number.POSITIVE_INFINITY, when: ({ body }) => body.includes('account_usage') })
    const system = instanceOf(snowflake, account.settings)
    const question = {
      asset: { kind: 'table' as const, name: 'prod.finance.fct_revenue' },
      category: 'schema_change' as const,
      environment: null,
      alerts: [exampleAlert({ severity: 'HIGH' })],
      now,
    }
    const time = { leftMs: () => 4_000, extend: () => {} }
    const context = { system, signal: AbortSignal.timeout(20_000), library: noLibrary, time }
    expect(await snowflake.gather(question, context)).toMatchObject([
      { kind: 'table_state' },
      { kind: 'unavailable', data: { code: 'E_HTTP_TIMEOUT' } },
    ])
  })

  test('that never was there', async () => {
    account.answer(/^show objects/, {
      code: '002043',
      message: 'Object does not exist, or operation cannot be performed.',
    })
    const spent: string[] = []
    const found = await gather({ severity: 'HIGH', library: { spend: async (system) => spent.push(system) > 0 } })
    expect(found('unavailable')).toMatchObject([{ code: 'E_ASSET_UNKNOWN' }])
    expect(spent).toEqual([])
  })
})

describe('the history', () => {
  test('of rights: what was revoked on the schema as well', async () => {
    late([
      statement('revoke usage on schema FINANCE from role REPORTER', 'REVOKE'),
      statement('revoke select on table OTHER.FCT_REVENUE from role REPORTER', 'REVOKE', { QUERY_ID: 'other' }),
    ])
    expect((await gather({ category: 'access' }))('change')).toMatchObject([{ what: 'REVOKE', ref: 'q-REVOKE' }])
  })

  test('of a role that sees only itself: nothing found in the last three hours is not called no change', async () => {
    account.answer(/^\s*select count\(\*\) as statements/, { rows: [{ STATEMENTS: 3, USERS: 1 }] })
    expect((await gather())('unavailable')).toMatchObject([
      {
        code: 'E_ANSWER_LATE',
        reason: expect.stringContaining('3 hours late'),
        hint: expect.stringContaining('GRANT MONITOR'),
      },
    ])
  })

  test('of an account so busy that the last hours are not seen whole', async () => {
    account.answer(/^\s*select count\(\*\) as statements/, { rows: [{ STATEMENTS: 10_000, USERS: 40 }] })
    expect((await gather())('unavailable')).toMatchObject([
      { code: 'E_ANSWER_LATE', reason: expect.stringContaining('more than 10000') },
    ])
  })

  test('that may not be seen: with what to grant, and the table all the same', async () => {
    const denied = { code: '002003', message: 'Object does not exist or not authorized.' }
    account.answer(/query_history/, denied)
    const found = await gather()
    expect(found('table_state')).toHaveLength(1)
    expect(found('unavailable')).toMatchObject([
      { code: 'E_ACCESS_DENIED', hint: expect.stringMatching(/GOVERNANCE_VIEWER.*GRANT MONITOR ON WAREHOUSE/) },
    ])
  })
})

describe('a warehouse that is suspended', () => {
  beforeEach(() => account.answer(/^show warehouses/, { rows: [warehouse({ state: 'SUSPENDED' })] }))

  test('is not woken below HIGH: what needs none is told, the rest is stated', async () => {
    const found = await gather({ severity: 'MEDIUM' })
    expect(found('table_state')).toMatchObject([{ row_count: 10, last_altered: null }])
    expect(found('unavailable')).toMatchObject([
      { code: 'E_WAREHOUSE_ASLEEP', reason: expect.stringContaining('below HIGH') },
    ])
    expect(account.asked.filter(({ text }) => /^\s*select (?!current_)/.test(text))).toEqual([])
  })

  test('is woken for HIGH, and counts to the credits of the day', async () => {
    const spend: unknown[] = []
    const found = await gather({
      severity: 'HIGH',
      library: { spend: async (system, cost) => spend.push([system, cost]) > 0 },
    })
    expect(found('table_state')).toMatchObject([{ last_altered: '2026-11-26T06:00:00.000Z' }])
    expect(spend).toEqual([['snowflake', { credits: 60 / 3600, limit: 1, now }]])
  })

  test('is not woken where nobody counts what that costs, unless that was said', async () => {
    const unasked = await gather({ severity: 'CRITICAL', library: noLibrary.warehouse })
    expect(unasked('unavailable')).toMatchObject([
      { code: 'E_WAREHOUSE_ASLEEP', hint: expect.stringContaining('--wake') },
    ])
    expect(account.asked.filter(({ text }) => /^\s*select (?!current_)/.test(text))).toEqual([])
    const library = { ...noLibrary.warehouse, mayWake: true }
    const options = { ...instanceOf(snowflake, account.settings).options, credits_a_day: 0 }
    const none = await gather({ severity: 'CRITICAL', library, changes: { options } })
    expect(none('unavailable')).toMatchObject([{ hint: expect.stringContaining('credits_a_day') }])
    expect((await gather({ severity: 'CRITICAL', library }))('unavailable')).toEqual([])
  })

  test('is not woken when they are spent', async () => {
    const found = await gather({ severity: 'CRITICAL', library: { spend: async () => false } })
    expect(found('unavailable')).toMatchObject([
      { code: 'E_WAREHOUSE_ASLEEP', hint: expect.stringContaining('credits_a_day') },
    ])
  })

  test('is not needed for what the clock keeps', async () => {
    const system = instanceOf(snowflake, account.settings)
    const names = ['FCT_REVENUE', 'NOWHERE'].map((table) => ({ database: null, schema: 'finance', table }))
    expect(await watchTables(names, { system, signal: AbortSignal.timeout(20_000) })).toMatchObject([
      { name: 'PROD.FINANCE.FCT_REVENUE', rows: 10, columns, stamp: expect.any(String) },
      'absent',
    ])
    expect(account.asked.every(({ text }) => text.startsWith('show '))).toBe(true)
  })
})

describe('locks', () => {
  const lock = (changes: object) => ({
    resource: 'PROD.FINANCE.FCT_REVENUE',
    type: 'PARTITIONS',
    transaction: '1442254688149',
    transaction_started_on: hours(2),
    status: 'HOLDING',
    query_id: 'q1',
    session: '77',
    ...changes,
  })

  test('name the transaction and what ends it', async () => {
    account.answer(/^show locks/, {
      rows: [
        lock({}),
        lock({ transaction: '2', status: 'WAITING' }),
        lock({ resource: 'PROD.FINANCE.OTHER', transaction: '3' }),
      ],
    })
    account.answer(/^show transactions/, { rows: [{ id: '1442254688149', user: 'LOADER' }] })
    expect((await gather({ category: 'lock' }))('lock')).toMatchObject([
      {
        transaction: '1442254688149',
        holder: 'LOADER',
        held_s: 7200,
        waiting: 1,
        release: 'SELECT SYSTEM$ABORT_TRANSACTION(1442254688149)',
        summary: expect.stringContaining('this ends it: SELECT SYSTEM$ABORT_TRANSACTION(1442254688149)'),
      },
    ])
  })

  test('of others are shown to ACCOUNTADMIN alone, which is stated where it matters', async () => {
    expect((await gather({ category: 'lock' }))('unavailable')).toMatchObject([
      { code: 'E_ACCESS_DENIED', hint: expect.stringContaining('SHOW LOCKS IN ACCOUNT') },
    ])
  })
})

test('warehouses with a queue, and resource monitors that have stopped theirs', async () => {
  account.answer(/^show warehouses/, {
    rows: [warehouse({}), warehouse({ name: 'LOADING', state: 'SUSPENDED', queued: 12, resource_monitor: 'MONTHLY' })],
  })
  account.answer(/^show resource monitors/, {
    rows: [
      {
        name: 'MONTHLY',
        credit_quota: '100.00',
        used_credits: '101.5',
        suspend_at: '100%',
        suspend_immediately_at: '',
      },
    ],
  })
  const found = await gather({ category: 'freshness' })
  expect(found('pool_state')).toMatchObject([{ pool: 'LOADING', waiting: 12 }])
  expect(found('system_health')).toMatchObject([{ status: 'suspended', warehouses: ['LOADING'] }])
})

describe('logs in', () => {
  const loginOf = () => {
    const sent = account.requests.find(({ path }) => path === '/session/v1/login-request')
    return { ...JSON.parse(sent?.body ?? '{}').data, query: Object.fromEntries(sent?.query ?? []) }
  }
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' },
  })

  test.each([
    ['on one line', privateKey.replaceAll('\n', '\\n')],
    ['in base64', Buffer.from(privateKey).toString('base64')],
  ])('with a key pair, %s, as a role', async (_, key) => {
    const credentials = { username: 'reader', private_key: key, passphrase: 'open sesame' }
    const options = { account: account.url, role: 'INCIDENT_READER', warehouse: 'ASKING', database: 'PROD' }
    expect((await gather({ changes: { credentials, options } }))('table_state')).toHaveLength(1)
    const { AUTHENTICATOR, TOKEN, PASSWORD, query } = loginOf()
    expect({ AUTHENTICATOR, PASSWORD }).toEqual({ AUTHENTICATOR: 'SNOWFLAKE_JWT', PASSWORD: undefined })
    const claims = JSON.parse(Buffer.from(TOKEN.split('.')[1], 'base64url').toString())
    expect(claims).toMatchObject({ sub: 'LOCAL.READER' })
    expect(query).toMatchObject({ roleName: 'INCIDENT_READER', warehouse: 'ASKING', databaseName: 'PROD' })
  })

  test('and out again', async () => {
    await gather()
    await account.waitFor(({ path, query }) => path === '/session' && query.get('delete') === 'true')
  })

  test('with an OAuth token', async () => {
    const found = await gather({ changes: { credentials: { token: 'good-token' } } })
    expect(found('table_state')).toHaveLength(1)
    expect(loginOf()).toMatchObject({ AUTHENTICATOR: 'OAUTH', TOKEN: 'good-token' })
  })
})

describe('check', () => {
  const check = async () => (await checkSystems([instanceOf(snowflake, account.settings)], { limitMs: 20_000 }))[0]

  test('tells version and rights', async () => {
    account.answer(/^select 1 from snowflake/, { rows: [{ '1': 1 }] })
    expect(await check()).toMatchObject({ health: { version: 'Snowflake 9.36.1', missingRights: [] }, fault: null })
  })

  test('names what to grant', async () => {
    account.answer(/^\s*select count/, { rows: [{ STATEMENTS: 1, USERS: 1 }] })
    expect((await check())?.health?.missingRights).toEqual([
      'history: GRANT DATABASE ROLE SNOWFLAKE.GOVERNANCE_VIEWER TO ROLE INCIDENT_READER',
      'statements of the last hours: GRANT MONITOR ON WAREHOUSE (each that loads tables) TO ROLE INCIDENT_READER',
    ])
  })

  test('wakes no warehouse', async () => {
    account.answer(/^show warehouses/, { rows: [warehouse({ state: 'SUSPENDED' })] })
    expect((await check())?.health).toEqual({ version: 'Snowflake 9.36.1, ASKING suspended', missingRights: [] })
  })
})

test('an answer that the driver dies of costs what it was about, and no more', async () => {
  account.answer(/information_schema\.tables/, { rows: [{ LAST_ALTERED: 'nonsense' }], type: 'timestamp_tz' })
  const found = await gather()
  expect(found('table_state')).toMatchObject([{ row_count: 10 }])
  expect(found('unavailable')).toMatchObject([{ code: 'E_HTTP_ANSWER' }])
})
