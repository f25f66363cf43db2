import { describe, expect, test } from 'vitest'
import { dailyEltPipeline } from '../../tests/stand-ins/airflow.ts'
import type { Received } from '../../tests/stand-ins/server.ts'
import { scenario, useWorlds, type World } from '../../tests/support/workflow.ts'
import { loadActions } from '../store/actions.ts'
import { accountOfAlerts } from '../store/books.ts'
import { claimActions, finishAction } from '../store/outbox.ts'
import { runFix, verifyFix } from './fix.ts'

const { world } = useWorlds()
const minute = 60_000
const once = { patienceMs: 0 }

/** An incident whose fix is decided and not yet run. */
async function fixing(one: World): Promise<string> {
  const id = await one.open(await scenario('dag_timeout'))
  expect(await one.decide(id)).toMatchObject({ next: 'fix' })
  return id
}

async function fixAction({ store }: World, id: string) {
  return (await loadActions(store, id)).find(({ kind }) => kind === 'fix') ?? expect.fail()
}

const isClear = ({ path, body }: Received) => path.endsWith('/clearTaskInstances') && body.includes('"dry_run":false')
const isDryRun = ({ path, body }: Received) => path.endsWith('/clearTaskInstances') && body.includes('"dry_run":true')

describe('a stuck task', () => {
  test('is cleared once, verified and resolved, and people are told once', async () => {
    const one = await world()
    const id = await one.handle(await scenario('dag_timeout'))
    expect(await one.incident(id)).toMatchObject({ state: 'resolved', closed_how: 'fixed' })
    expect(one.airflow.clears).toMatchObject([{ dag_id: 'daily_elt_pipeline', task_ids: ['load_warehouse'] }])
    expect(one.told(id)).toEqual([expect.stringMatching(/Fixed.*load_warehouse.*ended well/s)])
    expect((await fixAction(one, id)).state).toBe('confirmed')
    expect((await accountOfAlerts(one.store)).byEndState).toMatchObject({ fixed: 1 })
    expect(await one.due(id)).toEqual([])
  })

  test('is cleared once, though every step runs twice, and each answers the same', async () => {
    const one = await world()
    const { store, settings } = one
    const id = await fixing(one)
    const ran = await runFix(store, id, settings)
    expect(ran).toMatchObject({ outcome: 'done', detail: expect.stringContaining('cleared load_warehouse') })
    expect(await runFix(store, id, settings)).toEqual(ran)
    const patient = { patienceMs: 10_000, pauseMs: 5 }
    const healths = await Promise.all([
      verifyFix(store, id, settings, patient),
      verifyFix(store, id, settings, patient),
    ])
    expect([...healths, await verifyFix(store, id, settings, once)].map(({ state }) => state)).toEqual(
      Array(3).fill('well'),
    )
    expect(await runFix(store, id, settings)).toEqual(ran)
    await Promise.all([one.notify(id), one.notify(id)])
    expect(one.airflow.clears).toHaveLength(1)
    expect(one.told(id)).toHaveLength(1)
  })

  test('is cleared once by five attempts at once', async () => {
    const one = await world()
    const id = await fixing(one)
    const all = await Promise.all(Array.from({ length: 5 }, () => runFix(one.store, id, one.settings)))
    expect(all.map(({ outcome }) => outcome)).toContain('done')
    expect(one.airflow.clears).toHaveLength(1)
  })
})

