import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AirbyteStandIn, startAirbyte } from '../../tests/stand-ins/airbyte.ts'
import { type AirflowStandIn, dailyEltPipeline, startAirflow } from '../../tests/stand-ins/airflow.ts'
import { type DataHubStandIn, startDataHub } from '../../tests/stand-ins/datahub.ts'
import { type DbtCloudStandIn, startDbtCloud } from '../../tests/stand-ins/dbt-cloud.ts'
import { type OpenMetadataStandIn, startOpenMetadata } from '../../tests/stand-ins/openmetadata.ts'
import { type StandIn, startStandIn } from '../../tests/stand-ins/server.ts'
import { answerTable, type SnowflakeStandIn, startSnowflake } from '../../tests/stand-ins/snowflake.ts'
import { dbtManifest, dbtModel, shop, writeArtifacts } from '../../tests/support/dbt-project.ts'
import { exampleAlert } from '../../tests/support/example-incidents.ts'
import { faultsOfServer, type SystemFault, silentPort } from '../../tests/support/system-faults.ts'
import { exampleRepository, instanceOf, systemsOf } from '../../tests/support/systems.ts'
import { createWarehouse, type Warehouse } from '../../tests/support/warehouse.ts'
import { Evidence, EvidenceSource, ofKind } from '../domain/evidence.ts'
import type { Systems } from '../domain/system.ts'
import type { Connector, ConnectorContext, Question } from './connector.ts'
import { gatherEvidence } from './gathering/gather.ts'
import { noLibrary } from './gathering/library.ts'
import { loadSystems } from './gathering/systems.ts'
import { allConnectors, connectorsIn, connectorsOf, failureFeeds, registry } from './index.ts'

const connectors = await allConnectors()

const dagQuestion: Question = {
  asset: { kind: 'dag', name: 'daily_elt_pipeline', native: { dag_id: 'daily_elt_pipeline' } },
  category: 'pipeline_delay',
  environment: 'production',
  alerts: [
    exampleAlert({
      started_at: null,
      url: 'http://prometheus.example.com/graph?g0.expr=dag_duration_seconds+%3E+7200',
    }),
  ],
  now: new Date(),
}
const tableQuestion: Question = {
  ...dagQuestion,
  asset: { kind: 'table', name: 'prod.finance.fct_revenue' },
  category: 'data_quality',
}
const connectionId = 'b4d3ad5b-7c2f-4f0e-9d1b-0a1f6f7c8d9e'
/** What each connector is asked about. */
const questions: Record<string, Question> = {
  airbyte: {
    ...dagQuestion,
    asset: { kind: 'connector', name: 'Billing (MySQL → Lake)', native: { connection_id: connectionId } },
    category: 'pipeline_failure',
  },
  dbt: tableQuestion,
  openmetadata: tableQuestion,
  datahub: tableQuestion,
  postgres: tableQuestion,
  snowflake: tableQuestion,
}
const exampleConfig = join(import.meta.dirname, '..', '..', 'config')

