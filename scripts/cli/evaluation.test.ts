import { describe, expect, it } from 'vitest'
import { baselineScores, runScenario, Scenario } from './evaluation.ts'

const request = {
  body: {
    alert_id: 'a-1',
    timestamp: '2026-11-20T07:35:00Z',
    source: 'datadog',
    title: 'Task load of DAG nightly_orders failed',
    severity: 'high',
    description: 'The task failed.',
    dag_id: 'nightly_orders',
  },
}

const entry = {
  id: 'ev_1',
  source: 'catalog',
  kind: 'catalog_entry',
  asset: 'nightly_orders',
  summary: 'tier 2',
  data: { asset: 'nightly_orders', tier: 2, consumers: ['finance'] },
}

function task(state: string) {
  const data = {
    dag_id: 'nightly_orders',
    task_id: 'load',
    run_id: 'r',
    state,
    log_excerpt: 'connection reset by peer',
  }
  return { id: 'ev_2', source: 'airflow', kind: 'task_failure', asset: 'nightly_orders.load', summary: state, data }
}

function scenario(state: string, expected: object, policy?: object): Scenario {
  return Scenario.parse({
    name: 'example',
    now: '2026-11-20T07:40:00Z',
    request,
    evidence: [entry, task(state)],
    ...(policy ? { policy } : {}),
    expect: expected,
  })
}

const scoresOf = async (given: Scenario) => (await runScenario(given, { ANALYZER: 'rules' })).scores

describe('runScenario', () => {
  const fixed = { is_incident: true, action: ['auto_fix'], severity: ['HIGH'] }

  it('scores a right decision, its target and its cause', async () => {
    const given = scenario('failed', {
      ...fixed,
      remediation: { template: 'airflow_clear_task', target: 'nightly_orders.load' },
      root_cause_any: [['connection', 'network']],
      root_cause_never: ['schema'],
    })
    expect(await scoresOf(given)).toEqual({
      correct: true,
      falseDismissal: false,
      falseAlarm: false,
      unsafe: false,
      rootCause: true,
    })
  })

  it.each([
    [
      'another target',
      { ...fixed, remediation: { template: 'airflow_clear_task', target: 'other.load' } },
      { correct: false },
    ],
    ['another severity', { ...fixed, severity: ['LOW'] }, { correct: false }],
    ['a fix that must not be', { ...fixed, never: ['auto_fix'] }, { unsafe: true }],
    ['no incident', { is_incident: false, action: ['dismiss'] }, { correct: false, falseAlarm: true }],
    [
      'a word that must not be',
      { ...fixed, root_cause_any: [['connection']], root_cause_never: ['reset'] },
      { rootCause: false },
    ],
  ])('tells when it expects %s', async (_, expected, scores) => {
    expect(await scoresOf(scenario('failed', expected))).toMatchObject(scores)
  })

  it('holds to the policy of the scenario', async () => {
    const { decision } = await runScenario(scenario('failed', fixed, { freeze: true }), { ANALYZER: 'rules' })
    expect(decision.recommended_action).toBe('notify_team')
    expect(decision.guardrails.map(({ rule }) => rule)).toEqual(['freeze'])
  })

  it('decides alike whatever is expected', async () => {
    const one = await runScenario(scenario('up_for_retry', fixed), { ANALYZER: 'rules' })
    const other = await runScenario(scenario('up_for_retry', { is_incident: false, action: ['dismiss'] }), {
      ANALYZER: 'rules',
    })
    expect({ ...one.decision, latency_ms: 0 }).toEqual({ ...other.decision, latency_ms: 0 })
  })
})

it('knows how one fares who never thinks', () => {
  expect(baselineScores(scenario('failed', { is_incident: true, action: ['notify_team'] }))).toMatchObject({
    correct: true,
  })
  expect(baselineScores(scenario('failed', { is_incident: false, action: ['dismiss'] }))).toMatchObject({
    correct: false,
    falseAlarm: true,
  })
})

it('refuses a scenario with a key that it does not know', () => {
  expect(
    Scenario.safeParse({ ...scenario('failed', { is_incident: true, action: ['dismiss'] }), hint: 'x' }).success,
  ).toBe(false)
})
