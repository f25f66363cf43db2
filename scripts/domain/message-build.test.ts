import { describe, expect, test } from 'vitest'
import {
  dagTimeout,
  dagTimeoutFixed,
  exampleAlert,
  exampleDecision,
  falsePositive,
  hostileStrings,
  schemaDrift,
} from '../../tests/support/example-incidents.ts'
import { Category } from './alert.ts'
import type { Evidence } from './evidence.ts'
import { Message, Occasion } from './message.ts'
import { buildMessage } from './message-build.ts'

test('says everything that people need', () => {
  expect(buildMessage(schemaDrift)).toEqual({
    occasion: 'decision',
    incident: 'inc_7f3c21',
    severity: 'HIGH',
    title: 'Schema drift on prod.analytics.customer_events',
    asset: 'prod.analytics.customer_events',
    environment: 'production',
    what: 'Column customer_segment (VARCHAR) is gone since the last check. 3 downstream tables read it.',
    root_cause:
      'customer_segment was dropped from prod.analytics.customer_events while three tables downstream still read it.',
    impact: 'customer_segments, churn_features and revenue_by_segment fail at their next run at 07:00 UTC.',
    owner: 'analytics-engineering',
    sla_owners: [],
    acknowledged_by: null,
    dismissed: false,
    silent: false,
    note: null,
    origin: { source: 'plain', id: 'alert-1' },
    evidence: [
      {
        source: 'alert',
        summary: 'Column customer_segment was dropped from prod.analytics.customer_events at 05:52 UTC.',
      },
      {
        source: 'catalog',
        summary: 'prod.analytics.customer_events is tier 1, owned by analytics-engineering, and read by 3 tables.',
      },
      {
        source: 'history',
        summary: 'In August a dropped column of the same table broke three dashboards; it was restored after 2 h.',
      },
    ],
    runbook: 'https://wiki.example.com/runbooks/schema-drift',
    links: [{ title: 'Alert in app.datadoghq.example', url: 'https://app.datadoghq.example/monitors/4711?event=1' }],
    unchecked: ['airflow: no answer within 5 s'],
    next_step:
      'Find out whether the change to customer_segment of prod.analytics.customer_events was meant. If not, take it back; if so, adapt what reads it before the next run.',
    dry_run: null,
    tried: [],
    confidence: 0.9,
    analyzer: 'rules',
    occurrences: 1,
    checklist: [
      'Follow the runbook of prod.analytics.customer_events.',
      'Look at airflow by hand: no answer within 5 s',
    ],
    sections: [],
    possible_repeat: false,
  })
})

test('survives being stored and read again', () => {
  const message = buildMessage(dagTimeoutFixed)
  expect(Message.parse(JSON.parse(JSON.stringify(message)))).toEqual(message)
})

test('before a decision: what is known, and nothing that is not', () => {
  const message = buildMessage({ ...dagTimeout, occasion: 'raw', decision: null })
  expect(message).toMatchObject({
    severity: 'CRITICAL',
    root_cause: null,
    impact: null,
    analyzer: null,
    confidence: null,
  })
  expect(message.evidence).toHaveLength(3)
  expect(message.next_step).toBe(
    'Have a look at daily_elt_pipeline already: the analysis has not finished. What it finds follows here.',
  )
})

test('speaks with the latest firing alert, though a resolve came later', () => {
  const alerts = ['first', 'second'].map((description) => exampleAlert({ description }))
  const resolve = exampleAlert({ status: 'resolved', description: 'over' })
  expect(buildMessage({ ...schemaDrift, alerts: [...alerts, resolve] }).what).toBe('second')
  expect(buildMessage({ ...schemaDrift, alerts: [resolve] }).what).toBe('over')
  expect(buildMessage({ ...schemaDrift, alerts: [] }).what).toBe(schemaDrift.incident.title)
})

describe('evidence', () => {
  const facts: Evidence[] = Array.from({ length: 9 }, (_, index) => ({
    id: `ev_${index}`,
    source: 'alert',
    kind: 'metric',
    summary: `fact ${index}`,
    data: { name: 'm' },
  }))

  test('in the order in which it is cited, each once, six at most, none that is not there', () => {
    const cited = ['ev_8', 'ev_1', 'ev_8', 'ev_none', 'ev_2', 'ev_3', 'ev_4', 'ev_5', 'ev_6']
    const decision = exampleDecision({ evidence_ids: cited })
    const shown = buildMessage({ ...schemaDrift, decision, evidence: facts }).evidence.map(({ summary }) => summary)
    expect(shown).toEqual(['fact 8', 'fact 1', 'fact 2', 'fact 3', 'fact 4', 'fact 5'])
  })

  test('what did not answer is no evidence, even when cited, and is said apart', () => {
    const unavailable: Evidence = {
      id: 'ev_9',
      source: 'dbt',
      kind: 'unavailable',
      summary: 'dbt did not answer.',
      data: { system: 'dbt', reason: 'HTTP 503' },
    }
    const decision = exampleDecision({ evidence_ids: ['ev_9'] })
    const message = buildMessage({ ...schemaDrift, decision, evidence: [unavailable] })
    expect(message).toMatchObject({ evidence: [], unchecked: ['dbt: HTTP 503'] })
  })
})

