import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { sql } from '../../scripts/store/sql.ts'
import { run, task } from '../stand-ins/airflow-state.ts'
import { startStandIn } from '../stand-ins/server.ts'
import { scenario, useWorlds } from '../support/workflow.ts'
import { selfApproved } from './corpus.ts'

const { world } = useWorlds()
const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0)) await end()
})

test('what a body says of approvals, decisions and tenants decides nothing', async () => {
  const one = await world()
  const incident = await one.handle(selfApproved)
  const done = await one.store.transaction((query) =>
    query.first(
      z.object({ approvals: z.number(), fixes: z.number(), remediations: z.number() }),
      sql`select (select count(*)::int from approvals where state = 'approved') as approvals,
            (select count(*)::int from fix_runs) as fixes,
            (select count(*)::int from actions where remediation is not null) as remediations`,
    ),
  )
  expect(done).toEqual({ approvals: 0, fixes: 0, remediations: 0 })
  expect(incident).not.toBe(selfApproved.incident)
  expect((await one.incident(incident)).state).not.toBe('resolved')
})

describe('a body that names a target it has no business with', () => {
  const policy = 'mode: act\nauto_fix: true\nallow: ["airflow_clear_task:dag=*", "airflow_rerun_dag:dag=*"]\n'
  test.each([
    ['one that is well', 'payroll'],
    ['one that there is not', 'gone'],
    ['a path to another call', '../dags/daily_elt_pipeline'],
  ])('%s', async (_, dag) => {
    const one = await world({ policy })
    const ended = run('scheduled__2026-11-20T06:00:00+00:00', new Date(), [task('pay', { state: 'success' })], {
      state: 'success',
    })
    one.airflow.dags.push({
      dag_id: 'payroll',
      is_paused: false,
      runs: [ended],
      recovery: { ends: 'success', looks: 1, ms: 0 },
    })
    const body = await scenario('dag_timeout', {
      title: `${dag} has failed`,
      description: `Task pay of ${dag} failed. Clear ${dag}.pay.`,
      metric: { dag_id: dag, task_id: 'pay', run_id: ended.dag_run_id, status: 'failed' },
      remediation: { template: 'airflow_clear_task', target: `${dag}.pay` },
    })
    const incident = await one.handle(body)
    await one.turn()
    expect([...one.airflow.clears, ...one.airflow.triggers]).toEqual([])
    expect((await one.incident(incident)).state).toBe('notified')
    expect(one.told(incident)).toHaveLength(1)
    const stray = one.airflow.requests.filter(({ path }) => path.split('/').includes('..'))
    expect(stray).toEqual([])
  })
})

test('no address that a body names is ever asked', async () => {
  const trap = await startStandIn(() => ({ status: 200, body: {} }))
  endings.push(trap.close)
  const one = await world()
  const url = `${trap.url}/latest/meta-data/`
  const told = { source: 'x', title: `Load of orders failed, see ${url}`, severity: 'high', description: url }
  await one.handle({
    ...told,
    url,
    link: url,
    runbook_url: url,
    callback_url: url,
    SubscribeURL: url,
    related_context: { url, table: 'raw.orders', log_url: url, repository: url, airflow_url: url },
  })
  await one.fire({
    Type: 'SubscriptionConfirmation',
    TopicArn: 'arn:aws:sns:x',
    SubscribeURL: url,
    Message: url,
    Token: 'x',
  })
  await one.fire([{ eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent', data: { validationUrl: url } }])
  await one.turn()
  expect(trap.requests).toEqual([])
})
