import { afterEach, expect, test } from 'vitest'
import { type AirflowStandIn, dailyEltPipeline, type StandInDag, startAirflow } from '../../tests/stand-ins/airflow.ts'
import { ended, run } from '../../tests/stand-ins/airflow-state.ts'
import { scenario, useWorlds } from '../../tests/support/workflow.ts'
import { loadFix } from '../store/fixes.ts'
import { json, sql } from '../store/sql.ts'
import { runFix, verifyFix } from './fix.ts'

const { world } = useWorlds()
const servers: AirflowStandIn[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

const reading = { username: 'reader', password: 'reading-word' }
const writing = { username: 'fixer', password: 'writing-word' }
const policy = `mode: act
auto_fix: true
allow: ['airflow_clear_task:dag=*', 'airflow_backfill:dag=*']
`

/** The product beside an Airflow that only `config/systems.yaml` names, with a user for reading and one for fixes. */
async function arrange(dags: StandInDag[]) {
  const users = [
    { ...reading, role: 'viewer' as const },
    { ...writing, role: 'admin' as const },
  ]
  const airflow = await startAirflow({ dags, users })
  servers.push(airflow)
  const one = await world({
    policy,
    systems: `systems:\n  - name: airflow_finance\n    kind: airflow\n    url: ${airflow.url}\n`,
    settings: {
      AIRFLOW_URL: '',
      AIRFLOW_USERNAME: '',
      AIRFLOW_PASSWORD: '',
      SYSTEMS_CREDENTIALS: JSON.stringify({ airflow_finance: reading }),
    },
  })
  const fixing = { ...one.settings, SYSTEMS_WRITE_CREDENTIALS: JSON.stringify({ airflow_finance: writing }) }
  return { one, airflow, fixing }
}

test('an Airflow of systems.yaml is fixed with the writing credentials and verified by the clock without them', async () => {
  const { one, airflow, fixing } = await arrange([dailyEltPipeline()])
  const id = await one.open(await scenario('dag_timeout'))
  expect(await one.decide(id)).toMatchObject({ next: 'fix' })
  expect(await runFix(one.store, id, fixing)).toMatchObject({ outcome: 'done' })
  airflow.forget()
  for (let looks = 0; looks < 5 && (await one.incident(id)).state === 'verifying'; looks += 1) {
    await one.whenDue('verify', id)
  }
  expect(await one.incident(id)).toMatchObject({ state: 'resolved', closed_how: 'fixed' })
  expect(airflow.requests.map(({ body }) => body).join()).not.toContain(writing.username)
  expect(airflow.requests.map(({ body }) => body).join()).toContain(reading.username)
})

test('the reading credentials fix nothing', async () => {
  const { one, airflow } = await arrange([dailyEltPipeline()])
  const id = await one.open(await scenario('dag_timeout'))
  await one.decide(id)
  expect(await runFix(one.store, id, one.settings)).toMatchObject({
    outcome: 'escalated',
    detail: expect.stringMatching(/Airflow refused it with 403|Airflow answered 403/),
  })
  expect(airflow.clears).toEqual([])
})

const day = (number: number) => new Date(Date.UTC(2026, 10, number, 6))
const runOf = (number: number) =>
  run(`scheduled__${day(number).toISOString().replace('.000Z', '+00:00')}`, day(number), [
    ended('load', 'failed', day(number), 5),
  ])

/** A backfill that was started and does not come to its end. */
async function backfilled() {
  const recovery = { ends: 'success' as const, looks: 1000, ms: 0 }
  const arranged = await arrange([
    dailyEltPipeline(),
    { dag_id: 'Sales.Load', is_paused: false, runs: [runOf(19), runOf(18)], recovery },
  ])
  const { one, fixing } = arranged
  const id = await one.open(await scenario('dag_timeout'))
  await one.decide(id)
  const { key } = (await loadFix(one.store, id)) ?? expect.fail()
  const from = day(18).toISOString()
  const to = day(19).toISOString()
  const params = { system: 'airflow_finance', dag_id: 'Sales.Load', from, to }
  const remediation = { template: 'airflow_backfill', target: 'Sales.Load', params }
  await one.store.transaction((query) =>
    query.run(sql`update actions set remediation = ${json(remediation)} where key = ${key}`),
  )
  expect(await runFix(one.store, id, fixing)).toMatchObject({ outcome: 'done' })
  return { ...arranged, id }
}

test('what the clock may not take back is taken back by the flow that may', async () => {
  const { one, airflow, fixing, id } = await backfilled()
  await one.pass(31 * 60_000)
  expect(await one.whenDue('verify', id)).toMatchObject({ toFix: id })
  expect(airflow.backfills).toMatchObject([{ completed_at: null }])
  // As `auto_remediate`, which the clock starts, does.
  expect(await runFix(one.store, id, fixing)).toMatchObject({ outcome: 'done' })
  expect(await verifyFix(one.store, id, fixing, { patienceMs: 0 })).toMatchObject({ state: 'bad' })
  expect((await one.incident(id)).state).toBe('escalated')
  await one.notify(id)
  expect(one.told(id).at(-1)).toMatch(/backfill 1 was cancelled/)
})

test('and where that flow never comes, people are told all the same', async () => {
  const { one, id } = await backfilled()
  await one.pass(41 * 60_000)
  expect(await one.whenDue('verify', id)).toMatchObject({ toFix: '' })
  expect((await one.incident(id)).state).toBe('escalated')
})
