import type { Alert } from '../domain/alert.ts'
import { isWorse } from '../domain/alert.ts'
import { fingerprint } from '../domain/fingerprint.ts'
import { isObject } from '../domain/reading/value.ts'
import { AppError } from '../lib/errors.ts'
import { redactDeep } from '../lib/redact.ts'
import { airbyte } from './airbyte.ts'
import { airflow } from './airflow.ts'
import { alertmanager } from './alertmanager.ts'
import { azureMonitor } from './azure-monitor.ts'
import { bigqueryTransfer } from './bigquery-transfer.ts'
import { cloudevents } from './cloudevents.ts'
import { cloudwatch } from './cloudwatch.ts'
import { dagster } from './dagster.ts'
import { databricks } from './databricks.ts'
import { datadog } from './datadog.ts'
import { nodesOf } from './dbt-artifacts.ts'
import { dbtCloud } from './dbt-cloud.ts'
import { dynatrace } from './dynatrace.ts'
import { elementary } from './elementary.ts'
import { eventbridge } from './eventbridge.ts'
import { fivetran } from './fivetran.ts'
import { gcpMonitoring } from './gcp-monitoring.ts'
import { generic } from './generic.ts'
import { github } from './github.ts'
import { grafana } from './grafana.ts'
import { greatExpectations } from './great-expectations.ts'
import { honeycomb } from './honeycomb.ts'
import { kestra } from './kestra.ts'
import type { Delivery, Monitor } from './monitor.ts'
import { monteCarlo } from './monte-carlo.ts'
import { nagios } from './nagios.ts'
import { newRelic } from './new-relic.ts'
import { openlineage } from './openlineage.ts'
import { openmetadata } from './openmetadata.ts'
import { opsgenie } from './opsgenie.ts'
import { pagerduty } from './pagerduty.ts'
import { plain } from './plain.ts'
import { prefect } from './prefect.ts'
import { rdsEvents } from './rds-events.ts'
import { sentry } from './sentry.ts'
import { snowflake } from './snowflake.ts'
import { sns } from './sns.ts'
import { soda } from './soda.ts'
import { splunk } from './splunk.ts'
import { sumologic } from './sumologic.ts'
import { eventData, isHandshake, partsOf, unwrap } from './unwrap.ts'
import { uptimeKuma } from './uptime-kuma.ts'
import { victorops } from './victorops.ts'
import { zabbix } from './zabbix.ts'

/** Asked in this order: vendors, then the shapes that many send; `generic` knows everything and stays last. */
export const monitors: readonly Monitor[] = [
  airbyte,
  airflow,
  azureMonitor,
  bigqueryTransfer,
  cloudevents,
  cloudwatch,
  dagster,
  databricks,
  datadog,
  dbtCloud,
  dynatrace,
  elementary,
  eventbridge,
  fivetran,
  gcpMonitoring,
  github,
  grafana,
  greatExpectations,
  honeycomb,
  kestra,
  monteCarlo,
  nagios,
  newRelic,
  openlineage,
  openmetadata,
  opsgenie,
  pagerduty,
  prefect,
  rdsEvents,
  sentry,
  snowflake,
  sns,
  soda,
  splunk,
  sumologic,
  uptimeKuma,
  victorops,
  zabbix,
  alertmanager,
  plain,
  generic,
]

/** More alerts than this in one body are counted, not read. */
const mostAlerts = 20_000

/**
 * Names the monitor behind a delivery and reads its alerts. Takes off what carried the body first (a string, SNS,
 * Pub/Sub), and every secret, so that no adapter sees one. What a team taught is asked before the registry; `only`
 * asks one monitor by its name. No alerts: a handshake or a group that is empty.
 * @throws AppError E_PAYLOAD_UNREADABLE, or E_PAYLOAD_NO_ALERT for a body that says nothing of what is wrong.
 */
