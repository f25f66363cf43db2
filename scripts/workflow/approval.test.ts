import { describe, expect, test } from 'vitest'
import { scenario, useWorlds, type World } from '../../tests/support/workflow.ts'
import { loadActions } from '../store/actions.ts'
import { loadApproval, waitingApprovals } from '../store/approvals.ts'
import { openStore } from '../store/connection.ts'
import { loadTimeline } from '../store/incidents.ts'
import { sql } from '../store/sql.ts'
import { approve, approveByHand, refuse } from './approval.ts'
import { runFix } from './fix.ts'
import { throwSwitch } from './switches.ts'

const { world, database } = useWorlds()
const minute = 60_000
const policy = `mode: act
auto_fix: true
allow:
  - fix: "airflow_clear_task:dag=daily_*"
    approvers: [ann, kestra-ui]
    within_minutes: 20
`

/** An incident whose fix waits for an answer. */
async function waiting(given = policy): Promise<{ one: World; id: string }> {
  const one = await world({ policy: given })
  const id = await one.open(await scenario('dag_timeout'))
  expect(await one.decide(id)).toMatchObject({ asks: true })
  await one.ask(id)
  expect((await one.incident(id)).state).toBe('awaiting_approval')
  return { one, id }
}

/** As the database's owner: the product itself may not move an approval's end. */
async function expireNow({ store: { tenant } }: World, id: string): Promise<void> {
  await using owner = openStore(database().ownerUrl, tenant)
  await owner.transaction((query) => query.run(sql`update approvals set expires_at = now() where incident = ${id}`))
}

async function nothingChanged(one: World, id: string): Promise<void> {
  expect((await one.incident(id)).state).toBe('awaiting_approval')
  expect((await loadActions(one.store, id)).filter(({ kind }) => kind === 'fix')).toEqual([])
  expect(one.airflow.clears).toHaveLength(0)
}

test('a fix that needs approval asks for it, and does not run by itself', async () => {
  const { one, id } = await waiting()
  expect(one.told(id)).toEqual([
    expect.stringMatching(/waits for ann or kestra-ui.*npm run approve -- INC-.*20 minutes/s),
  ])
  expect(await runFix(one.store, id, one.settings)).toMatchObject({ outcome: 'nothing' })
  await one.turn()
  expect(await waitingApprovals(one.store)).toMatchObject([{ incident: id, state: 'asked' }])
  await nothingChanged(one, id)
})

test('approved by a person whom policy names, it runs, is verified and told', async () => {
  const { one, id } = await waiting()
  await approve(one.store, { incident: id, who: 'Ann' }, one.settings)
  expect(await one.turn()).toMatchObject({ toFix: id })
  expect(await one.fix(id)).toBe('done')
  expect(one.airflow.clears).toHaveLength(1)
  expect(await one.incident(id)).toMatchObject({ state: 'resolved', closed_how: 'fixed' })
  expect(await loadApproval(one.store, id)).toMatchObject({ state: 'approved', who: 'Ann' })
  expect((await loadTimeline(one.store, id)).map(({ who, to_state }) => [who, to_state])).toContainEqual([
    'Ann',
    'fixing',
  ])
})

test('refused, it is people’s, and they hear by whom', async () => {
  const { one, id } = await waiting()
  await refuse(one.store, { incident: id, who: 'ann', why: 'the vendor is on it' }, one.settings)
  await one.notify(id)
  expect((await one.incident(id)).state).toBe('escalated')
  expect(one.told(id).at(-1)).toMatch(/a person is needed.*was refused by ann: the vendor is on it/s)
  expect(await one.due(id)).not.toContain('approval')
  await expect(approve(one.store, { incident: id, who: 'ann' }, one.settings)).rejects.toThrow(
    /refused already, by ann/,
  )
  expect(one.airflow.clears).toHaveLength(0)
})

test('not answered in time, it is people’s, and an answer after that changes nothing', async () => {
  const { one, id } = await waiting()
  await one.pass(21 * minute)
  await expireNow(one, id)
  await one.turn()
  expect((await one.incident(id)).state).toBe('escalated')
  expect(one.told(id).at(-1)).toMatch(/was not approved in time/)
  await expect(approve(one.store, { incident: id, who: 'ann' }, one.settings)).rejects.toMatchObject({
    code: 'E_APPROVAL_REFUSED',
  })
  expect(one.airflow.clears).toHaveLength(0)
})