let airbyte: AirbyteStandIn
let airflow: AirflowStandIn
let prometheus: StandIn
let snowflake: SnowflakeStandIn
let metadata: OpenMetadataStandIn
let hub: DataHubStandIn
let cloud: DbtCloudStandIn
let forge: StandIn
/** An object store that gives the artifacts of the folder, to whom has its token. */
let objects: StandIn
/** Where those are that no setting names. */
let addresses: Record<'airbyte' | 'cloud' | 'datahub' | 'forge' | 'openmetadata', string>
let example: string
let repository: string
let settings: Record<string, string>
let folder: string
let warehouse: Warehouse
beforeAll(async () => {
  warehouse = await createWarehouse('prod')
  await warehouse.sql('create schema finance; create table finance.fct_revenue (id int, amount numeric)')
  folder = await mkdtemp(join(tmpdir(), 'connectors-'))
  example = await exampleRepository(join(folder, 'repository'), 'dags/daily_elt_pipeline.py')
})
afterAll(async () => {
  await rm(folder, { recursive: true })
  await warehouse.drop()
})
beforeEach(async () => {
  airbyte = await startAirbyte({
    connections: [{ connectionId, name: 'Billing', status: 'active', syncs: [{ jobId: 41, status: 'failed' }] }],
  })
  airflow = await startAirflow({ dags: [dailyEltPipeline()] })
  prometheus = await startStandIn(({ path }) => ({
    status: 200,
    body: {
      status: 'success',
      data: path.endsWith('_range') ? { result: [] } : { result: [{ metric: {}, value: [0, '9000'] }] },
    },
  }))
  metadata = await startOpenMetadata()
  hub = await startDataHub()
  cloud = await startDbtCloud({ runs: [{ id: 1, status: 10, results: [] }], manifest: dbtManifest([]) })
  // GitHub and GitLab, where nobody has changed anything.
  forge = await startStandIn(() => ({ status: 200, body: [] }))
  objects = await startStandIn(async ({ path, headers }) => {
    if (headers.authorization !== 'Bearer stand-in-token') return { status: 401, body: 'stand-in-token' }
    const body = await readFile(join(folder, basename(path)), 'utf8').catch(() => null)
    return body === null ? { status: 404 } : { status: 200, body }
  })
  snowflake = await startSnowflake()
  answerTable(snowflake, {})
  addresses = {
    airbyte: airbyte.api,
    cloud: cloud.url,
    datahub: hub.url,
    forge: forge.url,
    openmetadata: metadata.url,
  }
  repository = example
  const model = dbtModel('fct_revenue', [], { relation_name: '"prod"."finance"."fct_revenue"' })
  await writeArtifacts(folder, { ...shop(), manifest: dbtManifest([model]) })
  settings = {
    ...airflow.settings,
    ...snowflake.settings,
    PROMETHEUS_URL: prometheus.url,
    DBT_ARTIFACTS: folder,
    WAREHOUSE_URL: warehouse.url,
    DIM_CONFIG_DIR: exampleConfig,
  }
})
afterEach(async () => {
  const servers = [airbyte, airflow, prometheus, snowflake, metadata, hub, cloud, forge, objects]
  await Promise.all(servers.map((server) => server.close()))
})

/** What is configured by settings, and what only the file can name. */
async function configured(): Promise<Systems> {
  const clone = { kind: 'git', options: { path: repository }, credentials: {} }
  const common = { environment: null, aliases: [], limitMs: null }
  const open = { kind: 'openmetadata', options: { url: addresses.openmetadata }, credentials: metadata.credentials }
  const hubbed = { kind: 'datahub', options: { url: addresses.datahub }, credentials: hub.credentials }
  const moving = { kind: 'airbyte', options: { url: addresses.airbyte }, credentials: airbyte.credentials.reader }
  const job = { url: addresses.cloud, account_id: cloud.account, job_id: cloud.job }
  const inCloud = { kind: 'dbt_cloud', options: job, credentials: { token: cloud.tokens.readonly } }
  const token = { token: 'stand-in-token' }
  const github = { kind: 'github', options: { url: addresses.forge, repository: 'acme/shop' }, credentials: token }
  const gitlab = { kind: 'gitlab', options: { url: addresses.forge, project: 'acme/shop' }, credentials: token }
  const further = { git: clone, github, gitlab, openmetadata: open, datahub: hubbed, airbyte: moving, cloud: inCloud }
  const all = Object.entries(further).map(([name, system]) => ({ name, ...system, ...common }))
  return systemsOf(...(await loadSystems(settings)).all, ...all)
}

async function contextFor(connector: Connector): Promise<ConnectorContext> {
  const { all } = await configured()
  const system = all.find(({ kind }) => kind === connector.name || Object.hasOwn(connector.kinds, kind))
  return { system: system ?? instanceOf(connector, settings), signal: AbortSignal.timeout(5_000), library: noLibrary }
}

