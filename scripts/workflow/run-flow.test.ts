import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type KestraStandIn, startKestra } from '../../tests/stand-ins/kestra.ts'
import type { Received } from '../../tests/stand-ins/server.ts'
import { lateTable, useWorlds, type World } from '../../tests/support/workflow.ts'
import { loadFix } from '../store/fixes.ts'
import { shadowAgreement } from '../store/shadow.ts'
import { runFix, verifyFix } from './fix.ts'

const { world } = useWorlds()
let kestra: KestraStandIn
beforeEach(async () => {
  kestra = await startKestra()
  kestra.flows.push({ namespace: 'company.team', id: 'unstick', inputs: ['dag', 'mode', 'attempts'] })
})
afterEach(() => kestra.close())

const target = 'unstick(daily_elt_pipeline.load_warehouse)'
const policy = ({ allow = '["run_flow:flow=unstick"]', assets = 'daily_elt_*', more = '' } = {}) => `mode: act
auto_fix: true
allow: ${allow}
${more}
flows:
  - name: unstick
    flow: company.team.unstick
    what: Moves the load to the spare warehouse and starts it again.
    assets: ["${assets}"]
    mends: [pipeline_delay, pipeline_failure]
    inputs: { dag: { from: asset }, mode: soft, attempts: 2 }
`

/** Within its promised time no rule clears a stuck task: that is where a team's own flow comes in. */
const catalog = `assets:
  - { name: daily_elt_pipeline, kind: dag, owner: data-platform, tier: 1 }
`

const stuck = {
  source: 'cloudwatch',
  alert_id: 'cw-1',
  title: 'daily_elt_pipeline is slow',
  severity: 'high',
  description: 'Its tasks wait for the warehouse.',
  related_context: { dag_id: 'daily_elt_pipeline' },
}

async function fixing(given: Parameters<typeof policy>[0] = {}): Promise<{ one: World; id: string }> {
  const one = await world({ policy: policy(given), catalog, settings: { ...kestra.settings } })
  const id = await one.open(stuck)
  expect(await one.decide(id)).toMatchObject({ next: 'fix' })
  return { one, id }
}

const ended = (state: string) => {
  for (const execution of kestra.executions) execution.state.current = state
}

/** What the flow was to do. */
function mend({ airflow }: World): void {
  for (const run of airflow.dags[0]?.runs ?? []) {
    for (const task of run.tasks) Object.assign(task, { state: 'success', end_date: new Date() })
    Object.assign(run, { state: 'success', end_date: new Date() })
  }
}

const patient = { patienceMs: 10_000, pauseMs: 5 }
const once = { patienceMs: 0 }

