import { describe, expect, test } from 'vitest'
import { dailyEltPipeline } from '../../tests/stand-ins/airflow.ts'
import { lateTable, scenario, useWorlds } from '../../tests/support/workflow.ts'
import { accountOfAlerts } from '../store/books.ts'
import { beginAnalysis } from '../store/decisions.ts'
import { claimDispatch } from '../store/dispatch.ts'
import { scheduleDue } from '../store/due.ts'
import { claimActions, finishAction } from '../store/outbox.ts'
import { runFix } from './fix.ts'

const { world } = useWorlds()
const minute = 60_000
const hour = 60 * minute

describe('an analysis that never comes to an end', () => {
  test('is begun again ever more rarely, and then people take over', async () => {
    const one = await world()
    const id = await one.open(lateTable())
    const begun: number[] = []
    for (let minutes = 0; minutes < 120; minutes += 1) {
      const { incident } = await claimDispatch(one.store)
      if (incident === id || minutes === 0) {
        // It dies before it decides.
        await beginAnalysis(one.store, id, `execution ${minutes}`)
        begun.push(minutes)
      }
      await one.pass(minute)
      await one.turn()
    }
    expect(begun).toHaveLength(6)
    const waits = begun.slice(1).map((at, index) => at - (begun[index] ?? 0))
    expect(waits).toEqual(waits.toSorted((a, b) => a - b))
    expect(await one.incident(id)).toMatchObject({ state: 'escalated' })
    expect(one.told(id).at(-1)).toContain('a person is needed')
    expect(await one.due(id)).not.toContain('dispatch')
  })
})

