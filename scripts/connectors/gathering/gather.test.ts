import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type AirflowStandIn, dailyEltPipeline, startAirflow } from '../../../tests/stand-ins/airflow.ts'
import { exampleAlert } from '../../../tests/support/example-incidents.ts'
import { systemsOf } from '../../../tests/support/systems.ts'
import type { Asset } from '../../domain/alert.ts'
import type { Outcome } from '../../domain/asking.ts'
import { unavailableSystems } from '../../domain/assess/systems.ts'
import { type EvidenceDraft, type EvidenceSource, ofKind } from '../../domain/evidence.ts'
import type { System, Systems } from '../../domain/system.ts'
import { AppError } from '../../lib/errors.ts'
import { airflow } from '../airflow.ts'
import type { Connector, Question } from '../connector.ts'
import { type GatherOptions, gatherEvidence } from './gather.ts'
import { noMemory } from './memory.ts'

const dagAsset: Asset = { kind: 'dag', name: 'daily_elt_pipeline', native: { dag_id: 'daily_elt_pipeline' } }
const question: Question = {
  asset: dagAsset,
  category: 'pipeline_delay',
  environment: 'production',
  alerts: [],
  now: new Date('2026-11-20T08:00:00Z'),
}

/** A connector of one instance that answers as told. */
function made(name: EvidenceSource, gather: Connector['gather'], changes: Partial<Connector> = {}): Connector {
  return {
    name,
    kinds: { [name]: z.strictObject({}) },
    settings: [],
    fromSettings: () => null,
    topics: ['business', 'runs', 'models', 'tables', 'changes', 'load'],
    concerns: () => true,
    owns: () => false,
    shared: () => null,
    gather,
    check: async () => ({ version: null, missingRights: [] }),
    ...changes,
  }
}

function system(name: string, kind: string = name, changes: Partial<System> = {}): System {
  return { name, kind, environment: null, aliases: [], limitMs: null, options: {}, credentials: {}, ...changes }
}

function gather(from: Connector[], options: Partial<GatherOptions> = {}, about: Partial<Question> = {}) {
  const systems = systemsOf(...from.map(({ name }) => system(name)))
  return gatherEvidence({ ...question, ...about }, { systems, from, ...options })
}

const state = (dag_id: string): EvidenceDraft => ({
  source: 'airflow',
  kind: 'dag_run',
  summary: `${dag_id} runs.`,
  data: { dag_id, state: 'running' },
})
const model = (unique_id: string, more: Record<string, unknown> = {}, summary = ''): EvidenceDraft => ({
  source: 'dbt',
  kind: 'dbt_model',
  summary,
  data: { unique_id, status: 'error', ...more },
})
const never = () => new Promise<never>(() => {})

