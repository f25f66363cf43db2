import { describe, expect, test } from 'vitest'
import { count, lateTable, scenario, useWorlds, type World } from '../../tests/support/workflow.ts'
import { loadActions } from '../store/actions.ts'
import { accountOfAlerts } from '../store/books.ts'
import { decisionOf, loadDecision } from '../store/decisions.ts'
import { loadTimeline } from '../store/incidents.ts'
import { claimActions, finishAction } from '../store/outbox.ts'
import { listTickets } from '../store/tickets.ts'
import { analyzeIncident } from './analyze.ts'
import { gatherIncident } from './gather.ts'
import { routeIncident } from './route.ts'
import { unlessSuperseded } from './superseded.ts'

const { world } = useWorlds()
const now = new Date()
const hour = 3_600_000

async function analyzed({ store, settings }: World, id: string, execution: string): Promise<void> {
  await gatherIncident(store, id, execution, settings, now)
  await analyzeIncident(store, id, execution, settings, now)
}

describe('the flow’s steps, run again', () => {
  test('each after a kill between its commit and its answer: one decision, one set of actions', async () => {
    const { store, settings, open } = await world()
    const id = await open(await scenario('dag_timeout'))
    for (let run = 0; run < 2; run += 1) await gatherIncident(store, id, 'a', settings, now)
    for (let run = 0; run < 2; run += 1) await analyzeIncident(store, id, 'a', settings, now)
    const first = await routeIncident(store, id, 'a', settings, now)
    const actions = await loadActions(store, id)
    const timeline = await loadTimeline(store, id)
    expect(first).toMatchObject({ next: 'fix', decision: { recommended_action: 'auto_fix', severity: 'CRITICAL' } })
    expect(await routeIncident(store, id, 'a', settings, now)).toEqual(first)
    expect(await gatherIncident(store, id, 'a', settings, now)).toBeNull()
    expect(await loadActions(store, id)).toEqual(actions)
    expect(await loadTimeline(store, id)).toEqual(timeline)
    expect(await count(store, 'decisions')).toBe(1)
  })

  test('by two executions and two attempts of each at once: one decision, and the same answer', async () => {
    const { store, open, decide } = await world()
    const id = await open(lateTable())
    const all = await Promise.all(['a', 'b', 'a', 'b'].map((execution) => unlessSuperseded(decide(id, execution))))
    const answers = all.filter((routed) => routed !== null)
    expect(answers.length).toBeGreaterThan(0)
    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect(await count(store, 'decisions')).toBe(1)
    expect(await loadActions(store, id)).toHaveLength(1)
  })

  test('answers what it decided, also after the incident became worse and was decided again', async () => {
    const one = await world()
    const { store, settings, open, fire, decide } = one
    const id = await open(lateTable())
    const first = await decide(id, 'a')
    expect(await fire(lateTable({ severity: 'critical', alert_id: 'late-2' }))).toMatchObject({ incident: id })
    expect(await decide(id, 'b')).toMatchObject({ decision: { severity: 'CRITICAL' }, next: 'notify' })
    expect(await routeIncident(store, id, 'a', settings, now)).toEqual(first)
    expect(await loadActions(store, id)).toHaveLength(2)
  })

  test('by an execution that lost its lease decides nothing and plans nothing', async () => {
    const one = await world()
    const { store, settings, open, pass } = one
    const id = await open(lateTable())
    await analyzed(one, id, 'slow')
    await pass(200_000)
    await gatherIncident(store, id, 'second', settings, now)
    await expect(routeIncident(store, id, 'slow', settings, now)).rejects.toMatchObject({ code: 'E_LEASE_LOST' })
    expect(await loadActions(store, id)).toEqual([])
    await analyzeIncident(store, id, 'second', settings, now)
    expect(await routeIncident(store, id, 'second', settings, now)).toMatchObject({ next: 'notify' })
    await expect(routeIncident(store, id, 'slow', settings, now)).rejects.toMatchObject({ code: 'E_LEASE_LOST' })
    expect(await loadActions(store, id)).toHaveLength(1)
  })
})

