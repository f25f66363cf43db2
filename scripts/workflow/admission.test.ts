import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dailyEltPipeline } from '../../tests/stand-ins/airflow.ts'
import type { Received } from '../../tests/stand-ins/server.ts'
import { decideOn, exampleAlert, receive } from '../../tests/support/store.ts'
import { scenario, useWorlds, type World } from '../../tests/support/workflow.ts'
import { loadDecision } from '../store/decisions.ts'
import { thrownSwitches } from '../store/switches.ts'
import { runFix, verifyFix } from './fix.ts'
import { releaseSwitch, throwSwitch } from './switches.ts'

const { world } = useWorlds()
const all = '*' as const
const isDryRun = ({ path, body }: Received) => path.endsWith('/clearTaskInstances') && body.includes('"dry_run":true')

const policy = (more = '') => `mode: act
auto_fix: true
allow: ["airflow_clear_task:dag=*"]
admins: [ann]
${more}`

async function fixing(one: World, changes: object = {}): Promise<string> {
  const id = await one.open(await scenario('dag_timeout', changes))
  expect(await one.decide(id)).toMatchObject({ next: 'fix' })
  return id
}

async function held(one: World, id: string, reason: RegExp): Promise<void> {
  expect(await runFix(one.store, id, one.settings)).toMatchObject({
    outcome: 'escalated',
    detail: expect.stringMatching(reason),
  })
  await one.notify(id)
  expect((await one.incident(id)).state).toBe('escalated')
  expect(one.told(id).at(-1)).toMatch(reason)
  expect(one.airflow.clears).toHaveLength(0)
}

let twins = 0

/** Another incident, of another condition, whose fix is the same. */
async function twinOf(one: World, id: string): Promise<string> {
  const decision = (await loadDecision(one.store, id)) ?? expect.fail()
  const remediation = decision.remediation ?? expect.fail()
  twins += 1
  const { incident } = await receive(one.store, exampleAlert({ fingerprint: `fp_twin_${twins}`, asset: null }))
  if (incident === null) expect.fail('The alert opened no incident.')
  const key = `${incident}:1:${remediation.template}:${remediation.target}`
  await decideOn(one.store, incident, decision, [{ kind: 'fix', key, remediation }])
  return incident
}

describe('the kill switch', () => {
  test('keeps a decision from fixing: people are told why', async () => {
    const one = await world({ policy: policy() })
    await throwSwitch(one.store, { subject: all, who: 'bob', why: 'release week' })
    const id = await one.handle(await scenario('dag_timeout'))
    expect(one.told(id)).toEqual([expect.stringContaining('bob has thrown the kill switch: release week')])
    expect(one.airflow.clears).toHaveLength(0)
  })

  test('thrown after the decision is seen by the run', async () => {
    const one = await world({ policy: policy() })
    const id = await fixing(one)
    await throwSwitch(one.store, { subject: all, who: 'bob', why: 'it does harm' })
    await held(one, id, /bob has thrown the kill switch: it does harm/)
  })

  test('thrown while the dry run is under way is seen before the call', async () => {
    const one = await world({ policy: policy() })
    const id = await fixing(one)
    const { promise, resolve } = Promise.withResolvers<void>()
    one.airflow.fail({ until: promise }, { when: isDryRun })
    const running = runFix(one.store, id, one.settings)
    await one.airflow.waitFor(isDryRun)
    await throwSwitch(one.store, { subject: all, who: 'bob', why: 'stop' })
    resolve()
    expect(await running).toMatchObject({ outcome: 'escalated' })
    expect(one.airflow.clears).toHaveLength(0)
  })

  test('is released by an admin only', async () => {
    const one = await world({ policy: policy() })
    const turn = { subject: all, why: 'all is well' }
    await throwSwitch(one.store, { ...turn, who: 'bob' })
    await expect(releaseSwitch(one.store, { ...turn, who: 'bob' }, one.settings)).rejects.toMatchObject({
      code: 'E_APPROVAL_REFUSED',
    })
    expect(await thrownSwitches(one.store)).toHaveLength(1)
    await releaseSwitch(one.store, { ...turn, who: 'Ann' }, one.settings)
    expect(await thrownSwitches(one.store)).toEqual([])
    await one.handle(await scenario('dag_timeout'))
    expect(one.airflow.clears).toHaveLength(1)
  })

  test('of one tenant is no other’s', async () => {
    const [one, other] = [await world({ policy: policy() }), await world({ policy: policy() })]
    await throwSwitch(one.store, { subject: all, who: 'bob', why: 'stop' })
    expect(await thrownSwitches(other.store)).toEqual([])
  })
})