describe('asking', () => {
  test('is done all at once', async () => {
    let arrived = 0
    const { promise, resolve } = Promise.withResolvers<void>()
    const meet = async () => {
      arrived += 1
      if (arrived === 2) resolve()
      await promise
      return []
    }
    expect((await gather([made('dbt', meet), made('airflow', meet)])).evidence).toEqual([])
  })

  test('leaves behind who does not heed the time limit, and tells it to stop', async () => {
    let told = false
    const deaf = made('dbt', (_, { signal }) => {
      signal.addEventListener('abort', () => {
        told = true
      })
      return never()
    })
    const { evidence } = await gather([deaf, made('airflow', async () => [state('a')])], { totalMs: 250 })
    expect(evidence.map(({ kind }) => kind)).toEqual(['dag_run', 'unavailable'])
    expect(evidence[1]?.data).toMatchObject({
      system: 'dbt',
      code: 'E_HTTP_TIMEOUT',
      reason: expect.stringMatching(/^No answer within 0.2/),
    })
    expect(told).toBe(true)
  })

  test('waits for what a system has yet to settle, once that has shown that it answers', async () => {
    const changes = { patienceMs: () => 60_000 }
    const limited = (name: string) => systemsOf(system(name, name, { limitMs: 50 }))
    const hanging = await gather([made('dbt', never, changes)], { systems: limited('dbt') })
    expect(hanging.evidence[0]?.data).toMatchObject({ reason: 'No answer within 0.05 s.' })
    const settling = made(
      'airflow',
      async (_, { signal, time }) => {
        time?.extend()
        expect(time?.leftMs()).toBeGreaterThan(5_000)
        await delay(100)
        return signal.aborted ? [] : [state('a')]
      },
      changes,
    )
    const { evidence } = await gather([settling], { systems: limited('airflow') })
    expect(evidence.map(({ kind }) => kind)).toEqual(['dag_run'])
  })

  test('hides a credential in free text, and takes no name away for it', async () => {
    const credentials = { username: 'nightly_build', token: 'fct_orders' }
    const telling = made('dbt', async () => [
      {
        ...model('model.shop.fct_orders', { message: 'fct_orders by nightly_build' }, 'fct_orders'),
        asset: 'fct_orders',
      },
    ])
    const { evidence } = await gather([telling], { systems: systemsOf(system('dbt', 'dbt', { credentials })) })
    expect(evidence).toMatchObject([
      {
        asset: 'fct_orders',
        summary: '[redacted]',
        data: { unique_id: 'model.shop.fct_orders', message: '[redacted] by nightly_build' },
      },
    ])
  })

  test('keeps to an instance’s own limit, or to its kind’s', async () => {
    const { evidence } = await gather([made('dbt', never)], {
      systems: systemsOf(system('dbt', 'dbt', { limitMs: 50 })),
    })
    expect(evidence[0]?.data).toMatchObject({ reason: 'No answer within 0.05 s.' })
    const ofKindAlone = await gather([made('dbt', never, { limitMs: 60 })])
    expect(ofKindAlone.evidence[0]?.data).toMatchObject({ reason: 'No answer within 0.06 s.' })
  })

  test('states a fault of ours, and an answer that is no evidence', async () => {
    const broken = made('dbt', () => Promise.reject(new TypeError('x is undefined')))
    // @ts-expect-error A connector that breaks its contract.
    const wrong = made('snowflake', async () => [{ source: 'snowflake', kind: 'weather', summary: '', data: {} }])
    const refused = made('postgres', () => Promise.reject(new AppError('E_HTTP_STATUS', 'It said no.', 'Ask again.')))
    const { evidence } = await gather([broken, wrong, refused])
    expect(evidence).toMatchObject([
      { id: 'ev_1', data: { system: 'dbt', code: 'E_UNEXPECTED' } },
      { id: 'ev_2', data: { system: 'snowflake', code: 'E_HTTP_ANSWER' } },
      {
        id: 'ev_3',
        summary: 'postgres could not be asked: It said no.',
        data: { reason: 'It said no.', hint: 'Ask again.', kind: 'postgres' },
      },
    ])
  })

  test('keeps an instance’s secrets out of answers and of faults', async () => {
    const credentials = { token: 'tok-in-plain-words' }
    const leaky = made('dbt', async (_, { system: { credentials: own } }) => [
      model('m', { message: `${own.token}` }, `called with ${own.token}`),
    ])
    const failing = made('airflow', () => Promise.reject(new AppError('E_HTTP_ANSWER', 'said tok-in-plain-words', '')))
    const systems = systemsOf(system('dbt', 'dbt', { credentials }), system('airflow', 'airflow', { credentials }))
    const { evidence } = await gather([leaky, failing], { systems })
    expect(evidence).toHaveLength(2)
    expect(JSON.stringify(evidence)).not.toContain('tok-in-plain-words')
  })

  test('follows the table of topics', async () => {
    const asked: string[] = []
    const of = (name: EvidenceSource, topics: Connector['topics']) =>
      made(
        name,
        async () => {
          asked.push(name)
          return []
        },
        { topics },
      )
    const from = [
      of('catalog', ['business']),
      of('dbt', ['models']),
      of('metrics', ['load']),
      of('snowflake', ['tables']),
    ]
    await gather(from, {}, { asset: { kind: 'host', name: 'worker-3' }, category: 'resource' })
    expect(asked).toEqual(['catalog', 'metrics'])
  })

  test('takes in other evidence and what alerts claim, behind what was looked up and without secrets', async () => {
    const fact = {
      kind: 'dag_run' as const,
      summary: 'It runs with password=hunter2hunter2',
      data: { dag_id: 'daily_elt_pipeline', state: 'running', duration_s: 21_600, db_password: 'hunter2hunter2' },
    }
    const alerts = [exampleAlert({ asset: dagAsset, received_at: '2026-11-20T08:00:00.000Z', facts: [fact] })]
    const past: EvidenceDraft = {
      source: 'history',
      kind: 'past_incident',
      summary: 'It happened before.',
      data: { incident_id: 'inc_1' },
    }
    const { evidence } = await gather([], { extra: [past] }, { alerts })
    expect(evidence.map(({ id, source }) => [id, source])).toEqual([
      ['ev_1', 'history'],
      ['ev_2', 'alert'],
    ])
    expect(evidence[1]).toMatchObject({ observed_at: '2026-11-20T08:00:00.000Z', asset: 'daily_elt_pipeline' })
    expect(JSON.stringify(evidence)).not.toContain('hunter2')
  })
})