describe('the page deadline', () => {
  test('brings an undecided incident one raw page, however often it is due', async () => {
    const one = await world()
    const id = await one.open(lateTable())
    await one.pass(59_000)
    await one.turn()
    expect(one.told(id)).toEqual([])
    await one.pass(2_000)
    await one.turn()
    await one.turn()
    expect(one.told(id)).toEqual([expect.stringContaining('HIGH, not analysed yet')])
    expect((await one.incident(id)).told_at).toBeInstanceOf(Date)
    expect(await one.due(id)).toEqual(['dispatch', 'quiet'])
  })

  test('tells of what is still being fixed that it is, once, and of its end', async () => {
    const one = await world()
    const id = await one.open(await scenario('dag_timeout'))
    await one.decide(id)
    await one.whenDue('page_deadline', id)
    expect(one.told(id)).toEqual([expect.stringContaining('what comes of it follows here')])
    await one.fix(id)
    expect(one.told(id)).toEqual([expect.anything(), expect.stringContaining('Fixed')])
  })

  test('that was worked by a turn that died is worked again, and tells nobody twice', async () => {
    const one = await world()
    const id = await one.open(await scenario('dag_timeout'))
    await one.whenDue('page_deadline', id)
    await scheduleDue(one.store, { kind: 'page_deadline', subject: id, inMs: 0 })
    await one.turn()
    await scheduleDue(one.store, { kind: 'page_deadline', subject: id, inMs: 0 })
    await one.decide(id)
    await one.turn()
    expect(one.told(id)).toHaveLength(1)
  })

  test('is over once people were told', async () => {
    const one = await world()
    const id = await one.handle(lateTable())
    await one.pass(2 * minute)
    await one.turn()
    expect(one.told(id)).toHaveLength(1)
  })

  test('pages nobody where the mode is to observe', async () => {
    const one = await world({ policy: 'mode: observe' })
    const id = await one.open(lateTable())
    await one.whenDue('page_deadline', id)
    expect(await one.messages(id)).toEqual([])
  })

  test('pages people when the policy can’t be read: nothing will be decided', async () => {
    const one = await world({ policy: 'mode: [broken' })
    const id = await one.open(lateTable())
    await one.whenDue('page_deadline', id)
    expect(one.told(id)).toHaveLength(1)
    expect(one.logged.filter((line) => !line.includes('keeping quiet'))).toEqual([
      expect.stringMatching(/^error The policy can't be read.*E_CONFIG_INVALID/s),
    ])
  })

  test('comes too late for what has ended', async () => {
    const one = await world()
    const id = await one.open(lateTable())
    await one.fire(lateTable({ status: 'resolved', alert_id: 'late-2' }))
    await one.pass(hour)
    await one.turn()
    expect(await one.messages(id)).toEqual([])
  })
})

describe('a reminder', () => {
  test.each([
    ['an hour, at tier 1', scenario('dag_timeout'), 1],
    ['four hours, at tier 2', scenario('schema_drift'), 4],
    ['a day, at no tier', lateTable({ source: 'cloudwatch' }), 24],
  ])('comes after %s, again and again', async (_, body, hours) => {
    const one = await world({ settings: { AIRFLOW_URL: '' } })
    const id = await one.handle(await body)
    expect((await one.incident(id)).state).toBe('notified')
    await one.pass((hours - 0.5) * hour)
    await one.turn()
    expect(one.told(id)).toHaveLength(1)
    for (const seen of [2, 3]) {
      await one.pass(hours * hour)
      await one.turn()
      expect(one.told(id)).toHaveLength(seen)
      expect(one.told(id).at(-1)).toContain('still open')
    }
  })

  test('comes by tier too for what a fix could not mend', async () => {
    const one = await world()
    one.airflow.dags.splice(0, 1, dailyEltPipeline({ recovery: { ends: 'failed' } }))
    const id = await one.handle(await scenario('dag_timeout'))
    expect((await one.incident(id)).state).toBe('escalated')
    await one.pass(hour)
    await one.turn()
    expect(one.told(id).at(-1)).toContain('still open')
  })

  test('does not come once it is over', async () => {
    const one = await world()
    const id = await one.handle(lateTable())
    await one.fire(lateTable({ status: 'resolved', alert_id: 'late-2' }))
    await one.turn()
    await one.pass(30 * hour)
    await one.turn()
    expect(one.told(id)).toHaveLength(2)
    expect(one.told(id).at(-1)).toContain('Resolved')
  })
})

describe('an end', () => {
  test('by quiet is recorded, and told to nobody', async () => {
    const one = await world()
    const id = await one.handle(lateTable())
    await one.pass(25 * hour)
    await one.turn()
    expect(await one.incident(id)).toMatchObject({ state: 'resolved', closed_how: 'quiet' })
    await one.turn()
    expect(one.told(id).filter((text) => text.includes('Resolved'))).toEqual([])
    expect(await one.due(id)).toEqual([])
  })

  test('by quiet waits for a fix, and comes after it', async () => {
    const one = await world()
    const id = await one.open(await scenario('dag_timeout'))
    await one.decide(id)
    await one.whenDue('quiet', id)
    expect(await one.due(id)).toContain('quiet')
    for (const dag of one.airflow.dags) dag.is_paused = true
    await runFix(one.store, id, one.settings)
    await one.whenDue('quiet', id)
    expect(await one.incident(id)).toMatchObject({ state: 'resolved', closed_how: 'quiet' })
  })

  test('of a dismissal comes after an hour; what fires then is decided anew', async () => {
    const one = await world()
    const id = await one.handle(await scenario('false_positive'))
    expect(await one.fire(await scenario('false_positive', { alert_id: 'again' }))).toMatchObject({ count: 0 })
    await one.pass(hour)
    await one.turn()
    expect(await one.incident(id)).toMatchObject({ state: 'dismissed', closed_how: 'expired' })
    expect(await one.fire(await scenario('false_positive', { alert_id: 'once more' }))).toMatchObject({ count: 1 })
  })

  test('by a resolve is told to those who had been told, once', async () => {
    const one = await world()
    const id = await one.handle(lateTable())
    await one.fire(lateTable({ status: 'resolved', alert_id: 'late-2' }))
    await one.turn()
    await one.turn()
    expect(one.told(id)).toEqual([expect.anything(), expect.stringContaining('Resolved')])
  })

  test('by a resolve that came while the message was on its way is told as well', async () => {
    const one = await world()
    const id = await one.open(lateTable())
    await one.decide(id)
    const [action] = await claimActions(one.store, { incident: id, kinds: ['slack'], limit: 1 })
    await one.fire(lateTable({ status: 'resolved', alert_id: 'late-2' }))
    await finishAction(one.store, action ?? expect.fail(), { state: 'sent', reference: null })
    await one.turn()
    expect(one.told(id)).toEqual([expect.stringContaining('Resolved')])
  })

  test('by a success that Airflow has seen since is found out', async () => {
    const one = await world()
    for (const dag of one.airflow.dags) dag.is_paused = true
    const id = await one.handle(await scenario('dag_timeout'))
    expect((await one.incident(id)).state).toMatch(/notified|escalated/)
    await one.whenDue('recovery', id)
    expect((await one.incident(id)).closed_at).toBeNull()
    const run = one.airflow.dags[0]?.runs[0] ?? expect.fail()
    Object.assign(run, { state: 'success', end_date: new Date(Date.now() + 1000) })
    await one.whenDue('recovery', id)
    expect(await one.incident(id)).toMatchObject({ state: 'resolved', closed_how: 'recovery' })
    await one.turn()
    expect(one.told(id).at(-1)).toContain('Resolved')
    expect((await accountOfAlerts(one.store)).unfinished).toEqual([])
  })

  test('is not looked for in an Airflow that does not answer: later', async () => {
    const one = await world()
    for (const dag of one.airflow.dags) dag.is_paused = true
    const id = await one.handle(await scenario('dag_timeout'))
    one.airflow.fail({ status: 403, body: {} }, { times: Number.POSITIVE_INFINITY })
    await one.whenDue('recovery', id)
    expect(one.logged).toContainEqual(expect.stringMatching(/^error recovery of .*E_ACCESS_DENIED/))
    expect(await one.due(id)).toContain('recovery')
  })
})

describe('a fix that its own flow left', () => {
  test('is verified by the clock, which tells people', async () => {
    const one = await world()
    const id = await one.open(await scenario('dag_timeout'))
    await one.decide(id)
    await runFix(one.store, id, one.settings)
    await one.whenDue('verify', id)
    await one.whenDue('verify', id)
    expect(await one.incident(id)).toMatchObject({ state: 'resolved', closed_how: 'fixed' })
    expect(one.told(id)).toEqual([expect.stringContaining('Fixed')])
  })

  test('after it had run is finished without a flow', async () => {
    const one = await world()
    const id = await one.open(await scenario('dag_timeout'))
    await one.decide(id)
    const [action] = await claimActions(one.store, { incident: id, kinds: ['fix'], limit: 1 })
    await finishAction(one.store, action ?? expect.fail(), { state: 'sent', reference: 'cleared it' })
    expect(await one.whenDue('fix', id)).toMatchObject({ toFix: '' })
    expect((await one.incident(id)).state).toBe('verifying')
    expect(await one.due(id)).toContain('verify')
  })
})