/** How dbt's artifacts fail, in a folder as in an object store. */
const artifactFaults: SystemFault[] = [
  { name: 'no manifest', reason: /no manifest/, arrange: () => rm(join(folder, 'manifest.json')) },
  {
    name: 'a manifest that is cut off',
    reason: /cut[- ]off/,
    arrange: () => truncate(join(folder, 'manifest.json'), 100),
  },
  { name: 'a manifest of another version', reason: /versions 11 and 12/, arrange: () => writeManifest('v13') },
  {
    name: 'another file',
    reason: /shape that is not known/,
    arrange: () => writeFile(join(folder, 'run_results.json'), '{"a":1}'),
  },
]

/** What an object store tells in its own way: a file that it does not have is none, and artifacts may be large. */
const objectReasons: Readonly<Record<string, RegExp>> = {
  '404': /no manifest/,
  // Of the files that are asked for at once, whichever is known first to be too long.
  '200 MB': /more than (?:20|100|150),000,000 bytes/,
}

/** The same artifacts, asked of the object store instead. */
function inObjects(fault: SystemFault): SystemFault {
  return {
    ...fault,
    reason: objectReasons[fault.name] ?? fault.reason,
    async arrange() {
      Object.assign(settings, { DBT_ARTIFACTS: `${objects.url}/target`, DBT_ARTIFACTS_TOKEN: 'stand-in-token' })
      await fault.arrange()
    },
  }
}

const wrongToken: SystemFault = {
  name: 'a wrong token',
  reason: /answered 401/,
  async arrange() {
    settings.DBT_ARTIFACTS_TOKEN = 'not-the-stand-in-token'
  },
}

async function writeManifest(version: string): Promise<void> {
  const manifest = dbtManifest([])
  const schema = `https://schemas.getdbt.com/dbt/manifest/${version}.json`
  const metadata = { ...Object(manifest.metadata), dbt_schema_version: schema }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, metadata }))
}