describe('what follows', () => {
  test('a dismissal is recorded with its reason, and nobody is told', async () => {
    const { store, open, decide, incident } = await world()
    const id = await open(await scenario('false_positive'))
    expect(await decide(id)).toMatchObject({ next: 'none', decision: { recommended_action: 'dismiss' } })
    expect((await incident(id)).state).toBe('dismissed')
    expect(await loadActions(store, id)).toEqual([])
    expect((await loadTimeline(store, id)).at(-1)?.why).toMatch(/^dismiss by rules: \w/)
  })

  test('without a channel people find it as a ticket', async () => {
    const { store, handle, incident } = await world({ settings: { SLACK_WEBHOOK_URL: '' } })
    const id = await handle(lateTable())
    expect((await incident(id)).state).toBe('notified')
    expect(await listTickets(store)).toMatchObject([{ incident: id, severity: 'HIGH' }])
  })

  test('a DAG’s incident is asked about from then on, a table’s is not', async () => {
    const { open, decide, due } = await world()
    const dag = await open(await scenario('dag_timeout'))
    const table = await open(lateTable())
    await decide(dag)
    await decide(table)
    expect(await due(dag)).toContain('recovery')
    expect(await due(table)).not.toContain('recovery')
  })

  test('fails Monday, goes quiet, fails Thursday: two decisions, two messages', async () => {
    const { store, handle, pass, turn, incident, told } = await world()
    const monday = await handle(lateTable())
    await pass(72 * hour)
    await turn()
    expect(await incident(monday)).toMatchObject({ state: 'resolved', closed_how: 'quiet' })
    const thursday = await handle(lateTable({ alert_id: 'late-2' }))
    expect(thursday).not.toBe(monday)
    expect(await count(store, 'decisions')).toBe(2)
    // Thursday's message tells of Monday's incident, too: it was like this one.
    const aboutMonday = told(monday).filter((text) => !text.includes(thursday))
    expect(aboutMonday.filter((text) => !text.includes('still open'))).toHaveLength(1)
    expect(told(thursday)).toHaveLength(1)
  })

  test('a severity that rises is decided again and told again; the same once more is not', async () => {
    const { store, handle, fire, decide, notify, told } = await world()
    const id = await handle(lateTable())
    expect(await fire(lateTable({ alert_id: 'late-2' }))).toMatchObject({ count: 0 })
    expect(await fire(lateTable({ alert_id: 'late-3', severity: 'critical' }))).toMatchObject({ incident: id })
    expect(await decide(id)).toMatchObject({ next: 'notify' })
    await notify(id)
    expect(told(id)).toEqual([expect.stringMatching(/HIGH/), expect.stringMatching(/CRITICAL/)])
    expect(await fire(lateTable({ alert_id: 'late-4', severity: 'critical' }))).toMatchObject({ count: 0 })
    expect(await count(store, 'decisions')).toBe(2)
  })
})

test('what becomes worse while it is analysed is decided as what it has become, and told once', async () => {
  const one = await world()
  const { store, settings, open, fire, decide } = one
  const id = await open(lateTable())
  await analyzed(one, id, 'early')
  await one.pass(30_000)
  expect(await fire(lateTable({ alert_id: 'late-2', severity: 'critical' }))).toMatchObject({ incident: id })
  await expect(routeIncident(store, id, 'early', settings, now)).rejects.toMatchObject({ code: 'E_LEASE_LOST' })
  expect(await decide(id)).toMatchObject({ decision: { severity: 'CRITICAL' } })
  await one.notify(id)
  expect(one.told(id)).toEqual([expect.stringContaining('CRITICAL')])
})

test('what becomes worse while it is analysed keeps its deadline', async () => {
  const one = await world()
  const id = await one.open(lateTable())
  await analyzed(one, id, 'early')
  await one.pass(50_000)
  await one.fire(lateTable({ alert_id: 'late-2', severity: 'critical' }))
  await one.pass(11_000)
  await one.turn()
  expect(one.told(id)).toEqual([expect.stringContaining('CRITICAL, not analysed yet')])
})

describe('modes', () => {
  test('observe: decided and recorded, and nothing leaves', async () => {
    const one = await world({ policy: 'mode: observe' })
    for (const name of ['schema_drift', 'false_positive', 'dag_timeout'] as const) {
      const id = await one.open(await scenario(name))
      expect(await one.decide(id)).toMatchObject({ next: 'none', decision: { mode: 'observe' } })
      expect(await loadActions(one.store, id)).toEqual([])
    }
    await one.pass(2 * hour)
    await one.turn()
    expect(one.slack.requests).toHaveLength(0)
    expect(one.airflow.clears).toHaveLength(0)
    expect((await accountOfAlerts(one.store)).byEndState).toMatchObject({ observed: 3 })
  })

  test('notify: a dismissal is kept as would_dismiss, and nothing is fixed', async () => {
    const one = await world({ policy: 'mode: notify\nauto_fix: true\nallow: ["airflow_clear_task:dag=*"]' })
    const noise = await one.handle(await scenario('false_positive'))
    expect((await one.incident(noise)).state).toBe('dismissed')
    const stuck = await one.open(await scenario('dag_timeout'))
    expect(await one.decide(stuck)).toMatchObject({ next: 'notify', decision: { recommended_action: 'notify_team' } })
    expect((await accountOfAlerts(one.store)).byEndState).toMatchObject({ would_dismiss: 1, notified: 1 })
    expect((await loadActions(one.store, stuck)).map(({ kind }) => kind)).toEqual(['slack'])
  })
})

