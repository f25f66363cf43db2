import { expect, test } from 'vitest'
import { hashSecret, newSecret } from '../../scripts/lib/one-time.ts'
import { scenario, useWorlds, type World } from '../../tests/support/workflow.ts'
import { addAccount } from '../store/accounts.ts'
import { loadActions } from '../store/actions.ts'
import { loadApproval } from '../store/approvals.ts'
import { loadIncidentRecord } from '../store/incident-record.ts'
import { beginSession, personOfSession } from '../store/sessions.ts'
import { addSilence } from '../store/silences.ts'
import { addToken, bearerOf } from '../store/tokens.ts'
import { acknowledgeIncident } from './acknowledge.ts'
import { approve } from './approval.ts'
import { belongingsOf, deactivatePerson } from './deactivate.ts'

const { world } = useWorlds()
const policy = (approvers: string) => `mode: act
auto_fix: true
allow:
  - fix: "airflow_clear_task:dag=daily_*"
    approvers: [${approvers}]
    within_minutes: 20
admins: [ann]
`

async function person(one: World, name: string): Promise<void> {
  await addAccount(one.store, { name, role: 'responder', inviteHash: hashSecret(newSecret()), by: 'test' })
}

/** An incident whose fix waits for an approval. */
async function waiting(approvers: string): Promise<{ one: World; id: string }> {
  const one = await world({ policy: policy(approvers) })
  const id = await one.open(await scenario('dag_timeout'))
  await one.decide(id)
  await one.notify(id)
  for (const name of ['ann', 'bob']) await person(one, name)
  return { one, id }
}

test('it ends sessions and tokens at once, and says what the person had', async () => {
  const { one, id } = await waiting('ann')
  const { store, settings } = one
  await beginSession(store, 'ann', 'session')
  await addToken(store, { account: 'ann', label: 'x', scope: 'viewer', days: 1, tokenHash: 'token' })
  await acknowledgeIncident(store, id, 'ann')
  const until = new Date(Date.now() + 3_600_000)
  const silence = await addSilence(store, { name: 'late', source: 'fivetran', until, recurring: null, by: 'ann' })
  const had = await deactivatePerson(store, { name: 'ann', by: 'eve' }, settings)
  expect(had).toMatchObject({
    incidents: [{ id }],
    approvals: [{ incident: id, alone: true }],
    silences: [{ id: silence, name: 'late' }],
    sessions: 1,
    tokens: 1,
    mentions: [
      { file: 'policy.yaml', line: 5, text: 'approvers: [ann]' },
      { file: 'policy.yaml', line: 7, text: 'admins: [ann]' },
    ],
  })
  expect(await personOfSession(store, 'session')).toBeNull()
  expect(await bearerOf(store, 'token')).toBeNull()
  const { acknowledgedBy, incident } = await loadIncidentRecord(store, id)
  expect([acknowledgedBy, incident.state]).toEqual([null, 'escalated'])
  expect(await belongingsOf(store, 'ann', settings)).toMatchObject({
    incidents: [],
    approvals: [],
    sessions: 0,
    tokens: 0,
  })
})

test('what waited for that person alone is withdrawn, and people hear why', async () => {
  const { one, id } = await waiting('ann')
  await deactivatePerson(one.store, { name: 'ann', by: 'eve' }, one.settings)
  await one.notify(id)
  expect(await loadApproval(one.store, id)).toMatchObject({ state: 'refused', who: 'eve' })
  expect(one.told(id).at(-1)).toMatch(/was withdrawn: ann was deactivated, who alone could approve it/)
  expect(one.airflow.clears).toHaveLength(0)
})

test('what others may approve goes on waiting, and the person approves nothing by any door', async () => {
  const { one, id } = await waiting('Ann, bob')
  expect(await deactivatePerson(one.store, { name: 'ann', by: 'eve' }, one.settings)).toMatchObject({
    approvals: [{ incident: id, alone: false }],
  })
  await expect(approve(one.store, { incident: id, who: 'ANN' }, one.settings)).rejects.toThrow(/has been deactivated/)
  expect((await one.incident(id)).state).toBe('awaiting_approval')
  await approve(one.store, { incident: id, who: 'bob' }, one.settings)
  expect(await one.fix(id)).toBe('done')
})

test('the last who could approve takes the request along', async () => {
  const { one, id } = await waiting('ann, bob')
  await deactivatePerson(one.store, { name: 'ann', by: 'eve' }, one.settings)
  await deactivatePerson(one.store, { name: 'bob', by: 'eve' }, one.settings)
  expect((await one.incident(id)).state).toBe('escalated')
})

test('a fix that the person approved and that has not begun does not begin', async () => {
  const { one, id } = await waiting('ann')
  await approve(one.store, { incident: id, who: 'ann' }, one.settings)
  expect(await deactivatePerson(one.store, { name: 'ann', by: 'eve' }, one.settings)).toMatchObject({
    approved: [{ incident: id }],
  })
  await one.fix(id)
  await one.notify(id)
  expect(one.airflow.clears).toHaveLength(0)
  expect((await loadActions(one.store, id)).find(({ kind }) => kind === 'fix')).toMatchObject({ state: 'failed' })
  expect((await one.incident(id)).state).toBe('escalated')
  expect(one.told(id).at(-1)).toMatch(/ann approved it and has been deactivated since/)
})

test('again it changes nothing; nobody of that name is said to be unknown', async () => {
  const { one } = await waiting('ann')
  await deactivatePerson(one.store, { name: 'bob', by: 'eve' }, one.settings)
  expect(await deactivatePerson(one.store, { name: 'bob', by: 'eve' }, one.settings)).toMatchObject({ incidents: [] })
  expect(await deactivatePerson(one.store, { name: 'nobody', by: 'eve' }, one.settings)).toBe('unknown')
})
