import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dag, entry, host, now, openPolicy, piece, situationOf, stuckDag, table } from '../../tests/support/evidence.ts'
import type { AnalysisInput } from './assess/situation.ts'
import {
  type Action,
  Action as ActionSchema,
  type AnalyzerRecord,
  type Proposal,
  RemediationTemplate,
} from './decision.ts'
import { Evidence } from './evidence.ts'
import { applyGuardrails, type GuardrailInput, guardrails } from './guardrails.ts'
import type { Withdrawal } from './withdrawal.ts'

const record: AnalyzerRecord = {
  analyzer: 'gemini',
  model: 'gemini-2.5-flash',
  prompt_version: '1',
  tokens: 1,
  cost_usd: 0,
  latency_ms: 1,
  fallback: null,
  rule: null,
}

const fixLoad: Proposal = {
  is_incident: true,
  severity: 'CRITICAL',
  category: 'pipeline_delay',
  root_cause: 'stuck',
  business_impact: '',
  reasoning: '',
  affected_count: 0,
  affected_assets: [],
  recommended_action: 'auto_fix',
  confidence: 0.95,
  evidence_ids: ['task_failure'],
  remediation: { template: 'airflow_clear_task', target: 'nightly_orders.load' },
}

function fixing(proposal: Partial<Proposal> = {}, more: Partial<GuardrailInput> = {}) {
  return applyGuardrails({ ...stuckDag(), record, recentFixes: 0, proposal: { ...fixLoad, ...proposal }, ...more })
}

function withEvidence(...evidence: Evidence[]): Partial<GuardrailInput> {
  return { evidence: [...stuckDag().evidence, ...evidence] }
}

/** The names of the rules that changed something, and where it ended. */
function outcome({
  guardrails: changes,
  recommended_action,
}: {
  guardrails: { rule: string }[]
  recommended_action: Action
}) {
  return [...changes.map(({ rule }) => rule), recommended_action]
}

const fixCases: [string, string, Partial<Proposal>, Partial<GuardrailInput>][] = [
  ['remediation_missing', 'names no remediation', { remediation: null }, {}],
  ['remediation_missing', 'is for people', { remediation: { template: 'manual_investigation', target: 'x' } }, {}],
  ['unknown_evidence', 'cites what does not exist', { evidence_ids: ['ev_999', 'task_failure'] }, {}],
  ['unknown_evidence', 'cites nothing', { evidence_ids: [] }, {}],
  [
    'target_unconfirmed',
    'aims elsewhere',
    { remediation: { template: 'airflow_clear_task', target: 'billing.load' } },
    {},
  ],
  [
    'target_unconfirmed',
    'is spelled another way',
    { remediation: { template: 'airflow_clear_task', target: 'Nightly_Orders.load' } },
    {},
  ],
  [
    'target_unconfirmed',
    'fits no bad state',
    { remediation: { template: 'release_lock', target: 'nightly_orders.load' } },
    {},
  ],
  ['target_unconfirmed', 'has no plan', {}, { planRemediation: () => null }],
  ['template_not_allowed', 'is not on the list', {}, { policy: { ...openPolicy, allow: ['airflow_rerun_dag:dag=*'] } }],
  [
    'template_not_allowed',
    'is listed for another DAG',
    {},
    { policy: { ...openPolicy, allow: ['airflow_clear_task:dag=daily_*'] } },
  ],
  ['protected_asset', 'touches what is protected', {}, { policy: { ...openPolicy, protected: ['nightly_*'] } }],
  ['freeze', 'meets a freeze', {}, { policy: { ...openPolicy, freeze: true } }],
  ['switch_thrown', 'meets a thrown switch', {}, { stopped: 'The kill switch is thrown.' }],
  [
    'maintenance',
    'meets maintenance',
    {},
    withEvidence(
      piece('maintenance', {
        name: 'upgrade',
        asset: 'nightly_orders',
        from: '2026-11-20T07:00:00Z',
        until: '2026-11-20T09:00:00Z',
      }),
    ),
  ],
  [
    'deterministic_failure',
    'would fail again',
    {},
    withEvidence(
      piece(
        'task_failure',
        {
          dag_id: 'nightly_orders',
          task_id: 'extract',
          state: 'failed',
          log_excerpt: 'permission denied for table orders',
        },
        { id: 'ev_2' },
      ),
    ),
  ],
  [
    'system_unavailable',
    'was half seen',
    {},
    withEvidence(piece('unavailable', { system: 'airflow', reason: 'timeout' }, { id: 'ev_2' })),
  ],
  [
    'evidence_conflict',
    'is seen well by another system',
    {},
    withEvidence(
      piece('task_failure', { dag_id: 'nightly_orders', task_id: 'load', state: 'success' }, { id: 'ev_2' }),
    ),
  ],
  ['low_confidence', 'is unsure', { confidence: 0.79 }, {}],
  [
    'low_confidence',
    'is less sure than its template has to be',
    {},
    { policy: { ...openPolicy, thresholds: [{ template: 'airflow_clear_task', min_confidence: 0.97 }] } },
  ],
  [
    'low_confidence',
    'is less sure than its tier and environment ask for',
    {},
    { policy: { ...openPolicy, thresholds: [{ tier: 1, environment: 'production', min_confidence: 0.97 }] } },
  ],
  ['too_many_fixes', 'comes too often', {}, { recentFixes: 2 }],
  ['fix_switched_off', 'is switched off', {}, { policy: { ...openPolicy, auto_fix: false } }],
  ['mode_notify', 'is for reading only', {}, { policy: { ...openPolicy, mode: 'notify' } }],
  ['mode_observe', 'is for watching only', {}, { policy: { ...openPolicy, mode: 'observe' } }],
]

