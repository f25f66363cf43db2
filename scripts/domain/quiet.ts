import { type Alert, sourceKey } from './alert.ts'
import type { QuietRules } from './quiet-rules.ts'
import { type ActiveSilence, silencedBy } from './silence.ts'

const minute = 60_000
const hour = 60 * minute

/** Why an alert's incident is not analysed for now, and when it is looked at again. */
export interface QuietMark {
  /** `silence`: people said so; `hold`: its system still retries; `old`: it speaks of another day. */
  kind: 'silence' | 'hold' | 'old'
  reason: string
  until: Date
}

/**
 * Whether an alert is to be kept quiet. Only a firing is; a silence speaks before anything else, and what is critical
 * waits for no retry.
 */
export function quietMark(
  alert: Alert,
  rules: QuietRules,
  active: readonly ActiveSilence[],
  now: Date,
): QuietMark | null {
  if (alert.status !== 'firing') return null
  const silence = silencedBy(alert, active)
  if (silence) return { kind: 'silence', reason: reasonOf(silence), until: silence.until }
  const hours = maxAgeHours(alert, rules)
  if (isOlderThan(alert, hours, now)) {
    return { kind: 'old', reason: `began more than ${hours} h ago by its own time`, until: now }
  }
  const left = alert.severity === 'CRITICAL' ? 0 : retriesLeft(alert)
  if (left === 0 || rules.holdMinutes === 0) return null
  return {
    kind: 'hold',
    reason: `its system tries again: ${left === 1 ? 'one retry' : `${left} retries`} left`,
    until: new Date(now.getTime() + rules.holdMinutes * minute),
  }
}

/** How a silence is named where people read of it. */
export function reasonOf({ id, name, until }: ActiveSilence): string {
  const label = id === name ? name : `${id}, ${name}`
  return `silenced until ${until.toISOString()}: ${label}`
}

/** More retries than this are a loop, not a plan. */
const mostRetries = 100

/**
 * How many retries the system behind a failed task or pipeline has left, as the alert says. Airflow counts tries from
 * 1, and calls a try that will be repeated `up_for_retry`.
 */
export function retriesLeft(alert: Alert): number {
  const kind = alert.asset?.kind
  if (kind !== 'task' && kind !== 'dag' && kind !== 'job') return 0
  const fact = alert.facts.find((one) => one.kind === 'task_failure')?.data ?? {}
  const tried = numberOf(fact.try_number ?? label(alert, 'try_number'))
  const most = numberOf(fact.max_tries ?? label(alert, 'max_tries'))
  const counted = tried === null || most === null ? 0 : Math.min(Math.max(most - tried, 0), mostRetries)
  const state = String(fact.state ?? label(alert, 'state') ?? '').toLowerCase()
  return state === 'up_for_retry' ? Math.max(counted, 1) : counted
}

/** A label by the last part of its name: what is nested arrives as `task_instance.try_number`. */
function label(alert: Alert, name: string): string | undefined {
  const found = Object.entries(alert.labels).find(([key]) => key === name || key.endsWith(`.${name}`))
  return found?.[1]
}

function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 ? number : null
}

/**
 * Sources whose `started_at` is the moment at which the trouble was seen. Elsewhere it may be the start of a run, or
 * the day whose data a run is about, which says nothing of how old the news is.
 */
const timedSources: ReadonlySet<string> = new Set([
  'alertmanager',
  'azure-monitor',
  'cloudwatch',
  'datadog',
  'dynatrace',
  'gcp-monitoring',
  'grafana',
  'honeycomb',
  'nagios',
  'opsgenie',
  'pagerduty',
  'rds-events',
  'sentry',
  'uptime-kuma',
  'zabbix',
])

/** A source's own `max_age_hours` also says that its times can be trusted. */
function maxAgeHours(alert: Alert, rules: QuietRules): number | null {
  const own = rules.sources.get(sourceKey(alert))?.maxAgeHours
  return own ?? (timedSources.has(alert.source) ? rules.maxAgeHours : null)
}

function isOlderThan(alert: Alert, hours: number | null, now: Date): hours is number {
  if (hours === null || alert.started_at === null) return false
  return now.getTime() - Date.parse(alert.started_at) > hours * hour
}