describe('an incident that people were paged about', () => {
  async function paged(one: World, body: object): Promise<string> {
    const id = await one.open(body)
    await one.whenDue('page_deadline', id)
    expect(one.told(id)).toEqual([expect.stringContaining('not analysed yet')])
    return id
  }

  test('is followed up by its decision, at once', async () => {
    const one = await world()
    const id = await paged(one, lateTable())
    expect(await one.decide(id)).toMatchObject({ next: 'notify' })
    await one.notify(id)
    expect(one.told(id)).toHaveLength(2)
  })

  test('is not dismissed behind their backs', async () => {
    const one = await world()
    const id = await paged(one, await scenario('false_positive'))
    expect(await one.decide(id, 'a')).toMatchObject({ next: 'notify', decision: { recommended_action: 'dismiss' } })
    expect(await one.decide(id, 'a')).toBeNull()
    await one.notify(id)
    expect(one.told(id)[1]).toContain('this is no incident')
  })

  test('nor while nobody knows whether the page arrived', async () => {
    const one = await world()
    const id = await one.open(await scenario('false_positive'))
    one.slack.fail('lost_answer')
    await one.whenDue('page_deadline', id)
    expect((await one.incident(id)).told_at).toBeNull()
    expect(await one.decide(id)).toMatchObject({ next: 'notify' })
  })

  test('is told as it was decided, when the page had not left', async () => {
    const one = await world()
    const noise = await one.open(await scenario('false_positive'))
    const late = await one.open(lateTable())
    one.slack.fail({ status: 500, body: '' }, { times: 2 })
    await one.whenDue('page_deadline', noise)
    await one.whenDue('page_deadline', late)
    expect(await one.decide(noise)).toMatchObject({ next: 'none' })
    expect(await one.decide(late)).toMatchObject({ next: 'notify' })
    await one.pass(hour / 2)
    await one.turn()
    expect(one.told(noise)).toEqual([])
    expect(one.told(late)).toEqual([expect.not.stringContaining('not analysed yet')])
  })

  test('hears that it is being fixed, when the page had not left, and of the end', async () => {
    const one = await world()
    const id = await one.open(await scenario('dag_timeout'))
    one.slack.fail({ status: 500, body: '' })
    await one.whenDue('page_deadline', id)
    expect(await one.decide(id)).toMatchObject({ next: 'fix' })
    expect((await one.messages(id)).map(({ key, state }) => [key.split(':').at(-1), state])).toEqual([
      ['raw', 'cancelled'],
      ['decision', 'planned'],
    ])
    await one.notify(id)
    expect(one.told(id)).toEqual([expect.stringContaining('is being cleared')])
  })

  test('is paged about the worse that is undecided, though people know of the better', async () => {
    const one = await world()
    const id = await one.handle(lateTable())
    await one.fire(lateTable({ alert_id: 'late-2', severity: 'critical' }))
    await one.whenDue('page_deadline', id)
    expect(one.told(id)[1]).toMatch(/CRITICAL, not analysed yet/)
  })
})

test('a page that is being sent while the decision is made is followed up', async () => {
  const one = await world()
  const { store, settings, open } = one
  const id = await open(await scenario('false_positive'))
  await analyzed(one, id, 'a')
  one.slack.fail({ status: 500, body: '' })
  await one.whenDue('page_deadline', id)
  await one.pass(60_000)
  const [page] = await claimActions(store, { kinds: ['slack'], limit: 1 })
  expect(await routeIncident(store, id, 'a', settings, now)).toMatchObject({ next: 'notify' })
  await finishAction(store, page ?? expect.fail(), { state: 'sent', reference: null })
  expect((await one.messages(id)).map(({ state }) => state)).toEqual(['sent', 'planned'])
  expect(await decisionOf(store, id, 'a')).toMatchObject({ decision: await loadDecision(store, id), revision: 1 })
})
