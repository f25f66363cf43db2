import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dag, entry, host, piece, situationOf, stuckDag, table } from '../../tests/support/evidence.ts'
import type { Category } from '../domain/alert.ts'
import type { AnalysisInput } from '../domain/assess/situation.ts'
import { Proposal } from '../domain/decision.ts'
import { Evidence, type EvidenceKind, evidenceData } from '../domain/evidence.ts'
import { applyGuardrails } from '../domain/guardrails.ts'
import { rows } from './decision-table.ts'
import { analyzeWithRules } from './rules.ts'

const orders = 'shop.public.orders'
const dagEntry = (tier: number, more = {}) => entry('nightly_orders', tier, more)
const tableEntry = (tier: number, more = {}) => entry(orders, tier, more)
const failedTask = (log: string | null, more = {}) =>
  piece('task_failure', {
    dag_id: 'nightly_orders',
    task_id: 'load',
    run_id: 'run_1',
    state: 'failed',
    try_number: 3,
    max_tries: 3,
    log_excerpt: log,
    start: '2026-11-20T07:50:00Z',
    ...more,
  })
const failure = (...evidence: Evidence[]) => situationOf({ asset: dag, category: 'pipeline_failure' }, ...evidence)
const about = (category: Category, ...evidence: Evidence[]) => situationOf({ asset: table, category }, ...evidence)
const lineage = (data: Record<string, unknown>) => piece('lineage', data, { asset: orders })
/** What was measured of a host that something hangs on. */
const measured = (metric: Record<string, unknown>) =>
  situationOf(
    { asset: host, category: 'resource', severity: 'MEDIUM' },
    entry('worker-3', 2, { consumers: ['bi'] }),
    piece('metric', metric),
  )

const syncing = (data: Record<string, unknown>) =>
  situationOf(
    {
      asset: { kind: 'connector', name: 'Billing' },
      category: 'pipeline_failure',
      description: 'connection reset by peer',
    },
    entry('Billing', 2, { consumers: ['bi'] }),
    piece(
      'sync_job',
      {
        connection_id: 'c-1',
        connection: 'Billing',
        connection_status: 'active',
        job_id: '41',
        status: 'failed',
        ...data,
      },
      { asset: 'Billing' },
    ),
  )

interface Case {
  what: string
  input: AnalysisInput
  rule: string
  action: string
  severity?: string
  says?: RegExp
  never?: RegExp
}

