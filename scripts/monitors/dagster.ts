import { z } from 'zod'
import type { AlertStatus, Asset, Category, Severity } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readFailureCategory } from '../domain/reading/category.ts'
import { labelsIn } from '../domain/reading/leaves.ts'
import { readSeverity } from '../domain/reading/severity.ts'
import { at, firstText, lookUp, namesIn } from '../domain/reading/value.ts'
import { readPayload } from '../lib/payload.ts'
import { eventTypeOf, summaries } from './dagster-template.ts'
import type { Monitor } from './monitor.ts'

interface Meaning {
  status: AlertStatus
  category: Category | null
  severity?: Severity
  /** What the event and its opposite are both about. */
  about: string
}
const run = (status: AlertStatus): Meaning => ({ status, category: null, about: 'run' })
const asset = (status: AlertStatus): Meaning => ({ status, category: null, about: 'materialization' })
const check = (status: AlertStatus, severity?: Severity): Meaning => ({
  status,
  category: 'data_quality',
  about: 'check',
  ...(severity ? { severity } : {}),
})
const fresh = (status: AlertStatus, severity?: Severity): Meaning => ({
  status,
  category: 'freshness',
  about: 'freshness',
  ...(severity ? { severity } : {}),
})

/** Types of events in alert policies (https://docs.dagster.io/guides/observe/alerts/yaml-reference) and in its log. */
const meanings: Record<string, Meaning> = {
  JOB_FAILURE: run('firing'),
  JOB_SUCCESS: run('resolved'),
  JOB_LONG_RUNNING: { ...run('firing'), category: 'pipeline_delay' },
  RUN_FAILURE: run('firing'),
  RUN_SUCCESS: run('resolved'),
  RUN_START: run('info'),
  RUN_CANCELED: run('info'),
  PIPELINE_FAILURE: run('firing'),
  PIPELINE_SUCCESS: run('resolved'),
  PIPELINE_START: run('info'),
  PIPELINE_CANCELED: run('info'),
  STEP_FAILURE: { ...run('firing'), about: 'step' },
  STEP_SUCCESS: { ...run('resolved'), about: 'step' },
  ASSET_MATERIALIZATION_FAILURE: asset('firing'),
  ASSET_MATERIALIZATION_FAILED: asset('firing'),
  ASSET_MATERIALIZATION_SUCCESS: asset('resolved'),
  ASSET_MATERIALIZATION: asset('resolved'),
  ASSET_CHECK_PASSED: check('resolved'),
  ASSET_CHECK_EXECUTION_FAILURE: check('firing', 'HIGH'),
  ASSET_CHECK_SEVERITY_WARN: check('firing', 'MEDIUM'),
  ASSET_CHECK_SEVERITY_ERROR: check('firing', 'HIGH'),
  ASSET_FRESHNESS_PASS: fresh('resolved'),
  ASSET_FRESHNESS_WARN: fresh('firing', 'MEDIUM'),
  ASSET_FRESHNESS_FAIL: fresh('firing', 'HIGH'),
  ASSET_OVERDUE: fresh('firing'),
  ASSET_HEALTH_HEALTHY: { ...asset('resolved'), about: 'health' },
  ASSET_HEALTH_WARNING: { ...asset('firing'), about: 'health', severity: 'MEDIUM' },
  ASSET_HEALTH_DEGRADED: { ...asset('firing'), about: 'health', severity: 'HIGH' },
  TICK_FAILURE: { status: 'firing', category: 'pipeline_failure', about: 'tick' },
  CODE_LOCATION_ERROR: { status: 'firing', category: 'infrastructure', about: 'code location' },
  AGENT_UNAVAILABLE: { status: 'firing', category: 'infrastructure', about: 'agent' },
  INSIGHTS_CONSUMPTION_EXCEEDED: { status: 'firing', category: 'cost', about: 'consumption' },
}
const typePaths = ['event_type', 'alert_type', 'dagster_event.event_type_value', 'event_type_value', 'type', 'event']
const inner = ['', 'dagster_event.', 'data.', 'run.', 'dagster_run.', 'payload.', 'metadata.']
const under = (...names: string[]) => names.flatMap((name) => inner.map((prefix) => `${prefix}${name}`))
const jobPaths = under(
  ...['job_name', 'pipeline_name', 'job', 'schedule_name', 'sensor_name', 'instigator_name'],
  ...['code_location_name', 'location_name', 'metric_name'],
)
const keyPaths = under('asset_key', 'asset_key.path', 'asset_keys_json', 'asset_keys')
const deploymentPaths = under('deployment_name', 'deployment')
const messagePaths = under(
  'message',
  'error_message',
  'error',
  'failure_message',
  'notification_summary',
  'alert_content',
  'content',
  'alert_summary',
  'summary',
  'description',
)