test('changes come in the order of their nearness, whichever system tells of them', async () => {
  const changed = (system: string, ...at: string[]) =>
    made(system === 'airflow' ? 'airflow' : 'change', async () =>
      at.map((one) => ({
        source: 'change',
        kind: 'change',
        summary: one,
        data: { what: 'commit', ref: one, at: one },
      })),
    )
  const extra: EvidenceDraft[] = [
    { source: 'change', kind: 'change', summary: '', data: { what: 'deploy', at: '2026-11-20T04:00:00Z' } },
  ]
  const { evidence } = await gather(
    [
      changed('change', '2026-11-20T05:00:00Z', '2026-11-20T01:00:00Z'),
      changed('airflow', '2026-11-20T05:30:00+02:00'),
    ],
    { extra },
  )
  expect(ofKind(evidence, 'change').map(({ data }) => data.at)).toEqual([
    '2026-11-20T05:00:00Z',
    '2026-11-20T04:00:00Z',
    '2026-11-20T05:30:00+02:00',
    '2026-11-20T01:00:00Z',
  ])
})

describe('leads', () => {
  const asks =
    (asked: string[], answers: Record<string, EvidenceDraft[]>): Connector['gather'] =>
    async ({ asset }) => {
      asked.push(asset?.name ?? '')
      const answer = answers[asset?.name ?? '']
      if (answer) return answer
      throw new AppError('E_ASSET_UNKNOWN', 'There is no such thing.', '')
    }

  test('what an answer names is asked about next, once, and what that names, and no further', async () => {
    const asked: string[] = []
    const dbt = made(
      'dbt',
      asks([], {
        'shop.orders': [
          {
            source: 'dbt',
            kind: 'dbt_model',
            summary: '',
            data: {
              unique_id: 'model.orders',
              status: 'error',
              leads: [
                { kind: 'dag', name: 'build', native: { dag_id: 'Build' } },
                { kind: 'dag', name: 'build', native: { dag_id: 'Build' } },
                'nonsense',
              ],
            },
          },
        ],
      }),
    )
    const orchestrator = made(
      'airflow',
      asks(asked, { build: [state('Build'), state('Other')], other: [state('Third')], third: [state('Fourth')] }),
    )
    const about: Asset = { kind: 'table', name: 'shop.orders' }
    const { evidence } = await gather([dbt, orchestrator], {}, { asset: about, category: 'freshness' })
    expect(asked).toEqual(['shop.orders', 'build', 'other'])
    // The incident's own system says that it has nothing of that name; for a lead that is no news.
    expect(evidence.map(({ kind, data }) => [kind, data.system])).toEqual([
      ['dbt_model', 'dbt'],
      ['unavailable', 'airflow'],
      ['dag_run', 'airflow'],
      ['dag_run', 'airflow'],
      ['dag_run', 'airflow'],
    ])
  })

  test('a claim is not followed', async () => {
    const asked: string[] = []
    const fact = { kind: 'dag_run' as const, summary: '', data: { dag_id: 'claimed', state: 'failed' } }
    await gather(
      [made('airflow', asks(asked, { orders: [] }))],
      {},
      {
        asset: { kind: 'table', name: 'orders' },
        alerts: [exampleAlert({ facts: [fact] })],
      },
    )
    expect(asked).toEqual(['orders'])
  })

  test('one that hangs is not asked again about what others name', async () => {
    let calls = 0
    const hanging = made('airflow', () => {
      calls += 1
      return never()
    })
    const late = made('dbt', async () => {
      await new Promise((resolve) => setTimeout(resolve, 80))
      return [model('m', { dag_id: 'build' })]
    })
    await gather([hanging, late], { systems: systemsOf(system('dbt'), system('airflow', 'airflow', { limitMs: 30 })) })
    expect(calls).toBe(1)
  })
})

