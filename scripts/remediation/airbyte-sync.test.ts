import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type StandInConnection, startAirbyte } from '../../tests/stand-ins/airbyte.ts'
import { unasked } from '../../tests/support/fixes.ts'
import type { Remediation } from '../domain/decision.ts'
import { Evidence } from '../domain/evidence.ts'
import { airbyteSync as row } from './airbyte-sync.ts'

const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const soon = () => AbortSignal.timeout(5_000)
const target = 'b4d3ad5b-7c2f-4f0e-9d1b-0a1f6f7c8d9e'
const key = `INC-1:1:airbyte_sync:${target}`
const remediation: Remediation = {
  template: 'airbyte_sync',
  target,
  params: { system: 'lake', connection: 'Billing', job_id: '41' },
}
const billing = (changes: Partial<StandInConnection> = {}): StandInConnection => ({
  connectionId: target,
  name: 'Billing',
  status: 'active',
  syncs: [
    { jobId: 40, status: 'succeeded', rowsSynced: 900 },
    { jobId: 41, status: 'failed', rowsSynced: 12 },
  ],
  ...changes,
})

/** An Airbyte, and the settings of a product that knows it from `systems.yaml`: for reading, and for fixes. */
async function arrange(
  connections: StandInConnection[] = [billing()],
  recovery?: Parameters<typeof startAirbyte>[0]['recovery'],
) {
  const airbyte = await startAirbyte({ connections, ...(recovery ? { recovery } : {}) })
  const folder = await mkdtemp(join(tmpdir(), 'dim-airbyte-'))
  endings.push(airbyte.close, () => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'systems.yaml'), `systems:\n  - {name: lake, kind: airbyte, url: '${airbyte.api}'}\n`)
  const reading = { DIM_CONFIG_DIR: folder, SYSTEMS_CREDENTIALS: JSON.stringify({ lake: airbyte.credentials.reader }) }
  const fixing = { ...reading, SYSTEMS_WRITE_CREDENTIALS: JSON.stringify({ lake: airbyte.credentials.runner }) }
  return { airbyte, reading, fixing }
}

async function lastHealth(settings: Awaited<ReturnType<typeof arrange>>['reading']) {
  for (let looks = 0; looks < 9; looks += 1) {
    const health = await row.verify(remediation, settings, soon(), unasked)
    if (health.state !== 'working') return health
  }
  return expect.fail('It works for ever.')
}

test('a failed sync is started again, once, and verified with the application that reads', async () => {
  const { airbyte, reading, fixing } = await arrange([billing()], { ends: 'succeeded', looks: 2 })
  expect(await row.dryRun(remediation, fixing, soon())).toBe(
    'A sync of Billing would start; its last one, job 41, failed, after 12 rows.',
  )
  expect(airbyte.synced).toEqual([])
  expect(await row.wasDone(remediation, key, fixing, soon())).toBe(false)
  expect(await row.execute(remediation, key, fixing, soon())).toBe(
    'started a sync of Billing again, as job 42 after job 41',
  )
  expect(await row.wasDone(remediation, key, fixing, soon())).toBe(true)
  expect(await row.verify(remediation, reading, soon(), unasked)).toEqual({
    state: 'working',
    detail: 'job 42 of Billing is running',
  })
  expect(await lastHealth(reading)).toEqual({ state: 'well', detail: 'job 42 has synced Billing' })
  expect(airbyte.synced).toEqual([target])
})

test.each(['failed', 'cancelled'] as const)('a sync that is %s again is bad', async (ends) => {
  const { reading, fixing } = await arrange([billing()], { ends, looks: 0 })
  await row.execute(remediation, key, fixing, soon())
  expect(await lastHealth(reading)).toEqual({ state: 'bad', detail: expect.stringContaining(`job 42 of Billing`) })
})

test('without a sync since there is nothing to verify', async () => {
  const { reading } = await arrange()
  expect(await row.verify(remediation, reading, soon(), unasked)).toMatchObject({ state: 'bad' })
})

test('the application that reads starts nothing', async () => {
  const { airbyte, reading } = await arrange()
  await expect(row.execute(remediation, key, reading, soon())).rejects.toMatchObject({
    code: 'E_FIX_REFUSED',
    message: 'Airbyte refused it with 403.',
  })
  expect(airbyte.synced).toEqual([])
})

test('two calls at once start one sync', async () => {
  const { airbyte, fixing } = await arrange()
  const calls = await Promise.allSettled([1, 2].map(() => row.execute(remediation, key, fixing, soon())))
  expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(airbyte.synced).toEqual([target])
})

const since = (status: string) => billing({ syncs: [...billing().syncs, { jobId: 42, status }] })
test.each<[string, StandInConnection[], Remediation['params'], RegExp]>([
  ['a sync since', [since('succeeded')], {}, /has had job 42 since/],
  ['a sync at work', [since('incomplete')], {}, /has had job 42 since/],
  [
    'one that Airbyte tries again by itself',
    [billing({ syncs: [{ jobId: 41, status: 'incomplete' }] })],
    {},
    /not failed/,
  ],
  ['a connection that is gone', [], {}, /knows no connection/],
  ['one that was switched off', [billing({ status: 'inactive' })], {}, /Billing is inactive/],
  ['one that has another name by now', [billing({ name: 'Payroll' })], {}, /is called Payroll by now/],
  ['a job that is gone', [billing({ syncs: [] })], {}, /knows no job 41/],
  ['a plan without a job', [billing()], { job_id: '' }, /names no job/],
  ['an instance that is not configured', [billing()], { system: 'other' }, /No Airbyte is configured as other/],
])('refused: %s', async (_, connections, params, reason) => {
  const { airbyte, fixing } = await arrange(connections)
  const planned = { ...remediation, params: { ...remediation.params, ...params } }
  const refusal = { code: 'E_FIX_REFUSED', message: expect.stringMatching(reason) }
  await expect(row.dryRun(planned, fixing, soon())).rejects.toMatchObject(refusal)
  await expect(row.execute(planned, key, fixing, soon())).rejects.toMatchObject(refusal)
  expect(airbyte.synced).toEqual([])
})

describe('plan', () => {
  const seen = (data: object, given: object = {}): Evidence =>
    Evidence.parse({
      id: 'ev_1',
      source: 'airbyte',
      kind: 'sync_job',
      summary: '',
      data: {
        connection_id: target,
        connection: 'Billing',
        connection_status: 'active',
        job_id: '41',
        status: 'failed',
        system: 'lake',
        ...data,
      },
      ...given,
    })
  test.each<[string, Evidence[], object | null]>([
    ['a sync that failed', [seen({})], remediation.params],
    ['one that is well', [seen({ status: 'succeeded' })], null],
    ['one that Airbyte tries again by itself', [seen({ status: 'incomplete' })], null],
    ['a connection that was switched off', [seen({ connection_status: 'inactive' })], null],
    ['another connection', [seen({ connection_id: 'c-2' })], null],
    ['two Airbytes', [seen({}), seen({ system: 'other' })], null],
    ['an Airbyte that may be another', [seen({ is_certain: false })], null],
    ['what an alert claims', [seen({}, { source: 'alert' })], null],
  ])('%s', (_, evidence, expected) => {
    expect(row.plan(target, evidence)).toEqual(expected)
  })
})