const cases: Case[] = [
  {
    what: 'a stuck task of a DAG whose promise is broken',
    input: stuckDag(),
    rule: 'stuck_task',
    action: 'auto_fix airflow_clear_task nightly_orders.load',
    severity: 'CRITICAL',
    says: /stuck/,
  },
  {
    what: 'a task that runs far too long with time left',
    input: situationOf(
      { asset: dag, category: 'pipeline_delay' },
      dagEntry(2, { sla_minutes: 1440 }),
      ...stuckDag().evidence.filter(({ kind }) => kind !== 'catalog_entry'),
    ),
    rule: 'stuck_task',
    action: 'notify_team',
  },
  {
    what: 'a run that is slow with the promise near',
    input: situationOf(
      { asset: dag, category: 'pipeline_delay' },
      dagEntry(2, { sla_minutes: 140 }),
      piece('dag_run', {
        dag_id: 'nightly_orders',
        run_id: 'run_1',
        state: 'running',
        start: '2026-11-20T06:06:00Z',
        typical_duration_s: 4500,
      }),
    ),
    rule: 'late_run',
    action: 'notify_team',
  },
  {
    what: 'a run of which nobody knows how long it may take',
    input: situationOf(
      { asset: dag, category: 'pipeline_delay' },
      dagEntry(2),
      piece('dag_run', { dag_id: 'nightly_orders', run_id: 'run_1', state: 'running', start: '2026-11-20T02:06:00Z' }),
    ),
    rule: 'alert_alone',
    action: 'notify_team',
  },
  {
    what: 'a task that is slow and in time',
    input: situationOf(
      { asset: dag, category: 'pipeline_delay' },
      dagEntry(2, { sla_minutes: 300 }),
      piece('dag_run', {
        dag_id: 'nightly_orders',
        run_id: 'run_1',
        state: 'running',
        start: '2026-11-20T06:06:00Z',
        typical_duration_s: 4500,
      }),
    ),
    rule: 'slow_in_time',
    action: 'log_only',
  },
  {
    what: 'a lost connection with retries spent',
    input: failure(
      dagEntry(2, { consumers: ['bi'] }),
      failedTask('psycopg2.OperationalError: connection reset by peer'),
    ),
    rule: 'transient_task_failure',
    action: 'auto_fix airflow_clear_task nightly_orders.load',
    severity: 'HIGH',
    says: /connection/,
  },
  {
    what: 'a killed process with retries spent',
    input: failure(dagEntry(2, { consumers: ['bi'] }), failedTask('Task exited with return code -9 (OOMKilled)')),
    rule: 'out_of_memory',
    action: 'notify_team',
    says: /memory/,
  },
  {
    what: 'a sensor that waited for a file in vain',
    input: failure(
      dagEntry(2, { consumers: ['bi'] }),
      failedTask('airflow.exceptions.AirflowSensorTimeout: Snap. Time is OUT.'),
    ),
    rule: 'deterministic_failure',
    action: 'notify_team',
    says: /input file or object is missing/,
  },
  {
    what: 'a lost connection below an upstream that failed first',
    input: failure(
      dagEntry(2, { consumers: ['bi'] }),
      failedTask('connection reset by peer'),
      piece('lineage', { upstream: ['raw_ingest'], downstream: [] }, { id: 'above', asset: 'nightly_orders' }),
      piece(
        'dag_run',
        { dag_id: 'raw_ingest', run_id: 'r', state: 'failed', start: '2026-11-20T05:00:00Z' },
        { id: 'up' },
      ),
    ),
    rule: 'transient_task_failure',
    action: 'notify_team',
    says: /raw_ingest failed/,
  },
  {
    what: 'a failure below a DAG that is known to feed it, and to have failed first',
    input: failure(
      dagEntry(2, { consumers: ['bi'] }),
      failedTask('ValueError: no orders of today'),
      piece(
        'lineage',
        {
          upstream: ['raw.orders', 'Ingest'],
          failed_first: [
            {
              dag_id: 'Ingest',
              run_id: 'r7',
              failed_at: '2026-11-20T05:10:00Z',
              feeds: 'nightly_orders',
              by: ['raw.orders'],
              before: '2026-11-20T05:31:00Z',
            },
          ],
        },
        { id: 'above', asset: 'nightly_orders' },
      ),
      piece(
        'dag_run',
        { dag_id: 'Ingest', run_id: 'r7', state: 'failed', start: '2026-11-20T05:00:00Z' },
        { id: 'up' },
      ),
    ),
    rule: 'deterministic_failure',
    action: 'notify_team',
    says: /^Upstream, Ingest failed at 05:10 UTC, before nightly_orders at 05:31 UTC, and feeds it by raw\.orders\. \[up, above\]/,
  },
  {
    what: 'a second try that is under way',
    input: failure(dagEntry(2), failedTask('connection reset by peer', { state: 'running', try_number: 2 })),
    rule: 'retry_pending',
    action: 'log_only',
  },
  {
    what: 'rows that are missing, with a load that succeeded',
    input: about(
      'volume',
      tableEntry(2, { consumers: ['bi'] }),
      piece('dag_run', {
        dag_id: 'orders_load',
        state: 'success',
        start: '2026-11-20T08:01:00Z',
        end: '2026-11-20T08:04:00Z',
      }),
    ),
    rule: 'alert_alone',
    action: 'notify_team',
  },
  {
    what: 'another test of the table that passes',
    input: about(
      'data_quality',
      tableEntry(2, { consumers: ['bi'] }),
      piece('dbt_test', { unique_id: 'test.shop.unique_orders_id', status: 'pass', column: 'id_of_nobody' }),
    ),
    rule: 'alert_alone',
    action: 'notify_team',
  },
  {
    what: 'as many rows as before',
    input: about(
      'volume',
      tableEntry(2, { consumers: ['bi'] }),
      piece('table_state', { table: orders, row_count: 990, previous_row_count: 1000 }),
    ),
    rule: 'within_normal',
    action: 'dismiss',
  },
  {
    what: 'a lost connection, three runs in a row',
    input: failure(
      dagEntry(2),
      failedTask('connection reset by peer'),
      piece('task_history', {
        dag_id: 'nightly_orders',
        task_id: 'load',
        recent: ['failed', 'failed', 'failed', 'success'],
      }),
    ),
    rule: 'transient_task_failure',
    action: 'notify_team',
    says: /again and again/,
  },
  {
    what: 'a lost connection whose retry is still to come',
    input: failure(dagEntry(2), failedTask('connection reset by peer', { state: 'up_for_retry', try_number: 1 })),
    rule: 'retry_pending',
    action: 'log_only',
    severity: 'LOW',
  },
  {
    what: 'a retry that comes too late for the promise',
    input: failure(
      dagEntry(1, { sla_deadline: '2026-11-20T08:20:00Z' }),
      failedTask('connection reset by peer', { state: 'up_for_retry', try_number: 1 }),
    ),
    rule: 'retry_pending',
    action: 'notify_team',
    severity: 'CRITICAL',
  },
  {
    what: 'a retry that will fail again',
    input: failure(dagEntry(2), failedTask('KeyError: loyalty_tier', { state: 'up_for_retry', try_number: 1 })),
    rule: 'deterministic_failure',
    action: 'notify_team',
  },
  {
    what: 'a failure that a later run mended',
    input: failure(
      dagEntry(2),
      failedTask('connection reset by peer', { start: '2026-11-20T07:50:00Z' }),
      piece('dag_run', {
        dag_id: 'nightly_orders',
        run_id: 'run_2',
        state: 'success',
        start: '2026-11-20T08:01:00Z',
        end: '2026-11-20T08:04:00Z',
      }),
    ),
    rule: 'recovered',
    action: 'dismiss',
    severity: 'LOW',
  },
  {
    what: 'a failure after an old success',
    input: failure(
      dagEntry(2),
      failedTask('connection reset by peer'),
      piece('dag_run', {
        dag_id: 'nightly_orders',
        run_id: 'run_0',
        state: 'success',
        start: '2026-11-19T07:00:00Z',
        end: '2026-11-19T07:30:00Z',
      }),
    ),
    rule: 'transient_task_failure',
    action: 'auto_fix airflow_clear_task nightly_orders.load',
  },
  ...(
    [
      ['permission denied for relation orders', /permission|denied/],
      ['snowflake.connector.errors.DatabaseError: 390144: JWT token is invalid', /credential|expired/],
      ['ERROR: Quota exceeded: Your project exceeded quota for free query bytes scanned', /quota/],
      ['column "loyalty_tier" does not exist', /column/],
      ["ModuleNotFoundError: No module named 'pandas'", /code/],
      ['FileNotFoundError: s3://vendor/2026-11-20/orders.csv', /missing/],
      ['retry after timeout ... then: SyntaxError: invalid syntax', /code/],
    ] as const
  ).map(
    ([log, says]): Case => ({
      what: `"${log.slice(0, 40)}", which no restart mends`,
      input: failure(dagEntry(2, { consumers: ['bi'] }), failedTask(log)),
      rule: 'deterministic_failure',
      action: 'notify_team',
      severity: 'HIGH',
      says,
    }),
  ),
  {
    what: 'a failure without words',
    input: failure(dagEntry(3), failedTask(null)),
    rule: 'failed_run',
    action: 'notify_team',
    severity: 'MEDIUM',
  },
  {
    what: 'a failure in staging that its monitor calls critical',
    input: situationOf(
      { asset: dag, category: 'pipeline_failure', severity: 'CRITICAL' },
      dagEntry(4, { environment: 'staging' }),
      failedTask('connection reset by peer'),
    ),
    rule: 'lower_environment',
    action: 'log_only',
    severity: 'LOW',
  },
  {
    what: 'production that its payload calls staging',
    input: situationOf(
      { asset: dag, category: 'pipeline_failure', environment: 'staging' },
      dagEntry(1, { environment: 'production' }),
      failedTask(null),
    ),
    rule: 'failed_run',
    action: 'notify_team',
  },
  {
    what: 'a failure in its own maintenance window',
    input: failure(
      dagEntry(2),
      failedTask('connection refused'),
      piece('maintenance', {
        name: 'upgrade',
        asset: 'nightly_orders',
        from: '2026-11-20T07:30:00Z',
        until: '2026-11-20T09:00:00Z',
      }),
    ),
    rule: 'planned_maintenance',
    action: 'dismiss',
  },
  {
    what: 'a failure while something else is maintained',
    input: failure(
      dagEntry(2, { consumers: ['bi'] }),
      failedTask('connection refused'),
      piece('maintenance', {
        name: 'upgrade',
        asset: 'billing_db',
        from: '2026-11-20T07:30:00Z',
        until: '2026-11-20T09:00:00Z',
      }),
    ),
    rule: 'transient_task_failure',
    action: 'auto_fix airflow_clear_task nightly_orders.load',
    never: /maintenance/,
  },
  {
    what: 'a failure whose maintenance is over',
    input: failure(
      dagEntry(2),
      failedTask(null),
      piece('maintenance', {
        name: 'upgrade',
        asset: 'nightly_orders',
        from: '2026-11-20T05:30:00Z',
        until: '2026-11-20T07:00:00Z',
      }),
    ),
    rule: 'failed_run',
    action: 'notify_team',
  },
  {
    what: 'a removed column with readers',
    input: about(
      'schema_change',
      tableEntry(2),
      piece('schema_change', { table: orders, change: 'dropped', column: 'loyalty_tier' }),
      lineage({ upstream: [], downstream: ['a', 'b', 'c'] }),
    ),
    rule: 'breaking_schema_change',
    action: 'notify_team',
    severity: 'HIGH',
    says: /column loyalty_tier dropped/,
  },
  {
    what: 'a removed column that nothing reads',
    input: about(
      'schema_change',
      tableEntry(3, { consumers: [] }),
      piece('schema_change', { table: orders, change: 'dropped', column: 'old_flag' }),
      lineage({ upstream: [], downstream: [] }),
    ),
    rule: 'breaking_schema_change',
    action: 'log_only',
    severity: 'LOW',
  },
  {
    what: 'an added column',
    input: about(
      'schema_change',
      tableEntry(2),
      piece('schema_change', { table: orders, change: 'added', column: 'note' }),
      lineage({ downstream: ['a'] }),
    ),
    rule: 'added_column',
    action: 'log_only',
  },
  {
    what: 'a type that grew wider',
    input: about(
      'schema_change',
      tableEntry(2),
      piece('schema_change', { table: orders, change: 'type_changed', column: 'id', before: 'INT', after: 'BIGINT' }),
    ),
    rule: 'added_column',
    action: 'log_only',
  },
  {
    what: 'a type that changed',
    input: about(
      'schema_change',
      tableEntry(2),
      piece('schema_change', {
        table: orders,
        change: 'type_changed',
        column: 'id',
        before: 'INT',
        after: 'VARCHAR(20)',
      }),
      lineage({ downstream: ['a'] }),
    ),
    rule: 'breaking_schema_change',
    action: 'notify_team',
  },
  {
    what: 'an idle session that holds a lock',
    input: about(
      'lock',
      tableEntry(2, { consumers: ['bi'] }),
      piece('lock', {
        table: orders,
        holder: 'etl_user',
        held_s: 7200,
        statement: '<IDLE> in transaction',
        waiting: 9,
      }),
    ),
    rule: 'abandoned_lock',
    action: `auto_fix release_lock ${orders}`,
    severity: 'HIGH',
    says: /lock/,
  },
  {
    what: 'a migration that holds a lock',
    input: about(
      'lock',
      tableEntry(2, { consumers: ['bi'] }),
      piece('lock', {
        table: orders,
        holder: 'flyway',
        held_s: 7200,
        statement: 'ALTER TABLE orders ADD COLUMN x int',
        waiting: 9,
      }),
    ),
    rule: 'working_lock',
    action: 'notify_team',
  },
  {
    what: 'a short lock',
    input: about(
      'lock',
      tableEntry(2),
      piece('lock', { table: orders, holder: 'etl', held_s: 40, statement: 'UPDATE orders SET x = 1', waiting: 0 }),
    ),
    rule: 'brief_lock',
    action: 'log_only',
  },
  {
    what: 'a late vendor',
    input: about(
      'freshness',
      tableEntry(2, { consumers: ['bi'] }),
      piece('source_freshness', { source: 'vendor.orders', age_hours: 30, error_after_hours: 24, status: 'error' }),
    ),
    rule: 'upstream_trouble',
    action: 'notify_team',
    says: /late|upstream|source/,
  },
  {
    what: 'a table that was not refreshed',
    input: about(
      'freshness',
      tableEntry(2, { consumers: ['bi'] }),
      piece('table_state', {
        table: orders,
        last_altered: '2026-11-19T06:00:00Z',
        expected_by: '2026-11-20T07:00:00Z',
      }),
    ),
    rule: 'late_data',
    action: 'notify_team',
    severity: 'HIGH',
    says: /late/,
  },
  {
    what: 'data that is not due yet',
    input: about(
      'freshness',
      tableEntry(2),
      piece('table_state', {
        table: orders,
        last_altered: '2026-11-19T09:00:00Z',
        expected_by: '2026-11-20T10:00:00Z',
      }),
    ),
    rule: 'not_due_yet',
    action: 'log_only',
  },
  {
    what: 'data that arrived meanwhile',
    input: about(
      'freshness',
      tableEntry(2),
      piece('table_state', {
        table: orders,
        last_altered: '2026-11-20T08:03:00Z',
        expected_by: '2026-11-20T08:00:00Z',
      }),
    ),
    rule: 'recovered',
    action: 'dismiss',
  },
  {
    what: 'a seasonal drop',
    input: about(
      'volume',
      tableEntry(2),
      piece('table_state', { table: orders, row_count: 4000, previous_row_count: 9800 }),
      piece(
        'metric',
        { name: 'row_count', value: 4000, baseline_mean: 4100, baseline_max: 4600, pattern: 'public holiday' },
        { asset: orders },
      ),
    ),
    rule: 'within_normal',
    action: 'dismiss',
    says: /pattern/,
  },
  {
    what: 'a real loss',
    input: about(
      'volume',
      tableEntry(2, { consumers: ['bi'] }),
      piece('table_state', { table: orders, row_count: 900, previous_row_count: 9800 }),
      piece(
        'metric',
        { name: 'row_count', value: 900, baseline_mean: 9700, baseline_max: 10100, pattern: 'none' },
        { asset: orders },
      ),
    ),
    rule: 'lost_or_multiplied_data',
    action: 'notify_team',
    severity: 'HIGH',
    says: /rows are missing/,
  },
  {
    what: 'rows that multiplied',
    input: about(
      'volume',
      tableEntry(2),
      piece('table_state', { table: orders, row_count: 21_000, previous_row_count: 9800 }),
    ),
    rule: 'lost_or_multiplied_data',
    action: 'notify_team',
    says: /duplicates|fan-out/,
  },
  {
    what: 'a failed test',
    input: about(
      'data_quality',
      tableEntry(2, { consumers: ['bi'] }),
      piece('dbt_test', { unique_id: 'test.shop.unique_orders_id', status: 'fail', failures: 12 }, { asset: orders }),
    ),
    rule: 'failed_test',
    action: 'notify_team',
    severity: 'HIGH',
  },
  {
    what: 'a test that only warns',
    input: about(
      'data_quality',
      tableEntry(3),
      piece('dbt_test', { unique_id: 'test.shop.x', status: 'warn', failures: 2 }, { asset: orders }),
    ),
    rule: 'warning_only',
    action: 'log_only',
  },
  {
    what: 'a test that passes again',
    input: about(
      'data_quality',
      tableEntry(2),
      piece('dbt_test', { unique_id: 'test.shop.x', status: 'pass' }, { asset: orders }),
    ),
    rule: 'recovered',
    action: 'dismiss',
  },
  {
    what: 'a cascade from above',
    input: about(
      'data_quality',
      tableEntry(2, { consumers: ['bi'] }),
      lineage({ upstream: ['shop.raw.payments'], downstream: [] }),
      piece(
        'dbt_model',
        { unique_id: 'model.shop.payments_clean', status: 'error', message: 'connection reset by peer' },
        { asset: 'shop.raw.payments' },
      ),
    ),
    rule: 'upstream_trouble',
    action: 'notify_team',
    says: /upstream/,
  },
  {
    what: 'a model that lost its connection',
    input: about(
      'data_quality',
      tableEntry(2, { consumers: ['bi'] }),
      piece('dbt_model', {
        unique_id: 'model.shop.public.orders',
        status: 'error',
        message: 'connection reset by peer',
      }),
    ),
    rule: 'transient_model_failure',
    action: 'auto_fix dbt_retry model.shop.public.orders',
  },
  {
    what: 'a sync that lost its connection, as its monitor says',
    input: syncing({}),
    rule: 'transient_sync_failure',
    action: 'auto_fix airbyte_sync c-1',
  },
  {
    what: 'a sync that failed three times in a row',
    input: syncing({ recent: ['failed', 'failed', 'failed'] }),
    rule: 'transient_sync_failure',
    action: 'notify_team',
  },
  {
    what: 'a source above that is late',
    input: about(
      'volume',
      tableEntry(2, { consumers: ['bi'] }),
      lineage({ upstream: ['vendor.payments'], downstream: [] }),
      piece('source_freshness', { source: 'vendor.payments', status: 'error', age_hours: 40 }),
    ),
    rule: 'upstream_trouble',
    action: 'notify_team',
    says: /upstream/,
  },
  {
    what: 'memory in its weekly batch, on a host that nothing hangs on',
    input: situationOf(
      { asset: host, category: 'resource', severity: 'MEDIUM' },
      entry('worker-3', 4, { consumers: [] }),
      piece(
        'metric',
        { name: 'memory', value: 85, threshold: 80, pattern: 'weekly batch', customer_impact: 'none' },
        { source: 'alert' },
      ),
    ),
    rule: 'claimed_pattern_low_stakes',
    action: 'dismiss',
    severity: 'LOW',
  },
  {
    what: 'the same claim for a host that much hangs on',
    input: situationOf(
      { asset: host, category: 'resource', severity: 'MEDIUM' },
      entry('worker-3', 1, { consumers: ['checkout'] }),
      piece(
        'metric',
        { name: 'memory', value: 85, threshold: 80, pattern: 'weekly batch', customer_impact: 'none' },
        { source: 'alert' },
      ),
    ),
    rule: 'alert_alone',
    action: 'notify_team',
  },
  {
    what: 'memory beyond every pattern',
    input: measured({ name: 'memory', value: 99, baseline_mean: 70, baseline_max: 88, pattern: 'weekly batch' }),
    rule: 'beyond_normal',
    action: 'notify_team',
  },
  {
    what: 'an instance that is down, and was not at this hour of the weeks before',
    input: measured({
      name: 'InstanceDown',
      value: 0,
      threshold: 0,
      baseline_mean: 1,
      baseline_max: 1,
      is_known: false,
    }),
    rule: 'beyond_normal',
    action: 'notify_team',
  },
  {
    what: 'a job that is low at this hour of every week, as was measured',
    input: measured({
      name: 'sessions',
      value: 2,
      threshold: 5,
      baseline_mean: 4,
      baseline_max: 9,
      is_known: true,
      pattern: 'the same at this weekday and hour',
    }),
    rule: 'within_normal',
    action: 'dismiss',
  },
  {
    what: 'a silent Airflow',
    input: failure(dagEntry(2), piece('unavailable', { system: 'airflow', reason: 'timeout after 5 s' })),
    rule: 'cannot_check',
    action: 'notify_team',
  },
  {
    what: 'an alert that nothing confirms, about what nobody knows',
    input: situationOf({ asset: table, category: 'volume', severity: 'LOW' }),
    rule: 'alert_alone',
    action: 'notify_team',
    severity: 'MEDIUM',
  },
  {
    what: 'an alert that its monitor resolved',
    input: situationOf({ asset: table, status: 'resolved' }, tableEntry(3)),
    rule: 'resolved_by_monitor',
    action: 'dismiss',
  },
  {
    what: 'noise that people confirmed twice',
    input: about('volume', tableEntry(4, { consumers: [] }), past('inc_1', true), past('inc_2', true)),
    rule: 'confirmed_noise',
    action: 'dismiss',
  },
  {
    what: 'noise that people confirmed, of what matters',
    input: about('volume', tableEntry(2), past('inc_1', true), past('inc_2', true)),
    rule: 'confirmed_noise',
    action: 'log_only',
  },
  {
    what: 'noise that people confirmed, of what matters most',
    input: about('volume', tableEntry(1), past('inc_1', true), past('inc_2', true)),
    rule: 'alert_alone',
    action: 'notify_team',
  },
  {
    what: 'noise that once was real',
    input: about(
      'volume',
      tableEntry(4, { consumers: [] }),
      past('inc_1', true),
      past('inc_2', true),
      past('inc_3', false),
    ),
    rule: 'alert_alone',
    action: 'log_only',
  },
  {
    what: 'a deploy of something else at the same hour',
    input: failure(
      dagEntry(2, { consumers: ['bi'] }),
      failedTask('connection reset by peer'),
      piece('change', { what: 'deploy', ref: 'web-1.2', at: '2026-11-20T07:40:00Z', files: ['web/button.css'] }),
    ),
    rule: 'transient_task_failure',
    action: 'auto_fix airflow_clear_task nightly_orders.load',
    never: /deploy/,
  },
  {
    what: 'a pull request that touched it',
    input: failure(
      dagEntry(2, { consumers: ['bi'] }),
      failedTask('TypeError: unsupported operand'),
      piece('change', {
        what: 'pull_request',
        ref: '#42',
        at: '2026-11-20T07:00:00Z',
        files: ['dags/nightly_orders.py'],
      }),
    ),
    rule: 'deterministic_failure',
    action: 'notify_team',
    says: /pull request #42 touched it/,
  },
]