describe('a fix whose answer is lost', () => {
  test('is found at the target and not run again', async () => {
    const one = await world()
    const id = await fixing(one)
    one.airflow.fail('lost_answer', { when: isClear })
    await expect(runFix(one.store, id, one.settings)).rejects.toMatchObject({ retryable: true })
    expect((await fixAction(one, id)).state).toBe('unknown')
    // As Kestra does: the task is run again at once.
    expect(await runFix(one.store, id, one.settings)).toMatchObject({
      outcome: 'done',
      detail: 'an earlier attempt had gone through',
    })
    expect(one.airflow.requests.filter(isClear)).toHaveLength(1)
    expect((await one.incident(id)).state).toBe('verifying')
  })

  test('is run again when the target knows nothing of it', async () => {
    const one = await world()
    const id = await fixing(one)
    one.airflow.fail('reset', { when: isClear })
    await expect(runFix(one.store, id, one.settings)).rejects.toMatchObject({ code: 'E_HTTP_NETWORK' })
    expect(await runFix(one.store, id, one.settings)).toMatchObject({ outcome: 'done' })
    expect(one.airflow.clears).toHaveLength(1)
  })

  test('for it died with its worker, is found once its lease is over', async () => {
    const one = await world()
    const id = await fixing(one)
    const { promise, resolve } = Promise.withResolvers<void>()
    one.airflow.fail({ until: promise }, { when: isClear })
    const dead = runFix(one.store, id, one.settings).catch((thrown: unknown) => thrown)
    await one.airflow.waitFor(isClear)
    expect(await runFix(one.store, id, one.settings)).toMatchObject({ outcome: 'nothing' })
    resolve()
    await dead
    expect(await runFix(one.store, id, one.settings)).toMatchObject({ outcome: 'done' })
    expect(one.airflow.clears).toHaveLength(1)
  })

  test('between its record and what follows goes on from there', async () => {
    const one = await world()
    const id = await fixing(one)
    const [action] = await claimActions(one.store, { incident: id, kinds: ['fix'], limit: 1 })
    await finishAction(one.store, action ?? expect.fail(), { state: 'sent', reference: 'cleared it' })
    expect(await runFix(one.store, id, one.settings)).toEqual({ outcome: 'done', detail: 'cleared it' })
    expect((await one.incident(id)).state).toBe('verifying')
    expect(one.airflow.requests.filter(isClear)).toHaveLength(0)
  })

  test('between its refusal and what follows is people’s all the same', async () => {
    const one = await world()
    const id = await fixing(one)
    const [action] = await claimActions(one.store, { incident: id, kinds: ['fix'], limit: 1 })
    await finishAction(one.store, action ?? expect.fail(), { state: 'failed', reason: 'Airflow refused it.' })
    expect(await runFix(one.store, id, one.settings)).toMatchObject({ outcome: 'escalated' })
    expect((await one.incident(id)).state).toBe('escalated')
  })

  test('before anything left is not in doubt', async () => {
    const one = await world()
    const id = await fixing(one)
    one.airflow.fail({ status: 503, body: {} }, { times: 2, when: isDryRun })
    await expect(runFix(one.store, id, one.settings)).rejects.toMatchObject({ code: 'E_HTTP_BUSY' })
    expect((await fixAction(one, id)).state).toBe('planned')
    expect(await runFix(one.store, id, one.settings)).toMatchObject({ outcome: 'done' })
  })
})

