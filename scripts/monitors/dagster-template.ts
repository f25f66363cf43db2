import { readTitleStatus } from '../domain/reading/status.ts'
import { firstText, lookUp } from '../domain/reading/value.ts'

/** Keys that are named like tokens which only a policy of Dagster+ has. */
const tokens = ['is_sample', 'alert_policy_name', 'alert_policy_id', 'deployment_url', 'notification_type', 'policy']
const deployments = ['deployment_name', 'deployment']
const links = ['run_link', 'run_url', 'location_link', 'agent_url', 'link', 'url', 'deployment_url']
export const summaries = ['alert_summary', 'summary', 'alert']

/** `{{run_status}}`, `{{freshness_status}}` and `{{health_status}}`, and the event that an alert policy calls so. */
const runs: Record<string, string> = { SUCCESS: 'JOB_SUCCESS', FAILURE: 'JOB_FAILURE', FAILED: 'JOB_FAILURE' }
const freshness: Record<string, string> = {
  HEALTHY: 'ASSET_FRESHNESS_PASS',
  PASS: 'ASSET_FRESHNESS_PASS',
  WARNING: 'ASSET_FRESHNESS_WARN',
  WARN: 'ASSET_FRESHNESS_WARN',
  DEGRADED: 'ASSET_FRESHNESS_FAIL',
  FAIL: 'ASSET_FRESHNESS_FAIL',
}
const health: Record<string, string> = {
  HEALTHY: 'ASSET_HEALTH_HEALTHY',
  WARNING: 'ASSET_HEALTH_WARNING',
  DEGRADED: 'ASSET_HEALTH_DEGRADED',
}
/** `{{notification_type}}` by its first word, where nothing else tells; it is told of failures only. */
const failures: Record<string, string> = {
  TICK: 'TICK_FAILURE',
  CODE: 'CODE_LOCATION_ERROR',
  AGENT: 'AGENT_UNAVAILABLE',
  METRIC: 'INSIGHTS_CONSUMPTION_EXCEEDED',
  INSIGHTS: 'INSIGHTS_CONSUMPTION_EXCEEDED',
}

/**
 * The type of event behind a body that a template of an alert policy made: its keys are the user's own, mostly named
 * like the tokens. Null for any other body. https://docs.dagster.io/guides/labs/webhook-alerts
 */
export function eventTypeOf(body: unknown): string | null {
  if (firstText(body, deployments) === null || !isTemplate(body)) return null
  const said = (...names: string[]) => firstText(body, names)?.toUpperCase() ?? ''
  const counted = /"([A-Z_]{4,60})"\s*:/.exec(firstText(body, ['event_type_counts_json']) ?? '')?.[1]
  const told =
    lookUp(health, said('health_status')) ??
    lookUp(freshness, said('freshness_status')) ??
    counted ??
    lookUp(runs, said('run_status', 'status'))
  if (told !== undefined) return told
  const summary = firstText(body, summaries) ?? ''
  if (/\blong[- ]running\b|\brunning (?:for|longer)\b/i.test(summary)) return 'JOB_LONG_RUNNING'
  const type = said('notification_type').split('_')[0] ?? ''
  const isWell = readTitleStatus(summary) === 'resolved'
  const isAsset = type === 'ASSET' || firstText(body, ['asset_key', 'asset_keys', 'asset_keys_json']) !== null
  if (isAsset) return isWell ? 'ASSET_MATERIALIZATION_SUCCESS' : 'ASSET_MATERIALIZATION_FAILURE'
  return lookUp(failures, type) ?? (isWell ? 'JOB_SUCCESS' : 'JOB_FAILURE')
}

function isTemplate(body: unknown): boolean {
  const known = tokens.filter((token) => firstText(body, [token]) !== null)
  return known.length >= 2 || /^https?:\/\/[\w.-]{1,200}\.dagster\.cloud\//i.test(firstText(body, links) ?? '')
}