export function readDelivery(
  delivery: Delivery,
  { only, taught = [] }: { only?: string | undefined; taught?: readonly Monitor[] } = {},
): { monitor: string; alerts: Alert[] } {
  const whole = unwrap(delivery.body)
  const parts = nodesOf(whole) ?? partsOf(whole)
  if (parts !== undefined) return readParts(parts, delivery, { only, taught })
  const body = redactDeep(whole)
  if (isHandshake(body) || isHandshake(delivery.body)) return { monitor: 'handshake', alerts: [] }
  const known = [...taught, ...monitors]
  const opened = carriedBy({ ...delivery, body }, known)
  const monitor = only === undefined ? known.find((one) => one.recognises(opened)) : findMonitor(only, taught)
  if (isListOfBodies(opened, monitor, known)) return readParts(opened.body, delivery, { only, taught })
  if (!monitor) {
    throw new AppError(
      'E_PAYLOAD_NO_ALERT',
      'The body says nothing of what is wrong.',
      'Send an object, or a list of objects, with at least a title or a message.',
    )
  }
  return { monitor: monitor.name, alerts: withoutExcess(monitor.parse(opened)) }
}

/**
 * What a batch carries, each read as if it had come alone. A part without an alert is passed over when others have one.
 * @throws AppError E_PAYLOAD_UNREADABLE when a part breaks its monitor's shape, E_PAYLOAD_NO_ALERT when none has one.
 */
function readParts(parts: readonly unknown[], delivery: Delivery, how: Parameters<typeof readDelivery>[1]) {
  const read: ReturnType<typeof readDelivery>[] = []
  let silent: unknown
  for (const body of parts) {
    try {
      read.push(readDelivery({ ...delivery, body }, how))
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== 'E_PAYLOAD_NO_ALERT') throw thrown
      silent = thrown
    }
  }
  const [first] = read
  if (first === undefined && silent === undefined) return { monitor: plain.name, alerts: [] }
  if (first === undefined) throw silent
  const telling = read.find(({ alerts }) => alerts.length > 0) ?? first
  return { monitor: telling.monitor, alerts: withoutExcess(read.flatMap(({ alerts }) => alerts)) }
}

/** So many of a list are looked at to see whether it holds whole bodies of monitors. */
const mostLookedAt = 5

/** A list that nobody knows as a whole, of bodies that somebody knows: several deliveries sent on in one. */
function isListOfBodies(
  delivery: Delivery,
  monitor: Monitor | undefined,
  known: readonly Monitor[],
): delivery is Delivery & { body: unknown[] } {
  if ((monitor !== undefined && monitor !== generic) || !Array.isArray(delivery.body)) return false
  const some: unknown[] = delivery.body.slice(0, mostLookedAt)
  return some.some((body) => known.some((one) => one !== generic && one.recognises({ ...delivery, body })))
}

/** What an event carries, when that is a body of a monitor's own; else the event, with what it carries opened. */
function carriedBy(delivery: Delivery, known: readonly Monitor[]): Delivery {
  const inside = eventData(delivery.body)
  if (inside === undefined || !isObject(delivery.body)) return delivery
  const data = redactDeep(inside)
  const carried = { ...delivery, body: data }
  const isKnown = known.some((one) => one !== generic && one.recognises(carried))
  return isKnown ? carried : { ...delivery, body: { ...delivery.body, data } }
}

/** @throws AppError E_SETTING_INVALID for a name that is not in the registry. */
export function findMonitor(name: string, taught: readonly Monitor[] = []): Monitor {
  const known = [...taught, ...monitors]
  const monitor = known.find((one) => one.name === name)
  if (monitor) return monitor
  const names = known.map((one) => one.name).join(', ')
  throw new AppError('E_SETTING_INVALID', `There is no monitor "${name.slice(0, 64)}".`, `Known are: ${names}.`)
}

/** Nothing is dropped without a word: what is too much becomes one alert that says so, as bad as the worst of it. */
function withoutExcess(alerts: Alert[]): Alert[] {
  const rest = alerts.slice(mostAlerts - 1)
  const [first] = rest
  if (first === undefined || alerts.length <= mostAlerts) return alerts
  const worst = rest.reduce(
    (worstSoFar, alert) => (isWorse(alert.severity, worstSoFar.severity) ? alert : worstSoFar),
    first,
  )
  const firing = rest.filter((alert) => alert.status === 'firing').length
  const summary: Alert = {
    ...worst,
    external_id: null,
    fingerprint: fingerprint({
      source: worst.source,
      check: 'more than can be read',
      asset: null,
      environment: worst.environment,
    }),
    status: firing > 0 ? 'firing' : worst.status,
    title: `${rest.length} more alerts in one delivery of ${worst.source}, ${firing} of them firing`,
    description: `The first of them: ${first.title}`,
    asset: null,
    facts: [],
  }
  return [...alerts.slice(0, mostAlerts - 1), summary]
}
