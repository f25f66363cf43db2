import { afterEach, expect, test } from 'vitest'
import { type AirbyteStandIn, type StandInSync, startAirbyte } from '../../tests/stand-ins/airbyte.ts'
import { useWorlds, type World } from '../../tests/support/workflow.ts'
import { loadFix } from '../store/fixes.ts'
import { runFix, verifyFix } from './fix.ts'

const { world } = useWorlds()
let airbyte: AirbyteStandIn | undefined
afterEach(async () => {
  await airbyte?.close()
  airbyte = undefined
})

const target = 'b4d3ad5b-7c2f-4f0e-9d1b-0a1f6f7c8d9e'
/** As Airbyte posts it. */
const failing = {
  data: {
    workspace: { id: 'c1a2', name: 'Lake' },
    connection: { id: target, name: 'Billing', url: 'https://cloud.airbyte.com/x' },
    source: { id: 's1', name: 'MySQL' },
    destination: { id: 'd1', name: 'Lake' },
    jobId: 41,
    success: false,
    errorMessage: 'Connection reset by peer',
    errorType: 'transient_error',
    errorOrigin: 'source',
  },
}

/** A connection whose last sync failed, and a policy that lets it be started again. */
async function arrange(allow: string, syncs: StandInSync[] = [{ jobId: 41, status: 'failed' }]) {
  airbyte = await startAirbyte({ connections: [{ connectionId: target, name: 'Billing', status: 'active', syncs }] })
  const one = await world({
    policy: `mode: act\nauto_fix: true\nallow: ["${allow}"]\nsources: { airbyte: { mode: act } }\n`,
    systems: `systems:\n  - {name: lake, kind: airbyte, url: '${airbyte.api}'}\n`,
    settings: { SYSTEMS_CREDENTIALS: JSON.stringify({ lake: airbyte.credentials.reader }) },
  })
  const fixing: World['settings'] = {
    ...one.settings,
    SYSTEMS_WRITE_CREDENTIALS: JSON.stringify({ lake: airbyte.credentials.runner }),
  }
  return { one, airbyte, fixing }
}

test('a sync that failed is started again once, verified, and people are told once', async () => {
  const { one, airbyte, fixing } = await arrange('airbyte_sync:connection=Bill*')
  const id = await one.open(failing)
  expect(await one.decide(id)).toMatchObject({ next: 'fix' })
  expect(await loadFix(one.store, id)).toMatchObject({
    remediation: { template: 'airbyte_sync', target, params: { system: 'lake', connection: 'Billing', job_id: '41' } },
  })
  expect(await runFix(one.store, id, fixing)).toMatchObject({ outcome: 'done' })
  await verifyFix(one.store, id, one.settings, { patienceMs: 10_000, pauseMs: 5 })
  expect(await one.incident(id)).toMatchObject({ state: 'resolved', closed_how: 'fixed' })
  expect(airbyte.synced).toEqual([target])
  await one.notify(id)
  expect(one.told(id)).toEqual([expect.stringMatching(/job 42 has synced Billing/)])
})

test('a sync whose answer is lost is found by its job, and not started again', async () => {
  const { one, airbyte, fixing } = await arrange('airbyte_sync:connection=*')
  const id = await one.open(failing)
  await one.decide(id)
  airbyte.fail('lost_answer', { when: ({ method, path }) => method === 'POST' && path.endsWith('/jobs') })
  await expect(runFix(one.store, id, fixing)).rejects.toMatchObject({ retryable: true })
  expect(await runFix(one.store, id, fixing)).toMatchObject({ outcome: 'done' })
  expect(airbyte.synced).toEqual([target])
})

test.each<[string, string, StandInSync[], RegExp]>([
  [
    'of another connection',
    'airbyte_sync:connection=Payroll',
    [{ jobId: 41, status: 'failed' }],
    /Policy does not allow/,
  ],
  ['that Airbyte itself tries again', 'airbyte_sync:connection=*', [{ jobId: 41, status: 'incomplete' }], /Billing/],
  [
    'that has failed three times',
    'airbyte_sync:connection=*',
    [39, 40, 41].map((jobId) => ({ jobId, status: 'failed' })),
    /Read the log of job 41 of Billing/,
  ],
])('a sync %s is people’s', async (_, allow, syncs, told) => {
  const { one, airbyte } = await arrange(allow, syncs)
  const id = await one.handle(failing)
  expect((await one.incident(id)).state).toBe('notified')
  expect(one.told(id).join()).toMatch(told)
  expect(airbyte.synced).toEqual([])
})
