import { expect, test } from 'vitest'
import { z } from 'zod'
import { dailyEltPipeline } from '../../tests/stand-ins/airflow.ts'
import { scenario, useWorlds, type World } from '../../tests/support/workflow.ts'
import { shadowAgreement } from '../store/shadow.ts'

const { world } = useWorlds()
const policy = 'mode: act\nauto_fix: true\nallow: []\n'

/** An incident whose fix policy left to people. */
async function left(): Promise<{ one: World; id: string }> {
  const one = await world({ policy })
  const id = await one.handle(await scenario('dag_timeout'))
  expect(await one.incident(id)).toMatchObject({ state: 'notified' })
  expect(one.airflow.clears).toHaveLength(0)
  expect(await shadowAgreement(one.store)).toMatchObject([{ template: 'airflow_clear_task', proposed: 1, score: null }])
  return { one, id }
}

async function clearByHand({ airflow }: World): Promise<void> {
  const { AIRFLOW_URL: url, AIRFLOW_USERNAME: username, AIRFLOW_PASSWORD: password } = airflow.settings
  const post = async (path: string, body: object, token = '') => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    return z.looseObject({ access_token: z.string().optional() }).parse(await answer.json())
  }
  const [run] = airflow.dags[0]?.runs ?? []
  const { access_token } = await post('/auth/token', { username, password })
  await post(
    '/api/v2/dags/daily_elt_pipeline/clearTaskInstances',
    { dry_run: false, dag_run_id: run?.dag_run_id, task_ids: ['load_warehouse'], only_failed: false },
    access_token,
  )
  expect(airflow.clears).toHaveLength(1)
}

test('what people did as well counts for the template', async () => {
  const { one, id } = await left()
  await clearByHand(one)
  for (let looks = 0; looks < 3; looks += 1) if ((await one.due(id)).includes('shadow')) await one.whenDue('shadow', id)
  expect(await shadowAgreement(one.store)).toMatchObject([{ proposed: 1, same: 1, other: 0, score: 1 }])
})

test('what became well without it counts against it, after the incident too', async () => {
  const { one, id } = await left()
  await one.fire(await scenario('dag_timeout', { status: 'resolved', alert_id: 'cw-2', timestamp: undefined }))
  expect((await one.incident(id)).state).toBe('resolved')
  const [run] = one.airflow.dags[0]?.runs ?? []
  for (const task of run?.tasks ?? []) task.state = 'success'
  Object.assign(run ?? {}, { state: 'success', end_date: new Date() })
  await one.whenDue('shadow', id)
  expect(await shadowAgreement(one.store)).toMatchObject([{ same: 0, other: 1, score: 0 }])
})

test('while it is not well nothing is said, and an Airflow that is away is asked again', async () => {
  const { one, id } = await left()
  await one.whenDue('shadow', id)
  expect(await one.due(id)).toContain('shadow')
  one.airflow.fail('reset', { times: Number.POSITIVE_INFINITY })
  await one.whenDue('shadow', id)
  one.airflow.heal()
  expect(await one.due(id)).toContain('shadow')
  expect(await shadowAgreement(one.store)).toMatchObject([{ same: 0, other: 0, unknown: 0 }])
})

test('a fix that ran leaves no shadow', async () => {
  const one = await world()
  one.airflow.dags.splice(0, 1, dailyEltPipeline())
  await one.handle(await scenario('dag_timeout'))
  expect(await shadowAgreement(one.store)).toEqual([])
})