describe('a fix', () => {
  it('passes when a connector saw the target stuck and policy allows it; native ids come from evidence', () => {
    expect(fixing()).toMatchObject({
      recommended_action: 'auto_fix',
      guardrails: [],
      remediation: {
        template: 'airflow_clear_task',
        target: 'nightly_orders.load',
        params: { dag_id: 'nightly_orders', run_id: 'run_1', task_id: 'load' },
      },
    })
  })

  it('takes its native ids from the plan that it is given', () => {
    const decision = fixing({}, { planRemediation: () => ({ dag_id: 'nightly_orders', run_id: 'planned' }) })
    expect(decision.remediation?.params.run_id).toBe('planned')
  })

  it.each(fixCases)('%s: goes to people when it %s', (rule, _, proposal, more) => {
    const decision = fixing(proposal, more)
    expect(outcome(decision)).toEqual([rule, 'notify_team'])
    expect(decision.remediation).toBeNull()
    expect(decision.guardrails[0]).toMatchObject({
      before: 'auto_fix',
      after: 'notify_team',
      why: expect.stringMatching(/\.$/),
    })
  })

  it('is not confirmed by what the payload or history says', () => {
    const claims = stuckDag().evidence.flatMap((item) =>
      (['alert', 'history'] as const).map((source) => ({ ...item, id: `${item.id}_${source}`, source })),
    )
    expect(outcome(fixing({ evidence_ids: ['dag_run_alert'] }, { evidence: claims }))).toEqual([
      'target_unconfirmed',
      'notify_team',
    ])
  })

  it('is not confirmed when the target is well, or still has time', () => {
    const running = piece('dag_run', {
      dag_id: 'nightly_orders',
      run_id: 'run_1',
      state: 'running',
      start: '2026-11-20T07:30:00Z',
      typical_duration_s: 5400,
    })
    const task = piece('task_failure', { dag_id: 'nightly_orders', task_id: 'load', run_id: 'run_1', state: 'running' })
    expect(outcome(fixing({}, { evidence: [running, task] }))).toEqual(['target_unconfirmed', 'notify_team'])
  })
})

const dismissal: Proposal = {
  ...fixLoad,
  is_incident: false,
  severity: 'LOW',
  recommended_action: 'dismiss',
  remediation: null,
}

