import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type AirflowStandIn, dailyEltPipeline, startAirflow } from '../../../tests/stand-ins/airflow.ts'
import { shop } from '../../../tests/support/dbt-project.ts'
import { Evidence } from '../../domain/evidence.ts'
import { checkSystems, healthEvidence } from './check.ts'
import { gatherEvidence } from './gather.ts'
import { loadSystems } from './systems.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dim-check-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function faultWith(settings: Record<string, string>) {
  const [checked] = await checkSystems((await loadSystems(settings)).all)
  return checked?.fault
}

const login = { AIRFLOW_USERNAME: 'reader', AIRFLOW_PASSWORD: 'a-long-password' }

test.each<[Record<string, string>, string, RegExp]>([
  [{ AIRFLOW_URL: 'localhost:8080', ...login }, 'E_SETTING_INVALID', /^AIRFLOW_URL is no http/],
  [{ PROMETHEUS_URL: 'localhost:9090' }, 'E_SETTING_INVALID', /^PROMETHEUS_URL is no http/],
  [{ DBT_ARTIFACTS: 's3://bucket/target' }, 'E_SETTING_INVALID', /^DBT_ARTIFACTS is not right: it takes a folder/],
  [{ DBT_ARTIFACTS: 'gs://bucket/target' }, 'E_SETTING_INVALID', /^DBT_ARTIFACTS is not right/],
  [{ DBT_ARTIFACTS: 'https://' }, 'E_SETTING_INVALID', /^DBT_ARTIFACTS is no http/],
  [{ WAREHOUSE_URL: 'localhost:5432/shop' }, 'E_SETTING_INVALID', /address can’t be used/],
  [{ SNOWFLAKE_ACCOUNT: 'not an account!', SNOWFLAKE_TOKEN: 'x' }, 'E_SETTING_INVALID', /account is none/],
  [{ AIRFLOW_URL: 'http://127.0.0.1:1' }, 'E_SETTING_MISSING', /^airflow has no user name and password/],
  [{ AIRFLOW_URL: 'http://127.0.0.1:1', AIRFLOW_USERNAME: 'x' }, 'E_SETTING_MISSING', /no user name and password/],
  [{ DBT_ARTIFACTS: '/nowhere/at/all' }, 'E_HTTP_ANSWER', /^There is no manifest.json/],
])('%j is told as what it is', async (settings, code, message) => {
  const fault = await faultWith(settings)
  expect(fault).toMatchObject({ code, message: expect.stringMatching(message) })
  expect(fault?.hint).not.toMatch(/fault of the product/)
})

test('a manifest that is newer than what is known asks for an update', async () => {
  const { manifest } = shop()
  const metadata = {
    ...Object(manifest.metadata),
    dbt_schema_version: 'https://schemas.getdbt.com/dbt/manifest/v20.json',
  }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, metadata }))
  expect(await faultWith({ DBT_ARTIFACTS: folder })).toMatchObject({
    message: expect.stringContaining('v20'),
    hint: expect.stringMatching(/newer than this release knows/),
  })
})

test('artifacts that may not be read are told as such', async () => {
  await writeFile(join(folder, 'manifest.json'), '{}')
  await chmod(folder, 0)
  // Nothing is kept from root.
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65_534)
  try {
    expect(await faultWith({ DBT_ARTIFACTS: folder })).toMatchObject({
      code: 'E_ACCESS_DENIED',
      message: expect.stringContaining('may not be read'),
    })
  } finally {
    if (isRoot) process.seteuid?.(0)
    await chmod(folder, 0o700)
  }
})

test('an Airflow without a log-in is stated in evidence, not absent', async () => {
  const asset = { kind: 'dag' as const, name: 'orders', native: { dag_id: 'orders' } }
  const question = { asset, category: 'pipeline_failure' as const, environment: null, alerts: [], now: new Date() }
  const systems = await loadSystems({ AIRFLOW_URL: 'http://127.0.0.1:1' })
  const { evidence, notConfigured } = await gatherEvidence(question, { systems })
  expect(evidence).toMatchObject([
    { kind: 'unavailable', data: { code: 'E_SETTING_MISSING', hint: 'Set AIRFLOW_USERNAME and AIRFLOW_PASSWORD.' } },
  ])
  expect(notConfigured).not.toContain('airflow')
})

test('what it found is evidence of how systems are', async () => {
  const servers: AirflowStandIn[] = []
  const systems = async (change: (server: AirflowStandIn) => void) => {
    const server = await startAirflow({ dags: [dailyEltPipeline()] })
    servers.push(server)
    change(server)
    return (await loadSystems(server.settings)).all
  }
  try {
    const always = { times: Number.POSITIVE_INFINITY }
    const found = await Promise.all([
      systems(() => {}),
      systems((server) => server.fail({ status: 403 }, { ...always, when: ({ path }) => path.endsWith('/dagRuns') })),
      systems((server) => server.fail({ status: 401 }, always)),
    ])
    const health = healthEvidence(await checkSystems(found.flat()), new Date())
    for (const piece of health) expect(Evidence.safeParse({ ...piece, id: 'ev_1' }).success).toBe(true)
    expect(health.map(({ data }) => data)).toMatchObject([
      { system: 'airflow', status: 'well', version: '3.3.2', missing_rights: [], latency_ms: expect.any(Number) },
      { status: 'rights_missing', missing_rights: [expect.stringContaining('DAG Runs')] },
      { status: 'unavailable', code: 'E_HTTP_STATUS', version: null },
    ])
    expect(health[1]?.summary).toMatch(/^airflow answers \(3\.3\.2\) in \d+ ms, and its user lacks DAG runs/)
  } finally {
    await Promise.all(servers.map((server) => server.close()))
  }
})
