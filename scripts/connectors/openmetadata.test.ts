import { afterEach, beforeEach, expect, test } from 'vitest'
import { type OpenMetadataStandIn, startOpenMetadata } from '../../tests/stand-ins/openmetadata.ts'
import type { System } from '../domain/system.ts'
import { noLibrary } from './gathering/library.ts'
import { openmetadata } from './openmetadata.ts'

let server: OpenMetadataStandIn
beforeEach(async () => {
  server = await startOpenMetadata()
})
afterEach(() => server.close())

const context = (changes: Partial<System> = {}) => {
  const { options, credentials } = server
  const named = { name: 'openmetadata', kind: 'openmetadata', environment: null, aliases: [], limitMs: null }
  const signal = AbortSignal.timeout(5_000)
  return { system: { ...named, options, credentials, ...changes }, signal, library: noLibrary }
}
const ask = (name: string) => {
  const asset = { kind: 'table' as const, name }
  const question = { asset, category: 'freshness' as const, environment: null, alerts: [], now: new Date() }
  return openmetadata.gather(question, context())
}

test('whose a table is, its tier, its lineage, and the pipeline that makes it', async () => {
  const [entry, lineage] = await ask('prod.finance.fct_revenue')
  expect(entry).toMatchObject({
    summary: 'prod.finance.fct_revenue in OpenMetadata: owned by Finance Data, tier 1.',
    data: { owner: 'Finance Data', tier: 1, consumers: ['board'] },
  })
  expect(lineage).toMatchObject({
    summary: 'prod.finance.fct_revenue is made from 1 and feeds 1, made by Shop_Daily.',
    data: {
      upstream: ['prod.raw.orders'],
      leads: [{ kind: 'dag', name: 'shop_daily', native: { dag_id: 'Shop_Daily' } }],
    },
  })
})

test('by the end of its name, with the owner as older releases tell it', async () => {
  const [entry] = await ask('odd.schema.fct_revenue')
  expect(entry?.data).toMatchObject({ owner: 'ada', tier: null, consumers: null })
})

test('not where several could be meant, or none', async () => {
  expect(await ask('raw.events.clicks')).toEqual([])
  expect(await ask('fct_revenue')).toEqual([])
  expect(await ask('prod.finance.nothing')).toEqual([])
})

test('its lightest question tells the version, and that a token is wrong', async () => {
  expect(await openmetadata.check(context())).toEqual({ version: '1.10.3', missingRights: [] })
  await expect(openmetadata.check(context({ credentials: { token: 'x' } }))).rejects.toMatchObject({ status: 401 })
})

test('a name with operators of its search is a name', async () => {
  await ask('prod.a"b\\c OR *')
  expect(server.requests[0]?.query.get('q')).toMatch(/^"[^"\\]*"$/)
})