function past(id: string, noise: boolean): Evidence {
  const data = noise
    ? { is_incident: false, outcome: 'false_positive', feedback: 'noise' }
    : { is_incident: true, outcome: 'escalated', feedback: 'wrong: was real' }
  return piece('past_incident', { incident_id: id, category: 'volume', similarity: 0.95, ...data }, { id })
}

function decided(input: AnalysisInput) {
  const { proposal, record } = analyzeWithRules(input)
  const decision = applyGuardrails({ ...input, proposal, record, recentFixes: 0 })
  return { proposal, record, decision }
}

describe('rules', () => {
  it.each(cases)('$what: $rule, $action', ({ input, rule, action, severity, says, never }) => {
    const { proposal, record, decision } = decided(input)
    const fix = proposal.remediation ? ` ${proposal.remediation.template} ${proposal.remediation.target}` : ''
    expect({ rule: record.rule, action: `${proposal.recommended_action}${fix}` }).toEqual({ rule, action })
    if (severity) expect(proposal.severity).toBe(severity)
    if (says) expect(proposal.root_cause).toMatch(says)
    if (never) expect(`${proposal.root_cause} ${proposal.reasoning}`).not.toMatch(never)
    expect(Proposal.safeParse(proposal).error).toBeUndefined()
    // Guardrails agree with their own rules: what they would change, a row should not have said.
    expect(decision.guardrails).toEqual([])
  })

  it('has a case for every row', () => {
    const tested = new Set(cases.map(({ rule }) => rule))
    expect(rows.map(({ name }) => name).filter((name) => !tested.has(name))).toEqual([])
  })

  it('counts what is affected over lineage and catalogue, once each', () => {
    const input = about(
      'schema_change',
      tableEntry(2, { consumers: ['Finance', 'shop.marts.daily'] }),
      piece('schema_change', { table: orders, change: 'dropped', column: 'x' }),
      lineage({ downstream: ['shop.marts.daily', orders], exposures: ['exposure.shop.board'] }),
    )
    const { proposal } = decided(input)
    expect(proposal.affected_assets).toEqual(['shop.marts.daily', 'exposure.shop.board', 'Finance'])
    expect(proposal.affected_count).toBe(3)
  })

  it('is less sure when a needed system is silent, and then fixes nothing', () => {
    const input = stuckDag()
    const silent = piece('unavailable', { system: 'dbt', reason: 'timeout' })
    const { proposal, decision } = decided({ ...input, evidence: [...input.evidence, silent] })
    expect(proposal.confidence).toBe(0.7)
    expect(decision.recommended_action).toBe('notify_team')
  })

  it('answers well-formed, citing only what is there, for any evidence', () => {
    const kinds = Object.keys(evidenceData).filter((name): name is EvidenceKind => name in evidenceData)
    const value = fc.oneof(
      fc.string(),
      fc.double(),
      fc.constantFrom('failed', 'running', orders, '2026-11-20T01:00:00Z', null),
      fc.array(fc.string()),
    )
    const keys = [
      'dag_id',
      'task_id',
      'state',
      'start',
      'status',
      'unique_id',
      'table',
      'change',
      'asset',
      'tier',
      'name',
      'value',
      'source',
      'system',
      'reason',
      'incident_id',
      'what',
      'downstream',
      'held_s',
      'statement',
      'log_excerpt',
      'recent',
      'from',
      'until',
      'sla_deadline',
    ]
    const arbitrary = fc
      .record({
        id: fc.constantFrom('ev_1', 'ev_2', 'ev_3'),
        source: fc.constantFrom('airflow', 'dbt', 'catalog', 'alert', 'history'),
        kind: fc.constantFrom(...kinds),
        asset: fc.option(fc.string()),
        summary: fc.string(),
        data: fc.dictionary(fc.constantFrom(...keys), value),
      })
      .map((item) => Evidence.safeParse(item).data)
    fc.assert(
      fc.property(fc.array(arbitrary, { maxLength: 8 }), (items) => {
        const evidence = items.filter((item) => item !== undefined)
        const { proposal } = analyzeWithRules(about('freshness', ...evidence))
        expect(Proposal.safeParse(proposal).error).toBeUndefined()
        expect(proposal.evidence_ids.every((id) => evidence.some((item) => item.id === id))).toBe(true)
        expect(proposal.recommended_action === 'auto_fix').toBe(proposal.remediation !== null)
      }),
      { numRuns: 400 },
    )
  })
})

describe('the cheap pass', () => {
  const cheap = (input: AnalysisInput) => analyzeWithRules(input).record.cheap_pass ?? false

  it.each(['planned_maintenance', 'retry_pending', 'recovered', 'within_normal', 'lower_environment'])(
    'settles %s where there is no trouble',
    (rule) => {
      const calm = cases.filter((one) => one.rule === rule && ['dismiss', 'log_only'].includes(one.action))
      expect(calm.length).toBeGreaterThan(0)
      expect(calm.map(({ input }) => cheap(input))).toEqual(calm.map(() => true))
    },
  )

  it('settles nothing that people hear of', () => {
    const told = cases.filter(({ action }) => action !== 'dismiss' && action !== 'log_only')
    expect(told.filter(({ input }) => cheap(input)).map(({ what }) => what)).toEqual([])
  })
})