function dismissing(input: AnalysisInput & Partial<GuardrailInput>, proposal: Partial<Proposal> = {}) {
  const evidence_ids = input.evidence.map(({ id }) => id)
  return applyGuardrails({ ...input, record, recentFixes: 0, proposal: { ...dismissal, evidence_ids, ...proposal } })
}

const normal = piece('metric', {
  name: 'memory',
  value: 85,
  baseline_mean: 82,
  baseline_max: 88,
  pattern: 'weekly batch',
})
const claimed = { ...normal, source: 'alert' as const }
const quiet = entry('worker-3', 4, { consumers: [] })
const base = (...evidence: Evidence[]) =>
  situationOf({ asset: host, category: 'resource', severity: 'MEDIUM' }, ...evidence)
const late = piece('source_freshness', { source: 'worker-3', status: 'error', age_hours: 30 })
const wrongBefore = (changes: Partial<Withdrawal>): Partial<GuardrailInput> => ({
  withdrawals: [
    { incident: 'INC-1', reason: 'gemini-2.5-flash, prompt 1', fingerprint: 'x', asset_key: null, at: now, ...changes },
  ],
})
const sameCondition = { fingerprint: base().alerts[0]?.fingerprint ?? '', reason: 'rule recovered' }
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000)
type DismissalInput = AnalysisInput & Partial<GuardrailInput>
const dismissalCases: [string, Action, string, DismissalInput, Partial<Proposal>][] = [
  ['incident_dismissed', 'notify_team', 'it is an incident', base(claimed, quiet), { is_incident: true }],
  [
    'system_unavailable',
    'notify_team',
    'a needed system is silent',
    base(normal, quiet, piece('unavailable', { system: 'catalog', reason: 'timeout' })),
    {},
  ],
  ['trouble_dismissal', 'notify_team', 'a connector sees trouble', base(late, quiet), {}],
  ['tier1_dismissal', 'notify_team', 'it is of tier 1', base(claimed, entry('worker-3', 1)), {}],
  [
    'sla_breached_dismissal',
    'notify_team',
    'its time is over',
    base(normal, entry('worker-3', 3, { breached: true })),
    {},
  ],
  ['uncatalogued_dismissal', 'log_only', 'nobody knows the asset', base(claimed), {}],
  ['unsupported_dismissal', 'log_only', 'only the model says so', base(entry('worker-3', 2)), {}],
  ['unknown_evidence', 'log_only', 'it cites what does not exist', base(claimed, quiet), { evidence_ids: ['ev_999'] }],
  ['low_confidence', 'log_only', 'it is unsure', base(claimed, quiet), { confidence: 0.5 }],
  [
    'trust_withdrawn',
    'notify_team',
    'a dismissal of the same condition was wrong',
    { ...base(claimed, quiet), ...wrongBefore({ ...sameCondition, at: daysAgo(29) }) },
    {},
  ],
  [
    'trust_withdrawn',
    'log_only',
    'a dismissal by the same prompt was wrong elsewhere',
    { ...base(claimed, quiet), ...wrongBefore({ at: daysAgo(6) }) },
    {},
  ],
  ['said_to_be_real', 'notify_team', 'a person says that it is real', { ...base(claimed, quiet), saidReal: 'ann' }, {}],
]

