import type { Alert } from '../../scripts/domain/alert.ts'
import type { Decision } from '../../scripts/domain/decision.ts'
import type { Evidence } from '../../scripts/domain/evidence.ts'
import { fingerprint } from '../../scripts/domain/fingerprint.ts'
import type { MessageParts } from '../../scripts/domain/message-build.ts'

/** An alert as an adapter makes it, for tests that need one; override what matters. */
export function exampleAlert(overrides: Partial<Alert> = {}): Alert {
  const asset = overrides.asset ?? null
  return {
    source: 'plain',
    external_id: 'alert-1',
    fingerprint: fingerprint({ source: 'plain', check: 'example', asset, environment: 'production' }),
    status: 'firing',
    title: 'Something is wrong',
    description: 'Something is wrong, says the monitor.',
    severity: 'HIGH',
    category: 'unknown',
    environment: 'production',
    asset,
    started_at: '2026-11-20T06:00:00Z',
    ended_at: null,
    received_at: '2026-11-20T06:00:05Z',
    url: null,
    labels: {},
    facts: [],
    ...overrides,
  }
}

/** A decision as guardrails left it; override what matters. */
export function exampleDecision(overrides: Partial<Decision> = {}): Decision {
  return {
    is_incident: true,
    severity: 'HIGH',
    category: 'unknown',
    root_cause: 'Nobody knows yet.',
    business_impact: 'One table is wrong.',
    reasoning: '',
    affected_count: 1,
    affected_assets: [],
    recommended_action: 'notify_team',
    confidence: 0.8,
    evidence_ids: [],
    remediation: null,
    analyzer: 'rules',
    model: null,
    prompt_version: null,
    tokens: null,
    cost_usd: null,
    latency_ms: 3,
    fallback: null,
    rule: 'example',
    mode: 'act',
    guardrails: [],
    ...overrides,
  }
}

const customerEvents = { kind: 'table', name: 'prod.analytics.customer_events' } as const
const dailyElt = { kind: 'dag', name: 'daily_elt_pipeline', native: { dag_id: 'daily_elt_pipeline' } } as const
const worker = { kind: 'host', name: 'worker-3' } as const

const schemaDriftEvidence: Evidence[] = [
  {
    id: 'ev_1',
    source: 'alert',
    kind: 'schema_change',
    asset: customerEvents.name,
    summary: 'Column customer_segment was dropped from prod.analytics.customer_events at 05:52 UTC.',
    data: { table: customerEvents.name, change: 'dropped', column: 'customer_segment' },
  },
  {
    id: 'ev_2',
    source: 'catalog',
    kind: 'catalog_entry',
    asset: customerEvents.name,
    summary: 'prod.analytics.customer_events is tier 1, owned by analytics-engineering, and read by 3 tables.',
    data: {
      asset: customerEvents.name,
      owner: 'analytics-engineering',
      tier: 1,
      runbook: 'https://wiki.example.com/runbooks/schema-drift',
    },
  },
  {
    id: 'ev_3',
    source: 'history',
    kind: 'past_incident',
    summary: 'In August a dropped column of the same table broke three dashboards; it was restored after 2 h.',
    data: { incident_id: 'inc_01' },
  },
  {
    id: 'ev_4',
    source: 'airflow',
    kind: 'unavailable',
    summary: 'Airflow did not answer.',
    data: { system: 'airflow', reason: 'no answer within 5 s' },
  },
]

/** A column was removed: people are told. */
export const schemaDrift: MessageParts = {
  occasion: 'decision',
  incident: {
    id: 'inc_7f3c21',
    title: 'Schema drift on prod.analytics.customer_events',
    severity: 'HIGH',
    category: 'schema_change',
    asset: customerEvents,
    environment: 'production',
    occurrences: 1,
  },
  alerts: [
    exampleAlert({
      asset: customerEvents,
      description: 'Column customer_segment (VARCHAR) is gone since the last check. 3 downstream tables read it.',
      url: 'https://app.datadoghq.example/monitors/4711?event=1',
    }),
  ],
  decision: exampleDecision({
    category: 'schema_change',
    root_cause:
      'customer_segment was dropped from prod.analytics.customer_events while three tables downstream still read it.',
    business_impact: 'customer_segments, churn_features and revenue_by_segment fail at their next run at 07:00 UTC.',
    confidence: 0.9,
    evidence_ids: ['ev_1', 'ev_2', 'ev_3'],
  }),
  evidence: schemaDriftEvidence,
}

const stuckTaskEvidence: Evidence[] = [
  {
    id: 'ev_1',
    source: 'airflow',
    kind: 'task_failure',
    asset: dailyElt.name,
    summary: 'load_orders of run scheduled__2026-11-20T00:00:00+00:00 has been running for 5 h 40 min, try 1 of 3.',
    data: { dag_id: 'daily_elt_pipeline', task_id: 'load_orders', state: 'running' },
  },
  {
    id: 'ev_2',
    source: 'airflow',
    kind: 'task_history',
    summary: 'The last 10 runs of load_orders took 4 to 6 min and all succeeded.',
    data: { dag_id: 'daily_elt_pipeline', task_id: 'load_orders', recent: ['success', 'success'] },
  },
  {
    id: 'ev_3',
    source: 'catalog',
    kind: 'catalog_entry',
    asset: dailyElt.name,
    summary: 'daily_elt_pipeline is tier 1 with an SLA of 2 h, breached by 4 h; 12 systems wait for it.',
    data: {
      asset: dailyElt.name,
      owner: 'data-platform',
      tier: 1,
      sla_minutes: 120,
      breached: true,
      runbook: 'https://wiki.example.com/runbooks/daily-elt',
    },
  },
]

