import { afterEach, beforeEach, expect, test } from 'vitest'
import { type DataHubStandIn, refused, startDataHub } from '../../tests/stand-ins/datahub.ts'
import type { System } from '../domain/system.ts'
import { datahub } from './datahub.ts'
import { noLibrary } from './gathering/library.ts'

let server: DataHubStandIn
beforeEach(async () => {
  server = await startDataHub()
})
afterEach(() => server.close())

const context = (changes: Partial<System> = {}) => {
  const { options, credentials } = server
  const named = { name: 'datahub', kind: 'datahub', environment: null, aliases: [], limitMs: null }
  const signal = AbortSignal.timeout(5_000)
  return { system: { ...named, options, credentials, ...changes }, signal, library: noLibrary }
}
const ask = (name: string, environment: string | null = null) => {
  const asset = { kind: 'table' as const, name }
  const question = { asset, category: 'freshness' as const, environment, alerts: [], now: new Date() }
  return datahub.gather(question, context())
}

test('whose a table is, by the warehouse’s entry and by dbt’s, and the pipeline that makes it', async () => {
  const [entry, lineage] = await ask('prod.finance.fct_revenue', 'production')
  expect(entry).toMatchObject({
    summary:
      'prod.finance.fct_revenue in DataHub: owned by Finance Data, tier 1, of the domain Finance, called Net revenue, deprecated: Use fct_revenue_v2.',
    data: {
      owner: 'Finance Data',
      tier: 1,
      domain: 'Finance',
      tags: ['Tier1', 'pii'],
      terms: ['Net revenue'],
      deprecated: true,
      deprecation_note: 'Use fct_revenue_v2',
      consumers: ['Board'],
    },
  })
  expect(lineage).toMatchObject({
    summary: 'prod.finance.fct_revenue is made from 1 and feeds 1, made by Shop_Daily.',
    data: {
      upstream: ['prod.raw.orders'],
      downstream: ['prod.finance.fct_revenue_daily'],
      leads: [{ kind: 'dag', name: 'shop_daily', native: { dag_id: 'Shop_Daily' } }],
    },
  })
})

test('by the end of its name, and in the environment of the alert; without one, production’s', async () => {
  expect((await ask('finance.fct_revenue'))[0]?.data).toMatchObject({ owner: 'Finance Data' })
  expect((await ask('prod.finance.fct_revenue', 'staging'))[0]?.data).toMatchObject({ owner: null, deprecated: false })
  expect((await ask('raw.orders'))[0]?.data).toMatchObject({ owner: 'bob', tier: null, consumers: null })
})

test('not where several could be meant, none is there, or it was removed', async () => {
  expect(await ask('raw.events.clicks')).toEqual([])
  expect(await ask('prod.finance.fct_revenue', 'qa-7')).toEqual([])
  expect(await ask('prod.finance.nothing')).toEqual([])
  expect(await ask('prod.raw.dropped')).toEqual([])
})

test('its lightest question tells the version, and that a token is wrong', async () => {
  expect(await datahub.check(context())).toEqual({ version: 'v1.3.0', missingRights: [] })
  await expect(datahub.check(context({ credentials: { token: 'x' } }))).rejects.toMatchObject({ status: 401 })
})

test.each([
  ['may not', refused('UNAUTHORIZED', 403), 'E_ACCESS_DENIED', /does not let the token read/],
  ['could not', refused('SERVER_ERROR', 500), 'E_HTTP_ANSWER', /could not answer/],
  ['holds data of another shape', { status: 200, body: { data: { search: 7 } } }, 'E_HTTP_ANSWER', /shape/],
])('an answer that says with the status 200 that it %s is a fault', async (_, answer, code, message) => {
  server.fail(answer)
  const fault = expect.objectContaining({ code, message: expect.stringMatching(message) })
  await expect(ask('prod.finance.fct_revenue')).rejects.toEqual(fault)
})

test('a name with operators of its search, or of GraphQL, is a value', async () => {
  await ask('prod.a"b\\c OR * } mutation { x')
  const { query, variables } = JSON.parse(server.requests[0]?.body ?? '')
  expect(variables.input.query).toMatch(/^"[^"\\]*"$/)
  expect(query).not.toContain('mutation')
})
