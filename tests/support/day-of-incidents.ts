import type { Story } from './stories.ts'

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()

/** A day of a data team, as the console's tests and pictures show it. */
export function dayOfIncidents(): Story[] {
  return [
    {
      name: 'late-vendor-file',
      minutesAgo: 700,
      firings: 3,
      webhookKey: 'previous',
      alert: {
        title: 'stripe_charges has not synced for 9 hours',
        source: 'fivetran',
        category: 'freshness',
        severity: 'MEDIUM',
        asset: { kind: 'connector', name: 'stripe_charges' },
      },
      evidence: [entry('ev_1', 'stripe_charges', 'data-integration', 2, inMinutes(-95), ['prod.finance.fct_revenue'])],
      decision: {
        root_cause: 'The vendor’s API answers 429 since 21:40 UTC; every sync since then ended without rows.',
        business_impact: 'fct_revenue shows yesterday’s charges until the next sync.',
        category: 'freshness',
        confidence: 0.82,
      },
    },
    {
      name: 'worker-memory',
      minutesAgo: 500,
      firings: 6,
      alert: {
        title: 'Memory at 85 % on worker-3',
        source: 'plain',
        category: 'resource',
        severity: 'LOW',
        asset: { kind: 'host', name: 'worker-3' },
        labels: { reported_source: 'prometheus' },
      },
      evidence: [
        entry('ev_1', 'worker-3', 'data-platform', 4, null, []),
        {
          id: 'ev_2',
          source: 'catalog',
          kind: 'metric',
          asset: 'worker-3',
          summary: 'Memory at 85 on worker-3 is within what is normal there: up to 90, weekly batch.',
          data: { name: 'memory', value: 85, baseline_max: 90, pattern: 'weekly batch' },
        },
      ],
      decision: {
        is_incident: false,
        root_cause: 'The weekly batch fills the memory of worker-3 as it does every week.',
        recommended_action: 'dismiss',
        confidence: 0.94,
      },
    },
    {
      name: 'unused-column',
      minutesAgo: 320,
      alert: {
        title: 'Null rate of customer_notes rose to 4 %',
        source: 'great-expectations',
        category: 'data_quality',
        severity: 'LOW',
        asset: { kind: 'table', name: 'staging.crm.customer_notes' },
        environment: 'staging',
      },
      evidence: [],
      decision: {
        root_cause: 'A new optional field; nobody reads the column.',
        recommended_action: 'log_only',
        confidence: 0.71,
      },
    },
    {
      name: 'orders-volume',
      minutesAgo: 160,
      firings: 2,
      alert: {
        title: 'orders has 38 % fewer rows than on other Tuesdays',
        source: 'monte-carlo',
        category: 'volume',
        severity: 'HIGH',
        asset: { kind: 'table', name: 'prod.shop.orders' },
        url: 'https://monitor.example.com/incidents/8812',
      },
      evidence: [
        entry('ev_1', 'prod.shop.orders', 'commerce-data', 1, inMinutes(48), ['revenue_dashboard', 'fraud_scoring']),
        {
          id: 'ev_2',
          source: 'snowflake',
          kind: 'table_state',
          asset: 'prod.shop.orders',
          observed_at: inMinutes(-158),
          summary: 'prod.shop.orders holds 1,204,118 rows of today; at this hour 1,950,000 are usual.',
          data: { table: 'prod.shop.orders', row_count: 1204118, previous_row_count: 1950000 },
        },
        {
          id: 'ev_3',
          source: 'airflow',
          kind: 'unavailable',
          summary: 'Airflow did not answer.',
          data: { system: 'airflow', reason: 'no answer within 5 s' },
        },
      ],
      decision: {
        root_cause: 'The Frankfurt shard stopped writing at 05:10 UTC: all missing rows are of its region.',
        business_impact: 'Revenue of the day is shown 38 % too low; fraud scoring misses one order in three.',
        affected_assets: ['revenue_dashboard', 'fraud_scoring'],
        guardrails: [
          {
            rule: 'nothing_fixed_while_a_system_is_silent',
            before: 'auto_fix',
            after: 'notify_team',
            why: 'Airflow did not answer, and the fix would act there.',
          },
        ],
      },
    },
    {
      name: 'daily-elt',
      minutesAgo: 41,
      firings: 4,
      alert: {
        title: 'daily_elt_pipeline exceeds its SLA: 6 h instead of 2 h',
        description:
          'DAG daily_elt_pipeline has been running for 6 hours. SLA: 2 hours. 12 downstream systems wait for it.',
        source: 'plain',
        category: 'pipeline_delay',
        severity: 'CRITICAL',
        asset: { kind: 'dag', name: 'daily_elt_pipeline', native: { dag_id: 'daily_elt_pipeline' } },
        labels: { reported_source: 'cloudwatch' },
      },
      evidence: [
        entry('ev_1', 'daily_elt_pipeline', 'data-platform', 1, inMinutes(-12), [
          'executive_reporting',
          'revenue_dashboard',
          'churn_model',
          'fraud_scoring',
          'finance_close',
          'partner_api',
          'support_console',
          'sales_forecast',
          'inventory_planning',
        ]),
        {
          id: 'ev_2',
          source: 'airflow',
          kind: 'task_failure',
          asset: 'daily_elt_pipeline.load_orders',
          observed_at: inMinutes(-40),
          summary: 'load_orders has been running for 5 h 40 min, where 4 to 6 min are usual; try 1 of 3.',
          data: {
            dag_id: 'daily_elt_pipeline',
            task_id: 'load_orders',
            state: 'running',
            try_number: 1,
            max_tries: 3,
            log_excerpt:
              '[05:12:07] INFO  copying 1,204,118 rows\n[05:12:09] WARN  waiting for lock on prod.shop.orders\n[05:12:09] INFO  retrying in 30 s',
          },
        },
        {
          id: 'ev_3',
          source: 'airflow',
          kind: 'task_history',
          asset: 'daily_elt_pipeline.load_orders',
          summary: 'The last 10 runs of load_orders took 4 to 6 min and all succeeded.',
          data: { dag_id: 'daily_elt_pipeline', task_id: 'load_orders', recent: ['success', 'success', 'success'] },
        },
      ],
      decision: {
        root_cause:
          'load_orders hangs: it waits for a lock that nobody holds any more, since its first try at 05:12 UTC.',
        business_impact: '12 systems wait for daily_elt_pipeline; its SLA of 2 h is broken.',
        reasoning:
          'The task has run 5 h 40 min where 4 to 6 min are usual, all upstream tasks are done, and no other run of the DAG is active. Clearing the task starts it again with nothing to undo.',
        recommended_action: 'auto_fix',
        remediation: {
          template: 'airflow_clear_task',
          target: 'daily_elt_pipeline.load_orders',
          params: { dag_id: 'daily_elt_pipeline', task_id: 'load_orders' },
        },
        confidence: 0.93,
        evidence_ids: ['ev_1', 'ev_2', 'ev_3'],
        analyzer: 'gemini',
        model: 'gemini-2.5-flash',
        prompt_version: '3',
        tokens: 4812,
        cost_usd: 0.0031,
        latency_ms: 2840,
      },
    },
    {
      name: 'schema-drift',
      minutesAgo: 18,
      alert: {
        title: 'Column customer_segment was dropped from customer_events',
        description: 'Column customer_segment (VARCHAR) is gone since the last check. 3 downstream tables read it.',
        source: 'plain',
        category: 'schema_change',
        severity: 'HIGH',
        asset: { kind: 'table', name: 'prod.analytics.customer_events' },
        url: 'https://app.datadoghq.example/monitors/4711',
        labels: { reported_source: 'datadog' },
      },
      evidence: [
        entry('ev_1', 'prod.analytics.customer_events', 'customer-analytics', 2, inMinutes(72), [
          'prod.analytics.customer_segments',
          'prod.marketing.campaign_audiences',
        ]),
        {
          id: 'ev_2',
          source: 'dbt',
          kind: 'lineage',
          asset: 'prod.analytics.customer_events',
          summary: 'customer_events reads 2 sources; 3 models and 2 dashboards read it.',
          data: {
            upstream: ['raw.segment.tracks', 'raw.segment.identifies'],
            downstream: [
              'prod.analytics.customer_segments',
              'prod.ml.churn_features',
              'prod.finance.revenue_by_segment',
            ],
            exposures: ['Churn overview', 'Campaign planner'],
          },
        },
        {
          id: 'ev_3',
          source: 'snowflake',
          kind: 'schema_change',
          asset: 'prod.analytics.customer_events',
          observed_at: inMinutes(-26),
          summary: 'Column customer_segment was dropped by deploy_bot at 05:52 UTC.',
          data: {
            table: 'prod.analytics.customer_events',
            change: 'dropped',
            column: 'customer_segment',
            by: 'deploy_bot',
          },
        },
      ],
      decision: {
        root_cause:
          'deploy_bot dropped customer_segment from customer_events at 05:52 UTC, while three models still read it.',
        business_impact:
          'customer_segments, churn_features and revenue_by_segment fail at their next run at 07:00 UTC.',
        affected_assets: [
          'prod.analytics.customer_segments',
          'prod.ml.churn_features',
          'prod.finance.revenue_by_segment',
          'Churn overview',
        ],
        confidence: 0.9,
        evidence_ids: ['ev_2', 'ev_3'],
        analyzer: 'gemini',
        model: 'gemini-2.5-flash',
        prompt_version: '3',
        tokens: 5210,
        cost_usd: 0.0034,
        latency_ms: 3120,
      },
    },
    {
      name: 'bigquery-cost',
      minutesAgo: 1,
      alert: {
        title: 'Scan volume of ad-hoc project is 4 × its daily mean',
        source: 'gcp-monitoring',
        category: 'cost',
        severity: 'MEDIUM',
        asset: { kind: 'service', name: 'bigquery-adhoc' },
      },
    },
  ]
}