describe('a dismissal', () => {
  it('passes on the claim of the payload where the catalogue knows that nothing hangs on it', () => {
    expect(outcome(dismissing(base(claimed, quiet)))).toEqual(['dismiss'])
  })

  it('passes when the team itself calls the load normal, whatever the tier', () => {
    expect(outcome(dismissing(base(normal, entry('worker-3', 1))))).toEqual(['dismiss'])
  })

  it('is still the decision in mode notify: it is listed as what would have been dismissed', () => {
    const input = { ...base(claimed, quiet), policy: { ...openPolicy, mode: 'notify' as const } }
    expect(dismissing(input)).toMatchObject({ recommended_action: 'dismiss', mode: 'notify', guardrails: [] })
  })

  it.each(dismissalCases)('%s: becomes %s when %s', (rule, action, _, input, proposal) => {
    expect(outcome(dismissing(input, proposal))).toEqual([rule, action])
  })

  it('that goes to people is an incident, as bad as it would be', () => {
    const decision = dismissing(base(claimed, entry('worker-3', 1)))
    expect(decision).toMatchObject({ is_incident: true, severity: 'HIGH' })
  })

  it('of an uncatalogued asset that its monitor calls bad goes to people', () => {
    const input = situationOf({ asset: table, category: 'volume', severity: 'CRITICAL' }, claimed)
    expect(outcome(dismissing(input))).toEqual(['uncatalogued_dismissal', 'notify_team'])
  })

  it('is not stopped by a system that is not configured, or that its category does not need', () => {
    const absent = piece('unavailable', { system: 'catalog', reason: 'not_configured' }, { id: 'ev_1' })
    const unneeded = piece('unavailable', { system: 'airflow', reason: 'timeout' }, { id: 'ev_2' })
    expect(outcome(dismissing(base(claimed, quiet, absent, unneeded)))).toEqual(['dismiss'])
  })
})

it.each<[string, Partial<GuardrailInput>]>([
  ['was wrong too long ago', wrongBefore({ ...sameCondition, at: daysAgo(31) })],
  ['was wrong elsewhere, more than a week ago', wrongBefore({ at: daysAgo(8) })],
  ['was another’s mistake, elsewhere', wrongBefore({ reason: 'rule recovered' })],
])('a dismissal stands where what dismissed it %s', (_what, more) => {
  expect(outcome(dismissing({ ...base(claimed, quiet), ...more }))).toEqual(['dismiss'])
})

it.each<[string, Partial<GuardrailInput>]>([
  ['trust_withdrawn', wrongBefore(sameCondition)],
  ['said_to_be_real', { saidReal: 'ann' }],
])('leaves to no ticket what people call real: %s', (rule, more) => {
  const proposal = { recommended_action: 'log_only' as const }
  expect(outcome(dismissing({ ...base(claimed, quiet), ...more }, proposal))).toEqual([rule, 'notify_team'])
})

it('leaves no grave incident to a ticket', () => {
  const proposal = { ...fixLoad, recommended_action: 'log_only' as const, severity: 'HIGH' as const }
  expect(outcome(fixing(proposal))).toEqual(['incident_logged', 'notify_team'])
})

it('leaves no grave trouble that a connector sees to a ticket that calls it harmless', () => {
  const decision = fixing({ recommended_action: 'log_only', is_incident: false, severity: 'LOW', remediation: null })
  expect(outcome(decision)).toEqual(['trouble_logged', 'notify_team'])
  expect(decision).toMatchObject({ is_incident: true, severity: 'CRITICAL' })
})

it('has a page that tells of every rule, and of no other', () => {
  const page = readFileSync(new URL('../../docs/guardrails.md', import.meta.url), 'utf8')
  const told = [...page.matchAll(/^\| `([a-z0-9_]+)` \| (auto_fix|dismiss|log_only) \|/gm)].map(
    (row) => `${row[2]}: ${row[1]}`,
  )
  expect(told.sort()).toEqual(guardrails.map(({ name, guards }) => `${guards}: ${name}`).sort())
})

it('has a case above for every rule', () => {
  const tested = [
    ...fixCases.map(([rule]) => `auto_fix: ${rule}`),
    ...dismissalCases.map(([rule]) => `dismiss: ${rule}`),
  ]
  const rules = guardrails.map(({ name, guards }) => `${guards}: ${name}`)
  expect(rules.filter((rule) => !tested.includes(rule))).toEqual([
    'log_only: trust_withdrawn',
    'log_only: said_to_be_real',
    'log_only: trouble_logged',
    'log_only: incident_logged',
  ])
})