test('owner and runbook come from the catalogue only: an alert may claim to be anybody', () => {
  const claimed: Evidence = {
    id: 'ev_1',
    source: 'alert',
    kind: 'catalog_entry',
    summary: 'claims',
    data: { asset: 'x', owner: 'mallory', runbook: 'https://evil.example/' },
  }
  expect(buildMessage({ ...schemaDrift, evidence: [claimed] })).toMatchObject({ owner: null, runbook: null })
})

describe('links', () => {
  test('the caller’s first, then the alert’s own under its host; each once; only http(s), without log-in data', () => {
    const alerts = [exampleAlert({ url: 'https://user:pass@monitor.example/a' })]
    const links = [
      { title: 'Incident', url: 'https://console.example/inc' },
      { title: 'Again', url: 'https://console.example/inc' },
      { title: 'Click', url: 'javascript:alert(1)' },
    ]
    expect(buildMessage({ ...schemaDrift, alerts, links }).links).toEqual([
      { title: 'Incident', url: 'https://console.example/inc' },
      { title: 'Alert in monitor.example', url: 'https://monitor.example/a' },
    ])
  })
})

describe('the next step', () => {
  test.for(Category.options)('%s has one that does not name another', (category) => {
    const { next_step } = buildMessage({
      ...schemaDrift,
      evidence: [],
      decision: exampleDecision({ category }),
      incident: { ...schemaDrift.incident, category: 'unknown' },
    })
    expect(next_step).toMatch(/^[A-Z].{20,}\.$/)
  })

  test.for([
    ['a fix under way', dagTimeout, 'Nothing to do yet. The task daily_elt_pipeline.load_orders is being cleared'],
    ['a fix that worked', dagTimeoutFixed, 'Nothing to do: the fix was checked, and daily_elt_pipeline is well again.'],
    [
      'a fix that did not',
      { ...dagTimeout, occasion: 'escalated' },
      'A person is needed: what was tried did not help. See what',
    ],
    ['a reminder', { ...schemaDrift, occasion: 'reminder' }, 'Nobody has mended it yet. Find out whether'],
    ['the end', { ...schemaDrift, occasion: 'resolved' }, 'Nothing to do: it is over.'],
    ['a dismissal', falsePositive, 'Nothing to do: this is no incident.'],
  ] as const)('of %s', ([, parts, beginning]) => {
    expect(buildMessage(parts).next_step.slice(0, beginning.length)).toBe(beginning)
  })

  test('differs for each category, and each occasion has one', () => {
    const steps = Category.options.map(
      (category) => buildMessage({ ...schemaDrift, decision: exampleDecision({ category }) }).next_step,
    )
    expect(new Set(steps).size).toBe(Category.options.length)
    for (const occasion of Occasion.options) expect(buildMessage({ ...dagTimeout, occasion }).next_step).not.toBe('')
  })
})

test('says why a fix was left to people', () => {
  const decision = exampleDecision({
    guardrails: [{ rule: 'freeze', before: 'auto_fix', after: 'notify_team', why: 'changes are frozen until Monday' }],
  })
  expect(buildMessage({ ...schemaDrift, decision, tried: ['Looked.'] }).tried).toEqual([
    'Looked.',
    'Not fixed automatically: changes are frozen until Monday',
  ])
})

test('names the model, and the rules that stood in for it', () => {
  const names = [
    exampleDecision({ analyzer: 'gemini', model: 'gemini-2.5-flash' }),
    exampleDecision({ fallback: 'HTTP 503' }),
    exampleDecision(),
  ].map((decision) => buildMessage({ ...schemaDrift, decision }).analyzer)
  expect(names).toEqual(['gemini-2.5-flash', 'rules, as the model did not answer', 'rules'])
})

test('hostile text comes out as plain text of bounded length', () => {
  for (const text of hostileStrings) {
    const message = buildMessage({
      ...schemaDrift,
      incident: { ...schemaDrift.incident, title: text },
      decision: exampleDecision({ root_cause: text, business_impact: text }),
      alerts: [exampleAlert({ description: text })],
      tried: [text],
      links: [{ title: text, url: text }],
    })
    expect(JSON.stringify(message).length).toBeLessThan(12_000)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(Object.values(message).flat().join('')).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u202A-\u202E]/)
  }
})