describe('an answer that does not count', () => {
  test.each(['bob', '', 'ann@evil.example', 'clock', 'an'])('by %j', async (who) => {
    const { one, id } = await waiting()
    for (const answer of [approve, refuse]) {
      await expect(answer(one.store, { incident: id, who }, one.settings)).rejects.toMatchObject({
        code: 'E_APPROVAL_REFUSED',
      })
    }
    await nothingChanged(one, id)
  })

  test('for an incident that waits for nothing, or is not there', async () => {
    const one = await world({ policy })
    const id = await one.handle(await scenario('schema_drift'))
    await expect(approve(one.store, { incident: id, who: 'ann' }, one.settings)).rejects.toThrow(/asks for approval/)
    await expect(approve(one.store, { incident: 'INC-2222222222', who: 'ann' }, one.settings)).rejects.toMatchObject({
      code: 'E_INCIDENT_UNKNOWN',
    })
  })

  test('a replay', async () => {
    const { one, id } = await waiting()
    await approve(one.store, { incident: id, who: 'ann' }, one.settings)
    await one.fix(id)
    await expect(approve(one.store, { incident: id, who: 'ann' }, one.settings)).rejects.toThrow(/approved already/)
    await one.turn()
    expect(one.airflow.clears).toHaveLength(1)
  })

  test('another tenant’s', async () => {
    const [{ id }, other] = [await waiting(), await world({ policy })]
    await expect(approve(other.store, { incident: id, who: 'ann' }, other.settings)).rejects.toMatchObject({
      code: 'E_INCIDENT_UNKNOWN',
    })
  })

  test('after the monitor has reported the end', async () => {
    const { one, id } = await waiting()
    await one.fire(await scenario('dag_timeout', { status: 'resolved', alert_id: 'cw-2', timestamp: undefined }))
    expect((await one.incident(id)).state).toBe('resolved')
    await expect(approve(one.store, { incident: id, who: 'ann' }, one.settings)).rejects.toThrow(/resolved by now/)
    expect(one.airflow.clears).toHaveLength(0)
  })
})

test('of two answers at once, one counts', async () => {
  const { one, id } = await waiting()
  const answers = await Promise.allSettled([
    approve(one.store, { incident: id, who: 'ann' }, one.settings),
    refuse(one.store, { incident: id, who: 'kestra-ui' }, one.settings),
    approve(one.store, { incident: id, who: 'kestra-ui' }, one.settings),
  ])
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  const approval = await loadApproval(one.store, id)
  const { state } = await one.incident(id)
  expect([approval?.state, state]).toEqual(
    approval?.state === 'refused' ? ['refused', 'escalated'] : ['approved', 'fixing'],
  )
})

test('the kill switch thrown before the answer refuses it, thrown after it stops the run', async () => {
  const { one, id } = await waiting()
  await approve(one.store, { incident: id, who: 'ann' }, one.settings)
  await throwSwitch(one.store, { subject: '*', who: 'bob', why: 'stop' })
  expect(await one.fix(id)).toBe('escalated')
  expect(one.told(id).at(-1)).toContain('bob has thrown the kill switch')
  const second = await waiting()
  await throwSwitch(second.one.store, { subject: '*', who: 'bob', why: 'stop' })
  await expect(approve(second.one.store, { incident: second.id, who: 'ann' }, second.one.settings)).rejects.toThrow(
    /kill/,
  )
  await nothingChanged(second.one, second.id)
  expect(one.airflow.clears).toHaveLength(0)
})

describe('auto_remediate started by hand', () => {
  test('is the approval, however often its task runs', async () => {
    const { one, id } = await waiting()
    await approveByHand(one.store, id, one.settings)
    await approveByHand(one.store, id, one.settings)
    expect(await one.fix(id)).toBe('done')
    expect(await loadApproval(one.store, id)).toMatchObject({ state: 'approved', who: 'kestra-ui' })
    expect(one.airflow.clears).toHaveLength(1)
  })

  test('is none where policy does not name kestra-ui', async () => {
    const { one, id } = await waiting(policy.replace(', kestra-ui', ''))
    await expect(approveByHand(one.store, id, one.settings)).rejects.toThrow(/names kestra-ui as no approver/)
    await nothingChanged(one, id)
  })
})

test('a bot that fetches every link in every message changes nothing, and no message carries a key', async () => {
  const { one, id } = await waiting()
  const texts = one.slack.messages.map((message) => JSON.stringify(message))
  const links = texts.flatMap((text) => text.match(/https?:\/\/[^\s"<>|\\]+/g) ?? [])
  for (const link of links) for (const method of ['HEAD', 'GET']) await fetch(link, { method }).catch(() => null)
  const secrets = [one.settings.SLACK_WEBHOOK_URL, one.settings.AIRFLOW_PASSWORD, one.settings.DATABASE_URL]
  for (const secret of secrets) if (secret) expect(texts.join('\n')).not.toContain(secret)
  expect(texts.join('\n')).not.toMatch(/token|sig=|key=/i)
  await nothingChanged(one, id)
})
