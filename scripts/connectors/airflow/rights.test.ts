import { afterEach, expect, test } from 'vitest'
import { type AirflowStandIn, dailyEltPipeline, startAirflow } from '../../../tests/stand-ins/airflow.ts'
import { contextOf } from '../../../tests/support/systems.ts'
import { airflow } from '../airflow.ts'

let server: AirflowStandIn | undefined
afterEach(() => server?.close())

const always = Number.POSITIVE_INFINITY

async function lacks(ending: RegExp, status = 403): Promise<string[]> {
  server = await startAirflow({ dags: [dailyEltPipeline()] })
  server.fail({ status, body: { detail: 'Forbidden' } }, { times: always, when: ({ path }) => ending.test(path) })
  return (await airflow.check(contextOf(airflow, server.settings))).missingRights
}

test.each([
  ['nothing', /^$/, []],
  ['runs', /\/dagRuns$/, [expect.stringContaining('can_read on DAG Runs')]],
  ['tasks', /\/taskInstances$/, [expect.stringContaining('can_read on Task Instances')]],
  ['logs', /\/logs\/\d+$/, [expect.stringContaining('can_read on Task Logs')]],
  ['pools', /\/pools$/, [expect.stringContaining('can_read on Pools')]],
  ['several', /\/(?:pools|logs\/\d+)$/, [expect.stringContaining('Pools'), expect.stringContaining('Logs')]],
])('a user who may not read %s is told so', async (_, ending, expected) => {
  expect(await lacks(ending)).toEqual(expected)
})

test.each([404, 500, 503])('a log that can not be had (%i) is no right', async (status) => {
  expect(await lacks(/\/logs\/\d+$/, status)).toEqual([])
})

test('a refused log-in is told as one, whatever its status', async () => {
  await expect(lacks(/^\/auth\/token$/)).rejects.toMatchObject({ code: 'E_ACCESS_DENIED' })
})
