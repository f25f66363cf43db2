import { afterEach, expect, test } from 'vitest'
import { type DbtCloudStandIn, startDbtCloud } from '../../tests/stand-ins/dbt-cloud.ts'
import { shop } from '../../tests/support/dbt-project.ts'
import { useWorlds, type World } from '../../tests/support/workflow.ts'
import { loadFix } from '../store/fixes.ts'
import { runFix, verifyFix } from './fix.ts'

const { world } = useWorlds()
let cloud: DbtCloudStandIn | undefined
afterEach(async () => {
  await cloud?.close()
  cloud = undefined
})

const target = 'model.shop.fct_revenue'
const failing = {
  source: 'datadog',
  alert_id: 'dbt-1',
  title: 'shop.main.fct_revenue was not built',
  severity: 'high',
  description: 'The nightly build failed.',
  related_context: { table: 'shop.main.fct_revenue' },
}

/** A job in dbt Cloud whose last run lost its connection while it built a model, and a policy that lets it be retried. */
async function arrange(allow: string): Promise<{ one: World; cloud: DbtCloudStandIn; fixing: World['settings'] }> {
  cloud = await startDbtCloud({
    manifest: shop().manifest,
    runs: [
      {
        id: 41,
        status: 20,
        results: [
          { unique_id: 'model.shop.stg_orders', status: 'success' },
          { unique_id: target, status: 'error', message: 'Database Error: connection reset by peer' },
        ],
      },
    ],
  })
  const one = await world({
    policy: `mode: act\nauto_fix: true\nallow: ["${allow}"]\n`,
    systems: `systems:\n  - {name: dbt_finance, kind: dbt_cloud, url: '${cloud.url}', account_id: 7, job_id: 12}\n`,
    settings: { SYSTEMS_CREDENTIALS: JSON.stringify({ dbt_finance: { token: cloud.tokens.readonly } }) },
  })
  const token = cloud.tokens.runner
  return {
    one,
    cloud,
    fixing: { ...one.settings, SYSTEMS_WRITE_CREDENTIALS: JSON.stringify({ dbt_finance: { token } }) },
  }
}

test('a model that dbt Cloud could not build is retried once, verified by the clock, and people are told once', async () => {
  const { one, cloud, fixing } = await arrange('dbt_retry:job=dbt_finance')
  const id = await one.open(failing)
  expect(await one.decide(id)).toMatchObject({ next: 'fix' })
  expect(await loadFix(one.store, id)).toMatchObject({
    remediation: { template: 'dbt_retry', target, params: { system: 'dbt_finance', job_id: '12', run_id: '41' } },
  })
  expect(await runFix(one.store, id, fixing)).toMatchObject({ outcome: 'done' })
  for (let looks = 0; looks < 5 && (await one.incident(id)).state === 'verifying'; looks += 1) {
    await one.whenDue('verify', id)
  }
  expect(await one.incident(id)).toMatchObject({ state: 'resolved', closed_how: 'fixed' })
  expect(cloud.retried).toEqual([41])
  await one.notify(id)
  expect(one.told(id)).toEqual([expect.stringMatching(/was built by run 42 of job 12/)])
})

test('a retry whose answer is lost is found by the run that it began', async () => {
  const { one, cloud, fixing } = await arrange('dbt_retry:job=*')
  const id = await one.open(failing)
  await one.decide(id)
  cloud.fail('lost_answer', { when: ({ path }) => path.endsWith('/retry/') })
  await expect(runFix(one.store, id, fixing)).rejects.toMatchObject({ retryable: true })
  expect(await runFix(one.store, id, fixing)).toMatchObject({ outcome: 'done' })
  expect(cloud.retried).toEqual([41])
  expect(await verifyFix(one.store, id, one.settings, { patienceMs: 10_000, pauseMs: 5 })).toMatchObject({
    state: 'well',
  })
})

test('what policy allows of another job is not retried, and people get a checklist', async () => {
  const { one, cloud } = await arrange('dbt_retry:job=dbt_marketing')
  const id = await one.handle(failing)
  expect((await one.incident(id)).state).toBe('notified')
  expect(cloud.retried).toEqual([])
  expect(one.told(id).join()).toMatch(
    /Policy does not allow dbt_retry.*Checklist.*See why fct_revenue could not be built/s,
  )
})
