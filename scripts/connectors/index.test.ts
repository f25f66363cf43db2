import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AirflowStandIn, dailyEltPipeline, startAirflow } from '../../tests/stand-ins/airflow.ts'
import type { Fault } from '../../tests/stand-ins/server.ts'
import { exampleAlert } from '../../tests/support/example-incidents.ts'
import { Evidence, EvidenceSource, ofKind } from '../domain/evidence.ts'
import { AppError } from '../lib/errors.ts'
import type { Connector, Question } from './connector.ts'
import { connectors, gatherEvidence } from './index.ts'

const question: Question = {
  asset: { kind: 'dag', name: 'daily_elt_pipeline', native: { dag_id: 'daily_elt_pipeline' } },
  category: 'pipeline_delay',
  environment: 'production',
  alerts: [],
  now: new Date(),
}
const exampleConfig = join(import.meta.dirname, '..', '..', 'config')

let airflow: AirflowStandIn
let settings: Record<string, string>
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connectors-'))
})
afterAll(() => rm(folder, { recursive: true }))
beforeEach(async () => {
  airflow = await startAirflow({ dags: [dailyEltPipeline()] })
  settings = { ...airflow.settings, DIM_CONFIG_DIR: exampleConfig }
})
afterEach(() => airflow.close())

const always = { times: Number.POSITIVE_INFINITY }
const huge = ' '.repeat(200_000_000)