const Body = z.looseObject({}).refine((one) => meaningOf(one) !== null)

/** Dagster: alerts of Dagster+, whose body is a template of tokens, and events that run sensors send on. */
export const dagster: Monitor = {
  name: 'dagster',
  documentation: 'https://docs.dagster.io/guides/labs/webhook-alerts',

  recognises({ body }) {
    return (
      meaningOf(body) !== null &&
      (firstText(body, jobPaths) ?? keyOf(body) ?? firstText(body, under('run_id'))) !== null
    )
  },

  parse({ body, receivedAt }) {
    const read = readPayload(Body, body, 'Dagster event')
    const meaning = meaningOf(read)
    return meaning === null ? [] : [buildAlert(readOne(read, meaning), receivedAt)]
  },
}

function readOne(body: z.infer<typeof Body>, { status, category, severity, about }: Meaning): AlertDraft {
  const job = firstText(body, jobPaths)
  const step = firstText(body, under('step_key'))
  const key = keyOf(body)
  const message = firstText(body, messagePaths)
  const checkName = firstText(body, under('check_name', 'asset_check_name'))
  const named = readAsset(about, key, job, step)
  const what = [about, checkName, 'of', key ?? [job, about === 'step' ? step : null].filter(Boolean).join('.')]
  const outcome = status === 'firing' ? 'failed' : status === 'resolved' ? 'succeeded' : 'reports'
  return {
    source: 'dagster',
    check: [about, checkName ?? '', firstText(body, deploymentPaths) ?? ''].join('\n'),
    external_id: firstText(body, under('run_id')),
    // A policy's button sends a sample.
    status: firstText(body, ['is_sample'])?.toLowerCase() === 'true' ? 'info' : status,
    title: headlineOf(body, key ?? job) ?? `Dagster ${what.filter(Boolean).join(' ')} ${outcome}`,
    description: message,
    severity: readSeverity(at(body, 'severity')) ?? severity ?? null,
    category: category ?? readFailureCategory([message]),
    environment: firstText(body, ['environment', ...deploymentPaths]),
    asset: named,
    started_at: firstText(body, under('timestamp', 'start_time', 'event_timestamp')),
    ended_at: status === 'resolved' ? firstText(body, under('end_time', 'timestamp')) : null,
    url: firstText(body, under('run_url', 'run_link', 'deeplink_url', 'asset_url', 'url', 'link')),
    labels: labelsIn(body),
  }
}

function meaningOf(body: unknown): Meaning | null {
  for (const path of typePaths) {
    const type = firstText(body, [path])
      ?.toUpperCase()
      .replace(/^DAGSTEREVENTTYPE\./, '')
    if (type !== undefined && Object.hasOwn(meanings, type)) return meanings[type] ?? null
  }
  return lookUp(meanings, eventTypeOf(body) ?? '') ?? null
}

/** A title of the sender's own, or a summary that names what it is about. */
function headlineOf(body: unknown, name: string | null): string | null {
  const summary = firstText(body, summaries)
  const last = name?.split('/').at(-1) ?? ''
  return firstText(body, ['title', 'subject']) ?? (last !== '' && summary?.includes(last) ? summary : null)
}

/** `analytics/orders`, `["analytics", "orders"]`, or `{path: […]}`. */
function keyOf(body: unknown): string | null {
  for (const path of keyPaths) {
    const value = at(body, path)
    const text = Array.isArray(value) ? namesIn(value).join('/') : firstText({ value }, ['value'])
    // Of several keys the first; a key itself may be written as the list of its parts.
    const only = path.includes('asset_keys') ? text?.split(',')[0] : text
    if (only) return only.replace(/^\[|\]$|["']/g, '').replace(/,\s*/g, '/')
  }
  return null
}

/** An asset key is a path to a table; jobs and their steps are what runs. */
function readAsset(about: string, key: string | null, job: string | null, step: string | null): Asset | null {
  if (key !== null)
    return assetOf('table', key.replaceAll('/', '.'), { table: key.replaceAll('/', '.'), asset_key: key })
  if (job === null) return null
  if (about === 'step' && step !== null) return assetOf('task', `${job}.${step}`, { job_name: job, step_key: step })
  return assetOf(about === 'run' || about === 'tick' || about === 'step' ? 'job' : 'service', job)
}