describe('a fix that can’t be run', () => {
  async function escalated(one: World, id: string, reason: RegExp): Promise<void> {
    const first = await runFix(one.store, id, one.settings)
    expect(first).toMatchObject({ outcome: 'escalated', detail: expect.stringMatching(reason) })
    expect(await runFix(one.store, id, one.settings)).toEqual(first)
    await one.notify(id)
    expect(one.told(id)).toEqual([expect.stringMatching(/a person is needed.*Tried.*airflow_clear_task on/s)])
    expect(one.told(id)[0]).toMatch(reason)
    expect(await one.incident(id)).toMatchObject({ state: 'escalated', closed_at: null })
    expect(await one.due(id)).toEqual(['escalation', 'quiet', 'recovery', 'reminder'])
    expect(one.airflow.clears).toHaveLength(0)
    expect((await accountOfAlerts(one.store)).byEndState).toMatchObject({ notified: 1 })
    expect(await verifyFix(one.store, id, one.settings, once)).toMatchObject({ state: 'bad' })
  }

  test('as Airflow forbids it', async () => {
    const one = await world()
    const id = await fixing(one)
    one.airflow.fail({ status: 403, body: { detail: 'Forbidden' } }, { when: isClear })
    await escalated(one, id, /refused it with 403/)
  })

  test('as the DAG is gone', async () => {
    const one = await world()
    const id = await fixing(one)
    one.airflow.dags.length = 0
    await escalated(one, id, /knows no DAG daily_elt_pipeline/)
  })

  test('as the DAG is paused', async () => {
    const one = await world()
    const id = await fixing(one)
    for (const dag of one.airflow.dags) dag.is_paused = true
    await escalated(one, id, /is paused/)
  })

  test('as the task has ended by itself', async () => {
    const one = await world()
    const id = await fixing(one)
    for (const task of one.airflow.dags[0]?.runs[0]?.tasks ?? []) task.state = 'success'
    await escalated(one, id, /neither failed nor running any more/)
  })

  test('as Airflow stays away is people’s when its time is over, and is not run after that', async () => {
    const one = await world()
    const id = await fixing(one)
    const away = { ...one.settings, AIRFLOW_URL: 'http://127.0.0.1:1' }
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(runFix(one.store, id, away)).rejects.toMatchObject({ code: 'E_HTTP_NETWORK' })
    }
    one.airflow.fail('reset', { times: Number.POSITIVE_INFINITY })
    expect(await one.whenDue('fix', id)).toMatchObject({ toFix: id })
    await one.pass(31 * minute)
    expect(await one.turn()).toMatchObject({ toFix: '' })
    expect((await one.incident(id)).state).toBe('escalated')
    expect(one.told(id).at(-1)).toMatch(/could not be run in time: Airflow can't be reached/)
    await one.pass(minute)
    expect(await runFix(one.store, id, one.settings)).toMatchObject({ outcome: 'nothing' })
    expect(one.airflow.clears).toHaveLength(0)
  })
})

test('what could not be fixed and becomes worse is fixed by its new decision, not by the old one', async () => {
  const one = await world()
  const id = await one.open(await scenario('dag_timeout', { severity: 'high' }))
  expect(await one.decide(id)).toMatchObject({ next: 'fix' })
  const away = { ...one.settings, AIRFLOW_URL: 'http://127.0.0.1:1' }
  await expect(runFix(one.store, id, away)).rejects.toMatchObject({ retryable: true })
  await one.pass(31 * minute)
  await one.whenDue('fix', id)
  expect((await one.incident(id)).state).toBe('escalated')
  expect(await one.fire(await scenario('dag_timeout', { alert_id: 'cw-2' }))).toMatchObject({ incident: id })
  expect(await one.decide(id)).toMatchObject({ next: 'fix' })
  await runFix(one.store, id, one.settings)
  const fixes = (await loadActions(one.store, id)).filter(({ kind }) => kind === 'fix')
  expect(fixes.map(({ revision, state, attempt }) => [revision, state, attempt])).toEqual([
    [1, 'planned', 1],
    [2, 'sent', 1],
  ])
})