describe('a flow of the team’s own', () => {
  test('is proposed for what a connector sees, run once with its inputs, and verified by the asset', async () => {
    const { one, id } = await fixing()
    expect(await loadFix(one.store, id)).toMatchObject({ remediation: { template: 'run_flow', target } })
    expect(await runFix(one.store, id, one.settings)).toMatchObject({
      outcome: 'done',
      detail: 'started company.team.unstick as execution execution1',
    })
    expect(kestra.executions).toMatchObject([
      {
        inputs: { dag: 'daily_elt_pipeline.load_warehouse', mode: 'soft', attempts: '2' },
        labels: [{ key: 'data_incident_manager', value: expect.stringMatching(/^dim_[0-9a-f]{32}$/) }],
      },
    ])
    expect(await verifyFix(one.store, id, one.settings, once)).toMatchObject({ state: 'working' })
    ended('SUCCESS')
    // It ended well, and what it was for is as it was.
    expect(await verifyFix(one.store, id, one.settings, once)).toMatchObject({
      state: 'working',
      detail: expect.stringMatching(/still so/),
    })
    mend(one)
    expect(await verifyFix(one.store, id, one.settings, patient)).toMatchObject({ state: 'well' })
    expect(await one.incident(id)).toMatchObject({ state: 'resolved', closed_how: 'fixed' })
    await one.notify(id)
    expect(one.told(id)).toHaveLength(1)
  })

  test('that fails is people’s', async () => {
    const { one, id } = await fixing()
    await runFix(one.store, id, one.settings)
    ended('FAILED')
    expect(await verifyFix(one.store, id, one.settings, once)).toMatchObject({ state: 'bad' })
    await one.notify(id)
    expect(one.told(id).at(-1)).toMatch(/execution1 of company\.team\.unstick ended as FAILED/)
  })

  test('that does not help in its time is stopped where it still runs, and is people’s', async () => {
    const { one, id } = await fixing()
    await runFix(one.store, id, one.settings)
    await one.pass(31 * 60_000)
    expect(await verifyFix(one.store, id, one.settings, once)).toMatchObject({ state: 'bad' })
    expect(kestra.executions).toMatchObject([{ state: { current: 'KILLED' } }])
    await one.notify(id)
    expect(one.told(id).at(-1)).toMatch(/execution execution1 was stopped/)
  })

  test('whose answer is lost is found by its label, and not started again', async () => {
    const { one, id } = await fixing()
    const isStart = ({ method, path }: Received) => method === 'POST' && path.endsWith('/company.team/unstick')
    kestra.fail('lost_answer', { when: isStart })
    await expect(runFix(one.store, id, one.settings)).rejects.toMatchObject({ retryable: true })
    expect(await runFix(one.store, id, one.settings)).toMatchObject({
      outcome: 'done',
      detail: 'an earlier attempt had gone through',
    })
    expect(kestra.executions).toHaveLength(1)
  })

  test('that policy no longer names is not run', async () => {
    const { one, id } = await fixing()
    const without = await world({ policy: 'mode: act\nauto_fix: true\nallow: ["run_flow:flow=*"]\n' })
    const settings = { ...one.settings, DIM_CONFIG_DIR: without.settings.DIM_CONFIG_DIR }
    expect(await runFix(one.store, id, settings)).toMatchObject({
      outcome: 'escalated',
      detail: expect.stringContaining('Policy names no flow company.team.unstick'),
    })
    expect(kestra.executions).toEqual([])
  })
})

describe('is not run', () => {
  test.each<[string, () => void, RegExp]>([
    ['a flow that Kestra does not know', () => kestra.flows.splice(0), /knows no flow company\.team\.unstick/],
    ['a disabled one', () => Object.assign(kestra.flows[0] ?? {}, { disabled: true }), /is disabled/],
    ['one without such an input', () => kestra.flows[0]?.inputs.splice(0, 1), /takes no input dag/],
    ['one that wants more', () => kestra.flows[0]?.inputs.push('region'), /Kestra refused it with 422/],
  ])('%s', async (_, arrange, reason) => {
    const { one, id } = await fixing()
    arrange()
    expect(await runFix(one.store, id, one.settings)).toMatchObject({
      outcome: 'escalated',
      detail: expect.stringMatching(reason),
    })
    expect(kestra.executions).toEqual([])
  })

  test.each<[string, Parameters<typeof policy>[0], RegExp]>([
    ['what is not allowed', { allow: '[]' }, /Policy does not allow run_flow/],
    ['on a protected asset', { more: 'protected: ["daily_elt*"]' }, /Policy protects daily_elt/],
  ])('%s', async (_, given, reason) => {
    const one = await world({ policy: policy(given), catalog, settings: { ...kestra.settings } })
    const id = await one.open(stuck)
    expect(await one.decide(id)).toMatchObject({ next: 'notify', decision: { remediation: null } })
    await one.notify(id)
    expect(one.told(id).join()).toMatch(reason)
    expect(await shadowAgreement(one.store)).toMatchObject([{ template: 'run_flow', proposed: 1 }])
  })

  test('for an asset that only the alert names', async () => {
    const one = await world({ policy: policy({ assets: '*' }), catalog, settings: { ...kestra.settings } })
    const id = await one.open(lateTable())
    await one.decide(id)
    expect(await loadFix(one.store, id)).toBeNull()
    expect(kestra.requests).toEqual([])
  })
})