describe('instances', () => {
  let first: AirflowStandIn
  let second: AirflowStandIn
  beforeEach(async () => {
    first = await startAirflow({ dags: [dailyEltPipeline()] })
    second = await startAirflow({ dags: [] })
  })
  afterEach(async () => {
    await Promise.all([first.close(), second.close()])
  })
  const of = (name: string, { settings }: AirflowStandIn, changes: Partial<System> = {}): System => ({
    ...system(name, 'airflow', changes),
    options: { url: settings.AIRFLOW_URL },
    credentials: { username: settings.AIRFLOW_USERNAME, password: settings.AIRFLOW_PASSWORD },
  })
  const ask = (systems: Systems, asset: Asset = dagAsset) =>
    gatherEvidence({ ...question, asset, now: new Date() }, { systems, from: [airflow] })

  test('two of a kind are two: evidence says which, and that nobody named it', async () => {
    const { evidence } = await ask(systemsOf(of('airflow', first), of('airflow_us', second)))
    expect(new Set(evidence.map(({ data }) => [data.system, 'is_certain' in data && data.is_certain].join()))).toEqual(
      new Set(['airflow,false']),
    )
    expect(second.requests.length).toBeGreaterThan(0)
  })

  test('the one that the alert names is asked alone', async () => {
    const systems = systemsOf(of('airflow', second), of('airflow_eu', first, { aliases: ['prod-eu'] }))
    const { evidence } = await ask(systems, { ...dagAsset, system: 'prod-eu' })
    expect(ofKind(evidence, 'task_failure')[0]?.data).toMatchObject({ system: 'airflow_eu' })
    expect(JSON.stringify(evidence)).not.toContain('is_certain')
    expect(second.requests).toEqual([])
  })

  test('one that nobody configured is not guessed', async () => {
    const { evidence, notConfigured } = await ask(systemsOf(of('airflow', first)), { ...dagAsset, system: 'elsewhere' })
    expect([evidence, notConfigured]).toEqual([[], ['elsewhere']])
  })

  test('one of another environment is not asked', async () => {
    const systems = systemsOf(
      of('a', first, { environment: 'production' }),
      of('b', second, { environment: 'staging' }),
    )
    const { evidence } = await ask(systems)
    expect(evidence.length).toBeGreaterThan(0)
    expect(second.requests).toEqual([])
  })

  test.each([
    ['production', 'Production'],
    ['prod', 'production'],
    ['staging', 'STG'],
  ])('%s and %s are one environment', async (environment, written) => {
    const { evidence } = await gatherEvidence(
      { ...question, environment, now: new Date() },
      { systems: systemsOf(of('airflow', first, { environment: written })), from: [airflow] },
    )
    expect(ofKind(evidence, 'task_failure')).not.toEqual([])
  })

  test('that there are only some of other environments is stated, and counts as not configured', async () => {
    const systems = systemsOf(of('airflow_live', first, { environment: 'live' }))
    const { evidence, notConfigured } = await ask(systems)
    expect(notConfigured).toEqual([])
    expect(evidence).toMatchObject([
      {
        kind: 'unavailable',
        data: { code: 'E_SETTING_MISSING', reason: 'Not configured for production: airflow_live is of live.' },
      },
    ])
    expect(unavailableSystems(evidence, 'pipeline_delay')).toEqual([])
  })

  test('where an asset lives in none of them, all are asked; where it may in one, those left out are stated', async () => {
    const names = Array.from({ length: 23 }, (_, index) => `one_${index}`)
    const systems = systemsOf(...names.map((name) => system(name, 'dbt')))
    const asked: string[] = []
    const changes = { owns: () => true }
    const answering: Connector['gather'] = async (_, { system: { name } }) => {
      asked.push(name)
      return []
    }
    await gather([made('dbt', answering)], { systems })
    expect(asked).toEqual(names)
    asked.length = 0
    const { evidence } = await gather([made('dbt', answering, changes)], { systems })
    expect(asked).toEqual(names.slice(0, 20))
    expect(evidence).toMatchObject([
      {
        kind: 'unavailable',
        data: {
          kind: 'dbt',
          code: 'E_INSTANCE_UNCERTAIN',
          reason: expect.stringContaining('one_20, one_21, one_22'),
        },
      },
    ])
  })

  test('a broken file is stated, and makes the default one uncertain', async () => {
    const fault = { code: 'E_CONFIG_INVALID', message: 'line 3, systems.0.ulr: unknown key', hint: 'Correct it.' }
    const { evidence } = await ask({ all: [of('airflow', first)], fault })
    expect(ofKind(evidence, 'unavailable')[0]).toMatchObject({
      source: 'catalog',
      data: { system: 'systems', reason: fault.message },
    })
    expect(ofKind(evidence, 'task_failure')[0]?.data).toMatchObject({ is_certain: false })
  })
})

