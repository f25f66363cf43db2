import { afterEach, expect, test } from 'vitest'
import { type StandIn, startStandIn } from '../../../tests/stand-ins/server.ts'
import { contextOf, instanceOf, systemsOf } from '../../../tests/support/systems.ts'
import { airflow, airflowRecovered } from '../airflow.ts'

const now = new Date('2026-11-20T08:00:00Z')
const daysAgo = (days: number, minutes = 0) =>
  new Date(now.getTime() - days * 86_400_000 + minutes * 60_000).toISOString()

let server: StandIn | undefined
afterEach(async () => {
  await server?.close()
})

/** An instance a day, oldest first: what lasted five minutes lasts an hour since three weeks. */
function instancesOf(tasks: readonly string[]) {
  return Array.from({ length: 60 }, (_, index) => 60 - index).flatMap((days) =>
    tasks.map((task_id) => ({
      dag_id: 'Load',
      dag_run_id: `run_${days}`,
      task_id,
      map_index: -1,
      state: task_id === 'load' && days <= 3 ? 'failed' : 'success',
      try_number: 1,
      max_tries: 0,
      start_date: daysAgo(days),
      end_date: daysAgo(days, days <= 21 ? 60 : 5),
      duration: days <= 21 ? 3600 : 300,
    })),
  )
}

/** Airflow 2: tells instances in no order of time, by the hundred, and refuses words that it does not know. */
async function startTwo(tasks: readonly string[]): Promise<Record<string, string>> {
  const instances = instancesOf(tasks)
  const runs = Array.from({ length: 25 }, (_, index) => {
    const [dag_id, dag_run_id] = ['Load', `run_${index + 1}`]
    return { dag_id, dag_run_id, state: 'failed', start_date: daysAgo(index + 1), end_date: daysAgo(index + 1, 60) }
  })
  server = await startStandIn(({ path, query }) => {
    if (path === '/api/v1/dags/Load') return { status: 200, body: { dag_id: 'Load', is_paused: false } }
    if (path === '/api/v1/dags/Load/dagRuns') return { status: 200, body: { dag_runs: runs } }
    const run = /\/dagRuns\/([^/]+)\/taskInstances$/.exec(path)?.[1]
    if (run === undefined) return { status: 404, body: {} }
    if (['task_id', 'order_by'].some((word) => query.has(word))) return { status: 400, body: {} }
    const states = query.getAll('state')
    const found = instances.filter(
      (one) =>
        (run === '~' || one.dag_run_id === run) &&
        (states.length === 0 || states.includes(one.state)) &&
        one.start_date >= (query.get('start_date_gte') ?? '') &&
        one.end_date >= (query.get('end_date_gte') ?? ''),
    )
    const from = Number(query.get('offset') ?? 0)
    return { status: 200, body: { task_instances: found.slice(from, from + Number(query.get('limit'))) } }
  })
  return { AIRFLOW_URL: server.url, AIRFLOW_USERNAME: 'dim', AIRFLOW_PASSWORD: 'stand-in-password' }
}

async function gather(tasks: readonly string[]) {
  const settings = await startTwo(tasks)
  const asset = { kind: 'dag' as const, name: 'load', native: { dag_id: 'Load' } }
  const question = { asset, category: 'pipeline_failure' as const, environment: null, alerts: [], now }
  return airflow.gather(question, contextOf(airflow, settings))
}

test('Airflow 2: how a task went lately, and what it usually takes, are those of the latest runs', async () => {
  const evidence = await gather(['extract', 'load', 'publish', ...Array.from({ length: 9 }, (_, index) => `t${index}`)])
  expect(evidence.find(({ kind }) => kind === 'task_history')?.data).toMatchObject({
    recent: ['failed', 'failed', 'failed', ...Array(7).fill('success')],
  })
  expect(evidence.find(({ kind }) => kind === 'task_failure')?.data).toMatchObject({ typical_duration_s: 3600 })
  // Ten runs of twelve tasks are two pages, read once.
  expect(server?.requests.filter(({ path }) => path.includes('/~/taskInstances'))).toHaveLength(2)
})

test('Airflow 2: of more instances than are looked through nothing is claimed', async () => {
  const evidence = await gather(['load', ...Array.from({ length: 250 }, (_, index) => `t${index}`)])
  expect(evidence.filter(({ kind }) => kind === 'task_history')).toEqual([])
  expect(evidence.find(({ kind }) => kind === 'task_failure')?.data).toMatchObject({ typical_duration_s: null })
})

test.each([
  ['load', false],
  ['extract', true],
])('Airflow 2: whether %s has succeeded since is what its last try to end says: %s', async (task, recovered) => {
  const settings = await startTwo(['extract', 'load', 'publish'])
  const asset = { kind: 'task' as const, name: `Load.${task}`, native: { dag_id: 'Load', task_id: task } }
  const context = { systems: systemsOf(instanceOf(airflow, settings)), signal: AbortSignal.timeout(5_000) }
  expect(await airflowRecovered(asset, new Date(daysAgo(2)), context)).toMatchObject({ recovered })
})