/** What a system can do to us, and what is then told about it. */
const httpFaults: [string, Fault | 'down', RegExp][] = [
  ['down', 'down', /can't be reached \(ECONNREFUSED\)/],
  ['a connection that breaks', 'reset', /can't be reached/],
  ['slow', 'hang', /No answer within 0.3 s|did not answer in time/],
  ['401', { status: 401, body: { detail: 'Invalid credentials' } }, /answered 401/],
  ['403', { status: 403, body: { detail: 'Forbidden' } }, /answered 403/],
  ['404', { status: 404, body: { detail: 'Not found' } }, /answered 404|knows no DAG/],
  ['429', { status: 429, headers: { 'retry-after': '600' } }, /answered 429/],
  ['500', { status: 500, headers: { 'retry-after': '0' }, body: 'Traceback' }, /answered 500/],
  ['a web page', { status: 200, body: '<html>Sign in</html>' }, /web page instead of JSON/],
  ['cut-off JSON', { status: 200, body: '{"dags": [' }, /cut-off JSON/],
  ['another shape', { status: 200, body: { dags: 7 } }, /shape that is not known/],
  ['200 MB', { status: 200, body: huge }, /more than 5,000,000 bytes/],
  ['a redirect to another host', { status: 302, headers: { location: 'http://127.0.0.2:9/' } }, /redirects elsewhere/],
]

/** How each connector's system fails. A connector without an entry fails the suite. */
const failing: Record<string, { name: string; reason: RegExp; limitMs?: number; arrange: () => Promise<void> }[]> = {
  airflow: ['/auth/token', '/api/v2'].flatMap((path) =>
    httpFaults.map(([name, fault, reason]) => ({
      name: `${name}, at ${path}`,
      reason,
      ...(fault === 'hang' ? { limitMs: 300 } : {}),
      async arrange() {
        if (fault === 'down') settings.AIRFLOW_URL = 'http://127.0.0.1:2'
        else airflow.fail(fault, { ...always, when: (request) => request.path.startsWith(path) })
      },
    })),
  ),
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

test('the folder is the registry', async () => {
  const files = (await readdir(import.meta.dirname, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => entry.name.replace('.ts', ''))
    .filter((name) => name !== 'index' && name !== 'connector')
  expect(connectors.map(({ name }) => name).sort()).toEqual(files.sort())
})

describe.each(connectors.map((connector) => [connector.name, connector] as const))('%s', (name, connector) => {
  test('names a source of evidence', () => {
    expect(EvidenceSource.options).toContain(name)
  })

  test('answers evidence, leaves the question as it is, and says the same twice', async () => {
    const before = structuredClone(question)
    const ask = () => connector.gather(question, { settings, signal: AbortSignal.timeout(5_000) })
    const drafts = await ask()
    expect(drafts.length).toBeGreaterThan(0)
    for (const [index, draft] of drafts.entries()) Evidence.parse({ ...draft, id: `ev_${index + 1}` })
    expect(await ask()).toEqual(drafts)
    expect(question).toEqual(before)
  })

  test('asks nothing when it is not configured, or does not concern the question', async () => {
    expect(connector.isConfigured({})).toBe(false)
    const bare = await gatherEvidence(question, { settings: {}, from: [connector] })
    expect(bare).toEqual({ evidence: [], notConfigured: [name] })
    const nothing = await gatherEvidence({ ...question, asset: null }, { settings, from: [connector] })
    expect(nothing).toEqual({ evidence: [], notConfigured: [] })
    expect(airflow.requests).toHaveLength(0)
  })

  test('reads only the settings that it names', async () => {
    const read = new Set<string>()
    const watched = new Proxy(settings, {
      get: (target, key) => {
        read.add(String(key))
        return Reflect.get(target, key)
      },
    })
    connector.isConfigured(watched)
    await connector.gather(question, { settings: watched, signal: AbortSignal.timeout(5_000) })
    expect([...read].filter((key) => !connector.settings.includes(key))).toEqual([])
  })

  test.each(failing[name] ?? [{ name: 'is not in this table', reason: /$^/, arrange: async () => {} }])(
    'is unavailable: $name',
    async ({ reason, limitMs = 5_000, arrange }) => {
      await arrange()
      const { evidence } = await gatherEvidence(question, { settings, perConnectorMs: limitMs })
      const [unavailable] = ofKind(evidence, 'unavailable')
      expect(unavailable).toMatchObject({ source: name, data: { system: name, hint: expect.any(String) } })
      expect(unavailable?.data.reason).toMatch(reason)
      // It costs the others nothing.
      expect(new Set(evidence.map(({ source }) => source)).size).toBe(connectors.length)
      expect(JSON.stringify(evidence)).not.toMatch(/stand-in-password|Bearer/)
    },
  )
})

describe('gathering', () => {
  const made = (name: string, gather: Connector['gather']): Connector => ({
    name,
    settings: [],
    isConfigured: () => true,
    concerns: () => true,
    gather,
  })

  test('asks all at once', async () => {
    let arrived = 0
    let release: () => void = () => {}
    const both = new Promise<void>((resolve) => {
      release = resolve
    })
    const meet = async () => {
      arrived += 1
      if (arrived === 2) release()
      await both
      return []
    }
    const { evidence } = await gatherEvidence(question, {
      settings: {},
      from: [made('dbt', meet), made('airflow', meet)],
    })
    expect(evidence).toEqual([])
  })

  test('leaves behind who does not heed the time limit, and tells it to stop', async () => {
    let told = false
    const deaf = made('dbt', (_, { signal }) => {
      signal.addEventListener('abort', () => {
        told = true
      })
      return new Promise(() => {})
    })
    const { evidence } = await gatherEvidence(question, { settings, from: [deaf, ...connectors], totalMs: 250 })
    expect(evidence[0]).toMatchObject({
      kind: 'unavailable',
      data: { system: 'dbt', reason: 'No answer within 0.25 s.' },
    })
    expect(told).toBe(true)
  })

  test('a fault of ours, and an answer that is no evidence, are unavailable too', async () => {
    const broken = made('dbt', () => Promise.reject(new TypeError('x is undefined')))
    // @ts-expect-error A connector that breaks its contract.
    const wrong = made('snowflake', async () => [{ source: 'snowflake', kind: 'weather', summary: '', data: {} }])
    const refused = made('postgres', () => Promise.reject(new AppError('E_HTTP_STATUS', 'It said no.', 'Ask again.')))
    const { evidence } = await gatherEvidence(question, { settings: {}, from: [broken, wrong, refused] })
    expect(evidence).toMatchObject([
      { id: 'ev_1', data: { system: 'dbt', code: 'E_UNEXPECTED' } },
      { id: 'ev_2', data: { system: 'snowflake', code: 'E_HTTP_ANSWER' } },
      {
        id: 'ev_3',
        summary: 'postgres could not be asked: It said no.',
        data: { reason: 'It said no.', hint: 'Ask again.' },
      },
    ])
  })

  test('takes in other evidence and what alerts claim, without secrets', async () => {
    const { evidence } = await gatherEvidence(
      {
        ...question,
        alerts: [
          exampleAlert({
            asset: question.asset,
            received_at: '2026-11-20T08:00:00.000Z',
            facts: [
              {
                kind: 'dag_run',
                summary: 'It runs with password=hunter2hunter2',
                data: {
                  dag_id: 'daily_elt_pipeline',
                  state: 'running',
                  duration_s: 21_600,
                  db_password: 'hunter2hunter2',
                },
              },
            ],
          }),
        ],
      },
      {
        settings: {},
        extra: [
          { source: 'history', kind: 'past_incident', summary: 'It happened before.', data: { incident_id: 'inc_1' } },
        ],
      },
    )
    expect(evidence.map(({ id, source }) => [id, source])).toEqual([
      ['ev_1', 'history'],
      ['ev_2', 'alert'],
    ])
    expect(evidence[1]).toMatchObject({ observed_at: '2026-11-20T08:00:00.000Z', asset: 'daily_elt_pipeline' })
    expect(JSON.stringify(evidence)).not.toContain('hunter2')
  })

  test('knows that a promise is broken when a run at work takes longer', async () => {
    const { evidence } = await gatherEvidence(question, { settings })
    expect(ofKind(evidence, 'catalog_entry')[0]?.data).toMatchObject({ tier: 1, sla_minutes: 120, breached: true })
  })
})