describe('memory', () => {
  const dbt = made('dbt', async () => [model('m')], {
    shared: () => ({ key: ['m'], seconds: 20 }),
  })

  test('what was answered just now is not asked', async () => {
    const answer = [model('kept')]
    const memory = { ...noMemory, take: async () => ({ turn: 'answered' as const, answer }) }
    expect((await gather([dbt], { memory })).evidence[0]?.data).toMatchObject({ unique_id: 'kept', system: 'dbt' })
  })

  test('a paused system is stated and left alone', async () => {
    const memory = {
      ...noMemory,
      take: async () => ({ turn: 'paused' as const, untilMs: Date.now() + 29_500, reason: 'It was down.' }),
    }
    expect((await gather([dbt], { memory })).evidence[0]?.data).toMatchObject({
      code: 'E_SYSTEM_PAUSED',
      reason: 'It is not asked for 30 s, because it failed before: It was down.',
    })
  })

  test.each<[string, Connector, Partial<Outcome>]>([
    ['an answer', dbt, { keepSeconds: 20, isWell: true, fault: null }],
    [
      'a system that is down',
      made('dbt', () => Promise.reject(new AppError('E_HTTP_NETWORK', 'No.', ''))),
      { fault: { code: 'E_HTTP_NETWORK', reason: 'No.', retryAfterMs: undefined }, isWell: false, answer: null },
    ],
    [
      'something it does not know',
      made('dbt', () => Promise.reject(new AppError('E_ASSET_UNKNOWN', 'No.', ''))),
      { fault: null, isWell: true },
    ],
    [
      'something that its user may not see',
      made('dbt', () => Promise.reject(new AppError('E_ASSET_DENIED', 'No.', ''))),
      { fault: null, isWell: true },
    ],
    ['a fault of ours', made('dbt', () => Promise.reject(new TypeError('x'))), { fault: null, isWell: false }],
  ])('is told of %s', async (_, connector, expected) => {
    const told: Outcome[] = []
    const memory = {
      ...noMemory,
      tell: async (_s: string, _k: string | null, _t: string | null, outcome: Outcome) => void told.push(outcome),
    }
    await gather([connector], { memory })
    expect(told).toMatchObject([expected])
  })

  test('that fails costs nothing but itself', async () => {
    const broken = () => Promise.reject(new AppError('E_STORE_UNAVAILABLE', 'Gone.', ''))
    expect((await gather([dbt], { memory: { take: broken, tell: broken } })).evidence).toHaveLength(1)
  })
})