/** How a PostgreSQL fails: what its address becomes, and what is told. */
const warehouseFaults: [string, (url: URL) => string | Promise<string>, RegExp][] = [
  ['down', (url) => changed(url, { port: '2' }), /can't be reached \(ECONNREFUSED\)/],
  [
    'a host that is not known',
    (url) => changed(url, { hostname: 'warehouse.invalid' }),
    /can't be reached \((ENOTFOUND|EAI_AGAIN)\)/,
  ],
  ['a wrong password', (url) => changed(url, { password: 'stand-in-password' }), /refused the log-in \(28P01\)/],
  ['another database', (url) => changed(url, { pathname: '/nowhere' }), /no such database/],
  ['no TLS', (url) => changed(url, { search: 'sslmode=verify-full' }), /speaks no TLS/],
  ['no URL', () => 'stand-in-password', /address can’t be used/],
  ['a server that says nothing', async (url) => changed(url, { port: await silentPort() }), /No answer within 0.3 s/],
]

/** What can be wrong with an answer, once the log-in was good. */
const inAnswers: ReadonlySet<string> = new Set(['slow', '500', 'another shape', '200 MB', 'a redirect to another host'])

/** What its driver makes of some of them. */
const snowflakeReasons: Readonly<Record<string, RegExp>> = {
  'a web page': /can not be (?:read|understood)|shape that is not known|web page/,
  'cut-off JSON': /can not be (?:read|understood)|shape that is not known/,
  'another shape': /can not be (?:read|understood)|shape that is not known/,
  '200 MB': /more than 20,000,000 bytes/,
  slow: /No answer within/,
}

/** How an account of Snowflake fails, at its log-in and at its statements. */
const snowflakeFaults: [string, Record<string, string>, RegExp][] = [
  [
    'an account that is none',
    { SNOWFLAKE_ACCOUNT: 'https://snowflakecomputing.com.example.com' },
    /none of Snowflake’s/,
  ],
  ['no log-in', { SNOWFLAKE_PASSWORD: '' }, /has no log-in/],
  ['a key that is none', { SNOWFLAKE_PRIVATE_KEY: 'stand-in-password' }, /private key can’t be read/],
  ['a wrong password', { SNOWFLAKE_PASSWORD: 'not-stand-in-password' }, /refused the log-in \(390100\)/],
  ['an expired token', { SNOWFLAKE_TOKEN: 'stale-stand-in-password' }, /token has expired or is not valid \(390303\)/],
  [
    'a host that is not known',
    { SNOWFLAKE_ACCOUNT: 'nowhere.invalid' },
    /can't be reached \((?:ENOTFOUND|EAI_AGAIN)\)/,
  ],
]

function changed(url: URL, parts: Partial<URL>): string {
  return Object.assign(new URL(url), parts).href
}

function named(where: string, faults: readonly SystemFault[]): SystemFault[] {
  return faults.map((fault) => ({ ...fault, name: `${fault.name}, ${where}` }))
}

function moveTo(system: keyof typeof addresses): (url: string) => void {
  return (url) => {
    addresses[system] = url
  }
}

function setTo(setting: string): (url: string) => void {
  return (url) => {
    settings[setting] = url
  }
}

function asItsDriverTells(fault: SystemFault): SystemFault {
  return { ...fault, reason: snowflakeReasons[fault.name.split(',')[0] ?? ''] ?? fault.reason }
}

/** How each connector's system fails. A connector without an entry fails the suite. */
const failing: Record<string, SystemFault[]> = {
  airbyte: faultsOfServer(() => airbyte, moveTo('airbyte')),
  airflow: ['/auth/token', '/api/v2'].flatMap((path) =>
    named(
      `at ${path}`,
      faultsOfServer(() => airflow, setTo('AIRFLOW_URL'), { path }),
    ),
  ),
  openmetadata: faultsOfServer(() => metadata, moveTo('openmetadata')),
  datahub: faultsOfServer(() => hub, moveTo('datahub')),
  metrics: faultsOfServer(() => prometheus, setTo('PROMETHEUS_URL')),
  change: [
    {
      name: 'a clone that is gone',
      reason: /clone can not be read/,
      async arrange() {
        repository = join(folder, 'nowhere')
      },
    },
    ...['github', 'gitlab'].flatMap((kind) =>
      named(
        `of ${kind}`,
        faultsOfServer(() => forge, moveTo('forge'), { path: kind === 'github' ? '/repos/' : '/api/v4/' }),
      ),
    ),
  ],
  postgres: warehouseFaults.map(([name, address, reason]) => ({
    name,
    reason,
    ...(name === 'a server that says nothing' ? { limitMs: 300 } : {}),
    async arrange() {
      settings.WAREHOUSE_URL = await address(new URL(warehouse.url))
    },
  })),
  snowflake: [
    ...snowflakeFaults.map(([name, changes, reason]) => ({
      name,
      reason,
      async arrange() {
        Object.assign(settings, changes)
      },
    })),
    ...named(
      'at its log-in',
      faultsOfServer(() => snowflake, setTo('SNOWFLAKE_ACCOUNT'), {
        path: '/session/v1/login-request',
        // An account is one of Snowflake's, or none.
        except: ['a host that is not known'],
      }),
    ).map(asItsDriverTells),
    ...named(
      'at its statements',
      faultsOfServer(() => snowflake, setTo('SNOWFLAKE_ACCOUNT'), { path: '/queries/v1/query-request' }),
    )
      .filter(({ name }) => inAnswers.has(name.split(',')[0] ?? ''))
      .map(asItsDriverTells),
  ],
  dbt: [
    ...artifactFaults,
    ...named(
      'in an object store',
      [...artifactFaults, wrongToken, ...faultsOfServer(() => objects, setTo('DBT_ARTIFACTS'))].map(inObjects),
    ),
    ...named(
      'in dbt Cloud',
      faultsOfServer(() => cloud, moveTo('cloud')),
    ),
  ],
  catalog: [
    ['broken YAML', 'assets: [', /line \d/],
    ['an unknown key', 'assets:\n  - { name: a, kind: dag, tier: 1, teir: 2 }', /line 2, assets\.0\.teir: unknown key/],
    ['an unknown zone', 'assets:\n  - { name: a, kind: dag, tier: 1, sla: { deadline: "08:00", zone: X/Y } }', /IANA/],
  ].map(([name, text, reason]) => ({
    name: String(name),
    reason: new RegExp(reason ?? ''),
    async arrange() {
      await writeFile(join(folder, 'catalog.yaml'), String(text))
      settings.DIM_CONFIG_DIR = folder
    },
  })),
}

/** The connectors that tell something of it while all is well. */
async function sourcesOf(question: Question): Promise<string[]> {
  const { evidence } = await gatherEvidence(question, { systems: await configured() })
  const asked = new Set<string>(connectors.map(({ name }) => name))
  return evidence.map(({ source }) => source).filter((source) => asked.has(source))
}

test('the folder is the registry', async () => {
  const files = (await readdir(import.meta.dirname, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => entry.name.replace('.ts', ''))
    .filter((name) => name !== 'index' && name !== 'connector')
  expect(connectors.map(({ name }) => name).sort()).toEqual(files.sort())
})

const everySetting = Object.fromEntries(connectors.flatMap(({ settings: names }) => names.map((name) => [name, 'x'])))

test.each(Object.entries(registry))('%s is registered as what it is', async (name, { setting, kinds, load }) => {
  const connector = await load()
  expect([connector.name, Object.keys(connector.kinds)]).toEqual([name, kinds])
  // No setting but this one describes an instance.
  if (setting !== null) expect(connector.settings).toContain(setting)
  expect(connector.fromSettings({ ...everySetting, ...settings, [setting ?? '']: '' })).toBeNull()
})

test('only what settings or the file may name is loaded', async () => {
  const names = (those: readonly Connector[]) => those.map(({ name }) => name)
  expect(names(await connectorsIn({ AIRFLOW_URL: 'http://a', DIM_CONFIG_DIR: '/config', PROMETHEUS_URL: '' }))).toEqual(
    ['catalog', 'airflow'],
  )
  expect(names(await connectorsOf(['github', 'catalog', 'dbt_cloud']))).toEqual(['catalog', 'dbt', 'change'])
  expect(await connectorsOf(['airfow'])).toEqual(connectors)
  expect(await connectorsOf([])).toEqual([])
  const source = await readFile(join(import.meta.dirname, 'index.ts'), 'utf8')
  expect(source.match(/^import (?!type ).*/gm)).toBeNull()
})

test.each(Object.entries(failureFeeds))('%s tells what failed under its own kind', async (kind, load) => {
  expect((await load()).kind).toBe(kind)
})

describe.each(connectors.map((connector) => [connector.name, connector] as const))('%s', (name, connector) => {
  const question = questions[name] ?? dagQuestion
  let toldWhenWell: string[] | undefined
  // Its driver takes its time, which the others' tests need not wait for.
  beforeEach(() => {
    if (name !== 'snowflake') settings.SNOWFLAKE_ACCOUNT = ''
  })

  test('names a source of evidence', () => {
    expect(EvidenceSource.options).toContain(name)
  })

  test('answers evidence, leaves the question as it is, and says the same twice', async () => {
    const before = structuredClone(question)
    const context = await contextFor(connector)
    const ask = () => connector.gather(question, context)
    const drafts = await ask()
    expect(drafts.length).toBeGreaterThan(0)
    for (const [index, draft] of drafts.entries()) Evidence.parse({ ...draft, id: `ev_${index + 1}` })
    expect(await ask()).toEqual(drafts)
    expect(question).toEqual(before)
  })

  test('asks nothing when it is not configured, or does not concern the question', async () => {
    expect(connector.fromSettings({})).toBeNull()
    const bare = await gatherEvidence(question, { systems: await loadSystems({}), from: [connector] })
    expect(bare).toEqual({ evidence: [], notConfigured: [name] })
    const systems = await configured()
    const nothing = await gatherEvidence({ ...question, asset: null, alerts: [] }, { systems, from: [connector] })
    expect(nothing).toEqual({ evidence: [], notConfigured: [] })
    expect([...airflow.requests, ...prometheus.requests, ...snowflake.requests]).toHaveLength(0)
  })

  test.each(['its kind', 'its asset'])('loses nothing to credentials that are called like %s', async (what) => {
    const { all } = await configured()
    const word = what === 'its kind' ? null : (question.asset?.name.split('.').at(-1) ?? '')
    const worded = all.map((one) => ({
      ...one,
      credentials: Object.fromEntries(Object.keys(one.credentials).map((key) => [key, word ?? one.kind])),
    }))
    const asItIs: Connector = {
      ...connector,
      gather: (about, context) =>
        connector.gather(about, {
          ...context,
          system: all.find((one) => one.name === context.system.name) ?? context.system,
        }),
    }
    const told = (systems: Systems) => gatherEvidence(question, { systems, from: [asItIs] })
    expect(await told(systemsOf(...worded))).toEqual(await told(systemsOf(...all)))
  })

  test('reads only the settings that it names', async () => {
    const read = new Set<string>()
    const watched = new Proxy(settings, {
      get: (target, key) => {
        read.add(String(key))
        return Reflect.get(target, key)
      },
    })
    connector.fromSettings(watched)
    expect([...read].filter((key) => !connector.settings.includes(key))).toEqual([])
  })

  test('takes a name of any signs for a name', async () => {
    const odd = `x'; drop table "y" -- ../\u{1F4A5} ünï %2e%2e \\ \${7*7} {{7*7}}`
    const native = { dag_id: odd, table: odd, url: 'http://169.254.169.254/latest/meta-data' }
    const asset = { ...question.asset, kind: question.asset?.kind ?? 'dag', name: odd, native }
    const systems = await configured()
    const { evidence } = await gatherEvidence({ ...question, asset }, { systems, from: [connector] })
    const codes = ofKind(evidence, 'unavailable').map(({ data }) => data.code)
    expect(codes.filter((code) => code !== 'E_ASSET_UNKNOWN')).toEqual([])
  })

  test('follows no link of an alert or an asset', async () => {
    const elsewhere = await startStandIn(() => ({ status: 200, body: {} }))
    const url = `${elsewhere.url}/graph?g0.expr=up`
    const alerts = question.alerts.map((alert) => ({ ...alert, url, labels: { url, runbook: url, dashboard: url } }))
    const asset = question.asset && { ...question.asset, native: { ...question.asset.native, url, log_url: url } }
    await gatherEvidence({ ...question, asset, alerts }, { systems: await configured(), from: [connector] })
    expect(elsewhere.requests).toEqual([])
    await elsewhere.close()
  })

  test.each(failing[name] ?? [{ name: 'is not in this table', reason: /$^/, arrange: async () => {} }])(
    'is unavailable: $name',
    async ({ reason, limitMs = 5_000, arrange }) => {
      toldWhenWell ??= await sourcesOf(question)
      await arrange()
      const { all } = await configured()
      const systems = systemsOf(...all.map((one) => (limitMs < 1_000 ? { ...one, limitMs } : one)))
      const { evidence } = await gatherEvidence(question, { systems, perSystemMs: limitMs })
      const unavailable = ofKind(evidence, 'unavailable').find(({ source }) => source === name)
      expect(unavailable).toMatchObject({
        source: name,
        data: { system: expect.any(String), hint: expect.any(String) },
      })
      expect(unavailable?.data.reason).toMatch(reason)
      // It costs the others nothing.
      const others = toldWhenWell.filter((source) => source !== name)
      expect(evidence.map(({ source }) => source)).toEqual(expect.arrayContaining(others))
      expect(JSON.stringify(evidence)).not.toMatch(/stand-in-password|stand-in-token|Bearer/)
    },
  )
})