describe('what was fixed', () => {
  test('and fails again is people’s', async () => {
    const one = await world()
    one.airflow.dags.splice(0, 1, dailyEltPipeline({ recovery: { ends: 'failed' } }))
    const id = await one.handle(await scenario('dag_timeout'))
    expect((await one.incident(id)).state).toBe('escalated')
    expect(one.told(id)).toEqual([expect.stringMatching(/a person is needed.*ran, but: load_warehouse failed again/s)])
    expect(one.airflow.clears).toHaveLength(1)
  })

  test('and makes it worse is people’s, told once with the whole story, and not tried again', async () => {
    const one = await world()
    one.airflow.dags.splice(0, 1, dailyEltPipeline({ recovery: { ends: 'failed' } }))
    const id = await one.open(await scenario('dag_timeout', { severity: 'high' }))
    expect(await one.decide(id)).toMatchObject({ next: 'fix' })
    await runFix(one.store, id, one.settings)
    // What the cleared task broke is reported while nobody has looked at the fix yet.
    await one.fire(await scenario('dag_timeout', { alert_id: 'cw-2', severity: 'critical' }))
    expect(await verifyFix(one.store, id, one.settings, { patienceMs: 10_000, pauseMs: 5 })).toMatchObject({
      state: 'bad',
    })
    await one.notify(id)
    for (let turn = 0; turn < 3; turn += 1) await one.turn()
    expect(await one.incident(id)).toMatchObject({ state: 'escalated', severity: 'CRITICAL', occurrences: 2 })
    expect(one.told(id)).toEqual([
      expect.stringMatching(/CRITICAL, a person is needed.*Tried.*load_warehouse failed again, at try 2/s),
    ])
    expect(await runFix(one.store, id, one.settings)).toMatchObject({ outcome: 'done' })
    expect(one.airflow.clears).toHaveLength(1)
  })

  test('and stays at work is left to the clock, and is people’s when its time is over', async () => {
    const one = await world()
    one.airflow.dags.splice(0, 1, dailyEltPipeline({ recovery: { looks: 1000 } }))
    const id = await fixing(one)
    await runFix(one.store, id, one.settings)
    expect(await verifyFix(one.store, id, one.settings, { patienceMs: 20, pauseMs: 5 })).toMatchObject({
      state: 'working',
    })
    await one.whenDue('verify', id)
    expect((await one.incident(id)).state).toBe('verifying')
    expect(await one.due(id)).toContain('verify')
    await one.pass(31 * minute)
    await one.turn()
    expect((await one.incident(id)).state).toBe('escalated')
    expect(one.told(id).at(-1)).toMatch(/a person is needed.*is running/s)
    expect(one.airflow.clears).toHaveLength(1)
  })

  test('and can’t be looked at is looked at again', async () => {
    const one = await world()
    const id = await fixing(one)
    await runFix(one.store, id, one.settings)
    one.airflow.fail({ status: 502, body: '' }, { times: 6 })
    expect(await verifyFix(one.store, id, one.settings, once)).toMatchObject({
      state: 'working',
      detail: expect.stringContaining('could not be read'),
    })
    one.airflow.heal()
    await one.whenDue('verify', id)
    await one.whenDue('verify', id)
    expect((await one.incident(id)).state).toBe('resolved')
  })

  test('and is reported well meanwhile is over when the fix is verified', async () => {
    const one = await world()
    const id = await fixing(one)
    await runFix(one.store, id, one.settings)
    await one.fire(await scenario('dag_timeout', { status: 'resolved', alert_id: 'cw-2', timestamp: undefined }))
    expect((await one.incident(id)).state).toBe('verifying')
    await verifyFix(one.store, id, one.settings, { patienceMs: 10_000, pauseMs: 5 })
    expect(await one.incident(id)).toMatchObject({ state: 'resolved', closed_how: 'fixed' })
    await one.turn()
    expect(one.told(id)).toHaveLength(1)
  })

  test('in vain, and is reported well meanwhile: told, and over', async () => {
    const one = await world()
    const id = await fixing(one)
    await one.fire(await scenario('dag_timeout', { status: 'resolved', alert_id: 'cw-2', timestamp: undefined }))
    for (const dag of one.airflow.dags) dag.is_paused = true
    expect(await runFix(one.store, id, one.settings)).toMatchObject({ outcome: 'escalated' })
    expect(await one.incident(id)).toMatchObject({ state: 'resolved', closed_how: 'resolve' })
    await one.turn()
    await one.turn()
    expect(one.told(id)).toEqual([expect.stringContaining('is paused'), expect.stringContaining('Resolved')])
  })

  test('is not verified before it has run', async () => {
    const one = await world()
    const id = await fixing(one)
    // Seen as it is, it would pass for a fix that did not help.
    for (const task of one.airflow.dags[0]?.runs[0]?.tasks ?? []) task.state = 'failed'
    expect(await verifyFix(one.store, id, one.settings, once)).toMatchObject({ state: 'working' })
    expect((await one.incident(id)).state).toBe('fixing')
  })
})

test('without a fix there is nothing to run and nothing to verify', async () => {
  const one = await world()
  const id = await one.handle(await scenario('schema_drift'))
  expect(await runFix(one.store, id, one.settings)).toMatchObject({ outcome: 'nothing' })
  expect(await verifyFix(one.store, id, one.settings, once)).toMatchObject({ state: 'well' })
  expect((await one.incident(id)).state).toBe('notified')
})