/** A fix that waits for a person: the incident's page shows what it would do. */
export function waitingFix(approver: string): Story {
  return {
    name: 'nightly-marts',
    minutesAgo: 6,
    firings: 2,
    alert: {
      title: 'nightly_marts failed in build_fct_orders',
      description: 'build_fct_orders failed at its last try; 4 tasks behind it did not start.',
      source: 'airflow',
      category: 'pipeline_failure',
      severity: 'HIGH',
      asset: { kind: 'dag', name: 'nightly_marts', native: { dag_id: 'nightly_marts' } },
    },
    evidence: [
      entry('ev_1', 'nightly_marts', 'analytics-engineering', 2, inMinutes(54), ['revenue_dashboard', 'finance_close']),
      {
        id: 'ev_2',
        source: 'airflow',
        kind: 'task_failure',
        asset: 'nightly_marts.build_fct_orders',
        observed_at: inMinutes(-9),
        summary: 'build_fct_orders failed at try 3 of 3: the warehouse closed the connection.',
        data: {
          dag_id: 'nightly_marts',
          task_id: 'build_fct_orders',
          state: 'failed',
          try_number: 3,
          max_tries: 3,
          typical_duration_s: 260,
          log_excerpt: '[05:31:44] ERROR server closed the connection unexpectedly',
        },
      },
    ],
    decision: {
      root_cause: 'The warehouse was restarted at 05:31 UTC and closed the connection of build_fct_orders.',
      business_impact: 'revenue_dashboard shows yesterday until nightly_marts has run through.',
      reasoning: 'The warehouse answers again, and the task has succeeded in each of its last 30 runs.',
      category: 'pipeline_failure',
      recommended_action: 'auto_fix',
      remediation: {
        template: 'airflow_clear_task',
        target: 'nightly_marts.build_fct_orders',
        params: {
          dag_id: 'nightly_marts',
          task_id: 'build_fct_orders',
          run_id: 'scheduled__2026-11-26T05:00:00+00:00',
        },
      },
      rule: 'transient_task_failure',
      approval: { approvers: [approver], within_minutes: 60 },
      confidence: 0.91,
      evidence_ids: ['ev_1', 'ev_2'],
    },
    dryRun:
      'In run scheduled__2026-11-26T05:00:00+00:00 of nightly_marts these would run again: build_fct_orders (failed), build_fct_revenue (upstream_failed), test_marts (upstream_failed), publish (upstream_failed).',
  }
}

function entry(
  id: string,
  asset: string,
  owner: string,
  tier: number,
  deadline: string | null,
  consumers: string[],
): NonNullable<Story['evidence']>[number] {
  return {
    id,
    source: 'catalog',
    kind: 'catalog_entry',
    asset,
    summary: `${asset} is tier ${tier}, owned by ${owner}, read by ${consumers.length || 'nobody'}.`,
    data: {
      asset,
      owner,
      tier,
      sla_deadline: deadline,
      consumers,
      runbook: `https://wiki.example.com/runbooks/${asset}`,
    },
  }
}
