import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type AirflowStandIn, dailyEltPipeline, startAirflow } from '../../tests/stand-ins/airflow.ts'
import { type JiraStandIn, startJira } from '../../tests/stand-ins/jira.ts'
import { type SlackWebApi, startSlackWebApi } from '../../tests/stand-ins/slack-web-api.ts'
import { shop, writeArtifacts } from '../../tests/support/dbt-project.ts'
import { loadSystems } from '../connectors/gathering/systems.ts'
import { checkCatalog } from './catalog-check.ts'
import { surveySystems } from './survey.ts'

let folder: string
let airflow: AirflowStandIn
let slack: SlackWebApi
let jira: JiraStandIn
let settings: Record<string, string>
beforeAll(async () => {
  airflow = await startAirflow({
    dags: [dailyEltPipeline(), { ...dailyEltPipeline(), dag_id: 'idle', is_paused: true }],
  })
  slack = await startSlackWebApi()
  jira = await startJira()
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dim-check-'))
  await writeArtifacts(folder, shop())
  await writeFile(join(folder, 'policy.yaml'), 'mode: notify\n')
  settings = { DIM_CONFIG_DIR: folder, DBT_ARTIFACTS: folder, ...airflow.settings, ...slack.settings, ...jira.settings }
})
afterAll(async () => {
  await Promise.all([airflow.close(), slack.close(), jira.close()])
  await rm(folder, { recursive: true, force: true })
})

async function check(catalog: string, routing = 'routes: []\n') {
  await writeFile(join(folder, 'catalog.yaml'), catalog)
  await writeFile(join(folder, 'routing.yaml'), routing)
  return checkCatalog(settings, await loadSystems(settings))
}

test('a catalogue that holds has nothing wrong', async () => {
  const found = await check(`assets:
  - { name: daily_elt_pipeline, kind: dag, tier: 1, owner: data-platform, channel: '#incidents', system: airflow }
`)
  expect(found).toEqual({ wrong: [], unchecked: [] })
})

test('owners who listen nowhere, systems, DAGs and channels that are not there', async () => {
  const { wrong } = await check(
    `assets:
  - { name: idle, kind: dag, tier: 1, owner: data-platform, channel: archive }
  - { name: a, kind: table, tier: 1, owner: nowhere-team, dag: gone_dag, system: warehouse_two }
  - { name: b, kind: table, tier: 1, owner: nowhere-team }
`,
    `routes:
  - { name: all, tell: ['slack:#vanished', owner, 'jira:NOPE', 'jira:DATA'] }
owners:
  dissolved: ['slack:C0FINANCE']
  ingest: ['slack:#finance-data']
`,
  )
  expect(wrong).toEqual([
    expect.stringMatching(/^owner nowhere-team of a and 1 more listens nowhere/),
    expect.stringMatching(/^owner dissolved in routing.yaml owns nothing/),
    'a names the system warehouse_two, which is not configured',
    'idle is no DAG that Airflow runs: paused, or gone',
    'gone_dag, which is to make a, is no DAG that Airflow runs: paused, or gone',
    'jira:NOPE is no project that the user may see',
    'slack:#vanished is not there, or is private and the bot not in it',
    'slack:#archive is archived',
  ])
})

test('a fault in a file is told with its line, and nothing is built on it', async () => {
  const { wrong } = await check('assets:\n  - { name: a, kind: table, tier: 9 }\n')
  expect(wrong).toEqual([expect.stringMatching(/catalog.yaml is not valid .*line 2, assets.0.tier/s)])
})

test('what can not be asked is stated, and nothing is concluded from its silence', async () => {
  settings = { ...settings, AIRFLOW_PASSWORD: 'hunter2hunter2', SLACK_BOT_TOKEN: 'xoxb-wrong', JIRA_URL: '' }
  const found = await check(
    "assets:\n  - { name: idle, kind: dag, tier: 1, owner: x, channel: '#vanished' }\n",
    "routes: [{ name: all, tell: [jira] }]\nowners: { dissolved: ['email:a@example.com'] }\n",
  )
  expect(found.wrong).toEqual([])
  expect(found.unchecked).toEqual([
    expect.stringMatching(/^airflow: .*401/),
    'email is named and not set up: it is left out',
    'jira is named and not set up: it is left out',
    expect.stringMatching(/Slack can't be asked for its channels/),
  ])
  expect(JSON.stringify(found)).not.toMatch(/xoxb-wrong|hunter2/)
})

test('nothing is concluded from DAGs that were not read', async () => {
  const many = Array.from({ length: 2_001 }, (_, index) => ({ ...dailyEltPipeline(), dag_id: `dag_${10_000 + index}` }))
  const large = await startAirflow({ dags: many })
  try {
    settings = { ...settings, ...large.settings }
    const found = await check(`assets:
  - { name: dag_12000, kind: dag, tier: 1, owner: data-platform, channel: '#incidents' }
`)
    expect(found).toEqual({ wrong: [], unchecked: [expect.stringMatching(/^airflow: it has more than 2,000 DAGs/)] })
  } finally {
    await large.close()
  }
})

test('what systems have is surveyed: what dbt names, and the DAGs that run', async () => {
  const surveyed = await surveySystems((await loadSystems(settings)).all)
  const found = Object.fromEntries(surveyed.map(({ system, findings }) => [system.name, findings]))
  expect(found.dbt?.map(({ asset, says }) => [asset.kind, asset.name, says])).toEqual([
    ['table', 'shop.main.fct_revenue', { owner: 'Finance Data', tier: 1, channel: 'fin-data', consumers: ['revenue'] }],
    ['table', 'shop.raw.orders', { owner: 'ingest', channel: '#ingest' }],
    ['dashboard', 'revenue', { owner: 'CFO office' }],
  ])
  expect(found.airflow).toMatchObject([
    {
      asset: { kind: 'dag', native: { dag_id: 'daily_elt_pipeline' } },
      says: { owner: 'data-platform', tier: 2 },
      because: 'airflow: runs by At 05:00, tags tier2',
    },
  ])
})