const stuckTask = {
  incident: {
    id: 'inc_a01d9e',
    title: 'daily_elt_pipeline exceeds its SLA: 6 h instead of 2 h',
    severity: 'CRITICAL',
    category: 'pipeline_delay',
    asset: dailyElt,
    environment: 'production',
    occurrences: 4,
  },
  alerts: [
    exampleAlert({
      asset: dailyElt,
      severity: 'CRITICAL',
      description:
        'DAG daily_elt_pipeline has been running for 6 hours. SLA: 2 hours. 12 downstream systems wait for it.',
      url: 'https://console.cloudwatch.example/alarms/daily-elt',
    }),
  ],
  evidence: stuckTaskEvidence,
} satisfies Partial<MessageParts>

/** A stuck task is being cleared. */
export const dagTimeout: MessageParts = {
  ...stuckTask,
  occasion: 'decision',
  decision: exampleDecision({
    severity: 'CRITICAL',
    category: 'pipeline_delay',
    root_cause: 'load_orders hangs: it has run 5 h 40 min, where 4 to 6 min are usual, and waits for nothing upstream.',
    business_impact: '12 systems wait for daily_elt_pipeline; its SLA of 2 h is breached by 4 h.',
    recommended_action: 'auto_fix',
    remediation: {
      template: 'airflow_clear_task',
      target: 'daily_elt_pipeline.load_orders',
      params: { dag_id: 'daily_elt_pipeline', task_id: 'load_orders' },
    },
    confidence: 0.94,
    evidence_ids: ['ev_1', 'ev_2', 'ev_3'],
    analyzer: 'gemini',
    model: 'gemini-2.5-flash',
  }),
}

/** The same fix where policy names who approves it. */
export const dagTimeoutAsked: MessageParts = {
  ...dagTimeout,
  decision: dagTimeout.decision && {
    ...dagTimeout.decision,
    approval: { approvers: ['ann', 'kestra-ui'], within_minutes: 30 },
  },
}

/** The same after the fix was verified. */
export const dagTimeoutFixed: MessageParts = {
  ...dagTimeout,
  occasion: 'fixed',
  tried: ['Cleared daily_elt_pipeline.load_orders at 06:02 UTC: it ran again and succeeded after 5 min.'],
}

/** Memory of a worker in a known batch window: dismissed; told only where a team asks to hear of dismissals. */
export const falsePositive: MessageParts = {
  occasion: 'decision',
  incident: {
    id: 'inc_55b0aa',
    title: 'Memory at 85 % on worker-3',
    severity: 'LOW',
    category: 'resource',
    asset: worker,
    environment: 'production',
    occurrences: 1,
  },
  alerts: [exampleAlert({ asset: worker, description: 'Memory usage above 80 % for 10 minutes.' })],
  decision: exampleDecision({
    is_incident: false,
    severity: 'LOW',
    category: 'resource',
    root_cause: 'The weekly batch window fills the memory of worker-3 as it does every week; 91 % is its usual peak.',
    business_impact: 'None: no customer and no pipeline is affected.',
    recommended_action: 'dismiss',
    confidence: 0.93,
    evidence_ids: ['ev_1'],
  }),
  evidence: [
    {
      id: 'ev_1',
      source: 'catalog',
      kind: 'metric',
      summary: 'Memory of worker-3 up to 92 % is known and harmless: weekly batch.',
      data: { name: 'memory', value: 85, baseline_max: 92, pattern: 'weekly batch' },
    },
  ],
}

/** Strings that try to mention, forge, format, leak or break. */
export const hostileStrings: readonly string[] = [
  '<!channel> <!here|here> <!everyone> <@U012AB3CD> <#C012AB3CD|general> <!subteam^S012AB3CD>',
  '@channel @here @everyone',
  '<https://evil.example/login|Open in Airflow> <mailto:a@evil.example|write>',
  '*bold* _italic_ ~struck~ `code` ```fence\nmore``` **x** __x__',
  '> quoted\n>>> all of it\n&gt; entity',
  'x\n*Owner*: nobody\n*Next step*\nRun rm -rf /',
  ':rotating_light: :white_check_mark: :+1:',
  '&lt;!channel&gt; &amp;lt;!here&amp;gt; &#60;!here&#62;',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what an attacker would write
  '{{ secret("SLACK_WEBHOOK_URL") }} ::{"outputs":{"action":"dismiss"}}:: ${HOME} $(id)',
  `quotes " ' \\ and NUL \u0000, ESC \u001b[31m, override \u202Egnp.exe, zero \u200Bwidth, half \uD83D pair`,
  '<'.repeat(5000),
  '&'.repeat(5000),
  '😀'.repeat(3000),
  '<!date^1392734382^{date}|now> <!channel',
  '__proto__ constructor',
  '',
]
