import { describe, expect, test } from 'vitest'
import { textOf } from '../../tests/stand-ins/slack.ts'
import { startSlackWebApi } from '../../tests/stand-ins/slack-web-api.ts'
import { lateTable, useWorlds, type World } from '../../tests/support/workflow.ts'
import { loadTimeline } from '../store/incidents.ts'
import { acknowledgeIncident, giveBackIncident } from './acknowledge.ts'

const { world } = useWorlds()
const minute = 60_000
const policy = 'mode: notify\n'
const routing = `routes:
  - name: all
    tell: [slack]
    escalate:
      - { after_minutes: 15, tell: ["slack:#finance-data"] }
`

async function told(one: World): Promise<string> {
  const id = await one.open(lateTable())
  await one.decide(id)
  await one.notify(id)
  return id
}

async function botWorld() {
  const slack = await startSlackWebApi()
  const one = await world({ policy, routing, settings: { SLACK_WEBHOOK_URL: '', ...slack.settings } })
  return { one, slack, [Symbol.asyncDispose]: () => slack.close() }
}

describe('whoever takes an incident on', () => {
  test('ends reminders and escalation, and is shown; again it changes nothing', async () => {
    await using started = await botWorld()
    const { one, slack } = started
    const id = await told(one)
    expect(await acknowledgeIncident(one.store, id, 'ana@example.com')).toBe(true)
    expect(await acknowledgeIncident(one.store, id, 'ana@example.com')).toBe(false)
    expect(await one.due(id)).toEqual(['quiet'])
    await one.notify(id)
    expect(slack.roots()).toHaveLength(1)
    expect(textOf(slack.roots()[0]?.payload ?? expect.fail())).toContain(
      'taken on by *ana＠example.com*'.replace('＠', '@'),
    )
    expect((await loadTimeline(one.store, id)).at(-1)).toMatchObject({ who: 'ana@example.com', why: 'acknowledged' })
    await one.pass(60 * minute)
    await one.turn()
    expect(slack.roots()).toHaveLength(1)
  })

  test('may give it back: then it is reminded of as before', async () => {
    await using started = await botWorld()
    const { one } = started
    const id = await told(one)
    await acknowledgeIncident(one.store, id, 'ana')
    expect(await giveBackIncident(one.store, id, 'ana')).toBe(true)
    expect(await giveBackIncident(one.store, id, 'ana')).toBe(false)
    expect(await one.due(id)).toEqual(['escalation', 'quiet', 'reminder'])
  })

  test('has it no more once it is decided anew', async () => {
    await using started = await botWorld()
    const { one } = started
    const id = await told(one)
    await acknowledgeIncident(one.store, id, 'ana')
    await one.fire(lateTable({ severity: 'critical', alert_id: 'late-2' }))
    expect(await one.incident(id)).toMatchObject({ revision: 2, acknowledged_by: null })
  })

  test('is too late when it is over', async () => {
    await using started = await botWorld()
    const { one } = started
    const id = await told(one)
    await one.fire(lateTable({ status: 'resolved', alert_id: 'late-2' }))
    expect(await acknowledgeIncident(one.store, id, 'ana')).toBe(false)
    await expect(acknowledgeIncident(one.store, 'INC-NONE', 'ana')).rejects.toMatchObject({
      code: 'E_INCIDENT_UNKNOWN',
    })
  })
})

test('when nobody does, the next ones are told in time, once, and why', async () => {
  await using started = await botWorld()
  const { one, slack } = started
  const id = await told(one)
  await one.turn()
  await one.pass(14 * minute)
  await one.turn()
  expect(slack.roots()).toHaveLength(1)
  await one.pass(2 * minute)
  await one.turn()
  await one.pass(minute)
  await one.turn()
  expect(slack.roots().map(({ channel }) => channel)).toEqual(['C0INCIDENTS', 'C0FINANCE'])
  expect(textOf(slack.roots()[1]?.payload ?? expect.fail())).toContain('Nobody has acknowledged this within 15 min')
  expect(await one.due(id)).not.toContain('escalation')
})