describe('policy that became stricter since the decision', () => {
  test.each<[string, string, RegExp]>([
    ['not allowed any more', 'mode: act\nauto_fix: true\n', /Policy does not allow airflow_clear_task/],
    ['frozen', policy('freeze: true'), /A freeze is in force/],
    ['protected', policy('protected: ["daily_*"]'), /Policy protects daily/],
    [
      'of other environments',
      policy().replace('allow: [', 'allow: [{ fix: "airflow_clear_task:dag=*", environments: [staging] }] #'),
      /does not allow/,
    ],
    ['unreadable', policy('alow: []'), /unknown key/],
  ])('%s', async (_, changed, reason) => {
    const one = await world({ policy: policy() })
    const id = await fixing(one)
    await writeFile(join(one.settings.DIM_CONFIG_DIR ?? '', 'policy.yaml'), changed)
    await held(one, id, reason)
  })
})

describe('limits', () => {
  test.each([
    ['of the target', 'max_fixes_per_target: { count: 1, hours: 24 }', /allows 1 fixes of daily/],
    ['of the system', 'max_fixes_per_system: { count: 1, hours: 24 }', /allows 1 fixes of airflow in/],
    ['of the tenant', 'max_fixes: { count: 1, hours: 24 }', /allows 1 fixes of all that there is/],
  ])('%s hold for what was decided before they were reached', async (_, limit, reason) => {
    const one = await world({ policy: policy(limit) })
    const first = await fixing(one)
    expect(await one.fix(first)).toBe('done')
    const second = await twinOf(one, first)
    one.airflow.dags.splice(0, 1, dailyEltPipeline())
    const decided = (await loadDecision(one.store, second))?.remediation?.params.run_id
    for (const run of one.airflow.dags[0]?.runs.slice(0, 1) ?? []) run.dag_run_id = decided ?? ''
    expect(await one.fix(second)).toBe('escalated')
    expect(one.told(second).at(-1)).toMatch(reason)
    expect(one.airflow.clears).toHaveLength(1)
  })
})

describe('two incidents of one thing', () => {
  test('are fixed once: the second waits, and ends with the first', async () => {
    const one = await world({ policy: policy() })
    const first = await fixing(one)
    const second = await twinOf(one, first)
    expect(second).not.toBe(first)
    await runFix(one.store, first, one.settings)
    expect(await runFix(one.store, second, one.settings)).toEqual({
      outcome: 'waiting',
      detail: `airflow/dag/daily_elt_pipeline is being fixed for ${first}`,
    })
    await verifyFix(one.store, first, one.settings, { patienceMs: 10_000, pauseMs: 5 })
    await one.pass(61_000)
    expect(await one.fix(second)).toBe('done')
    expect(one.airflow.clears).toHaveLength(1)
    expect(await one.incident(second)).toMatchObject({ state: 'resolved', closed_how: 'fixed' })
    expect(one.told(second).at(-1)).toMatch(/Fixed/)
  })

  test('started at once are fixed once', async () => {
    const one = await world({ policy: policy() })
    const first = await fixing(one)
    const second = await twinOf(one, first)
    const runs = await Promise.all([first, second].map((id) => runFix(one.store, id, one.settings)))
    expect(runs.map(({ outcome }) => outcome).sort()).toEqual(['done', 'waiting'])
    expect(one.airflow.clears).toHaveLength(1)
  })
})

describe('a template whose fixes do not help', () => {
  test('is switched off after three in a row, and people are told', async () => {
    const one = await world({ policy: policy('max_fixes_per_target: { count: 9, hours: 24 }') })
    const bad = dailyEltPipeline({ recovery: { ends: 'failed', looks: 1 } })
    one.airflow.dags.splice(0, 1, bad)
    let id = await fixing(one)
    for (let nth = 1; nth <= 3; nth += 1) {
      for (const task of bad.runs[0]?.tasks ?? []) if (task.task_id === 'load_warehouse') task.state = 'running'
      if (nth > 1) id = await twinOf(one, id)
      expect(await one.fix(id)).toBe('done')
      expect((await one.incident(id)).state).toBe('escalated')
      expect(/switched off from now on/.test(one.told(id).join())).toBe(nth === 3)
    }
    expect(await thrownSwitches(one.store)).toMatchObject([{ subject: 'airflow_clear_task', who: 'auto_remediate' }])
    const after = await twinOf(one, id)
    expect(await one.fix(after)).toBe('escalated')
    expect(one.told(after).at(-1)).toContain('is switched off: its last 3 fixes did not help')
    expect(one.airflow.clears).toHaveLength(3)
    await releaseSwitch(one.store, { subject: 'airflow_clear_task', who: 'ann', why: 'mended' }, one.settings)
    bad.recovery.ends = 'success'
    for (const task of bad.runs[0]?.tasks ?? []) if (task.task_id === 'load_warehouse') task.state = 'running'
    const mended = await twinOf(one, id)
    expect(await one.fix(mended)).toBe('done')
    expect((await one.incident(mended)).state).toBe('resolved')
  })
})