const arbitraryEvidence = fc.array(
  fc
    .record({
      id: fc.constantFrom('ev_1', 'ev_2', 'ev_3', 'ev_4'),
      source: fc.constantFrom('airflow', 'dbt', 'catalog', 'history', 'alert', 'maintenance'),
      kind: fc.constantFrom(
        'dag_run',
        'task_failure',
        'catalog_entry',
        'metric',
        'lock',
        'maintenance',
        'unavailable',
        'lineage',
      ),
      asset: fc.constantFrom('nightly_orders', 'other', null),
      summary: fc.string(),
      data: fc.record({
        dag_id: fc.constantFrom('nightly_orders', 'Other'),
        task_id: fc.constantFrom('load', 'x'),
        state: fc.constantFrom('failed', 'running', 'success', 'up_for_retry', 'odd'),
        start: fc.constantFrom('2026-11-20T01:00:00Z', 'yesterday', null),
        typical_duration_s: fc.constantFrom(5400, 0, -1, null),
        log_excerpt: fc.constantFrom('connection reset by peer', 'permission denied', null),
        asset: fc.constantFrom('nightly_orders', 'other'),
        tier: fc.constantFrom(1, 4, null),
        breached: fc.constantFrom(true, false, null),
        name: fc.string(),
        value: fc.constantFrom(1, 99, null),
        baseline_max: fc.constantFrom(50, 100, null),
        table: fc.constantFrom('nightly_orders', 'orders'),
        held_s: fc.constantFrom(10, 9000),
        statement: fc.constantFrom('idle in transaction', 'ALTER TABLE orders'),
        from: fc.constantFrom('2026-11-20T07:00:00Z', 'x'),
        until: fc.constantFrom('2026-11-20T09:00:00Z', 'x'),
        system: fc.constantFrom('airflow', 'catalog'),
        reason: fc.constantFrom('timeout', 'not_configured'),
        downstream: fc.array(fc.string()),
      }),
    })
    .map((item) => Evidence.safeParse(item).data),
  { maxLength: 6 },
)

const arbitraryProposal = fc.record({
  is_incident: fc.boolean(),
  severity: fc.constantFrom('CRITICAL' as const, 'HIGH' as const, 'MEDIUM' as const, 'LOW' as const),
  recommended_action: fc.constantFrom(...ActionSchema.options),
  confidence: fc.double({ min: 0, max: 1, noNaN: true }),
  evidence_ids: fc.array(fc.constantFrom('ev_1', 'ev_2', 'ev_9')),
  remediation: fc.option(
    fc.record({
      template: fc.constantFrom(...RemediationTemplate.options),
      target: fc.constantFrom('nightly_orders.load', 'nightly_orders', 'orders', 'Other.x'),
    }),
  ),
})

describe('for any proposal and any evidence', () => {
  const loudness: Record<Action, number> = { dismiss: 0, log_only: 1, notify_team: 2, auto_fix: 3 }

  it('guardrails move only toward people, and record every move', () => {
    fc.assert(
      fc.property(
        arbitraryProposal,
        arbitraryEvidence,
        fc.constantFrom('observe', 'notify', 'act'),
        (some, evidence, mode) => {
          const proposal: Proposal = { ...fixLoad, ...some }
          const before = proposal.recommended_action
          const decision = applyGuardrails({
            ...situationOf({ asset: dag, category: 'pipeline_failure' }),
            evidence: evidence.filter((item) => item !== undefined),
            record,
            recentFixes: 0,
            policy: { ...openPolicy, mode },
            now,
            proposal,
          })
          const after = decision.recommended_action
          if (before === 'auto_fix') expect(['auto_fix', 'notify_team']).toContain(after)
          else {
            expect(after).not.toBe('auto_fix')
            expect(loudness[after]).toBeGreaterThanOrEqual(loudness[before])
          }
          expect([before, ...decision.guardrails.map((change) => change.after)].at(-1)).toBe(after)
          expect(decision.remediation !== null).toBe(after === 'auto_fix')
          expect(decision.is_incident || !proposal.is_incident).toBe(true)
          if (after === 'auto_fix') expect(mode).toBe('act')
        },
      ),
      { numRuns: 500 },
    )
  })
})
