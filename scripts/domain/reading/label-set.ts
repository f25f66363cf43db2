import type { Asset, Severity } from '../alert.ts'
import { assetIn, assetOf } from './asset.ts'
import { readPriority, readSeverity } from './severity.ts'
import { firstText, type JsonObject, plainKey, textOf } from './value.ts'

/** Labels that tell which of several equal Prometheus servers sent it, and nothing about the condition. */
const replicaLabels = new Set([
  'prometheus',
  'prometheus_replica',
  'replica',
  '__replica__',
  'receive_replica',
  'monitor',
])

/** Labels that the asset is read from only when no other names it: they name who watches, or a whole. */
const wideLabels = new Set(['job', 'cluster', 'namespace', 'container', 'app', 'component', 'project'])

/** Labels that name a thing, or where it is, without saying of what kind: asked last but for the wide ones. */
const plainNames = ['name', 'resource', 'zone', 'datacenter', 'site']

const severityLabels = ['severity', 'level', 'priority', 'criticality', 'alert_severity']
const environmentLabels = ['environment', 'env', 'stage', 'deploy']

/** The thing that a label set in the manner of Prometheus names; null when it names none. */
export function assetOfLabels(labels: JsonObject): Asset | null {
  const narrow = Object.fromEntries(Object.entries(labels).filter(([key]) => !wideLabels.has(plainKey(key))))
  const named = firstText(labels, plainNames)
  const asset = assetIn(narrow) ?? (named === null ? null : assetOf('service', named)) ?? assetIn(labels)
  // `instance` is an address to scrape: the port is the exporter's.
  if (asset?.kind !== 'host') return asset
  return { ...asset, name: asset.name.replace(/:\d{1,5}$/, '') || asset.name }
}

/** A label set is what makes an alert the same alert: https://prometheus.io/docs/alerting/latest/clients/ */
export function checkOfLabels(labels: JsonObject): string {
  return Object.entries(labels)
    .filter(([key]) => !replicaLabels.has(key))
    .map(([key, value]) => `${key}=${textOf(value) ?? ''}`)
    .sort()
    .join('\n')
}

/** The first label that says how bad it is. */
export function severityOfLabels(labels: JsonObject): Severity | null {
  return severityLabels.reduce<Severity | null>(
    (found, key) => found ?? readSeverity(labels[key]) ?? readPriority(labels[key]),
    null,
  )
}

export function environmentOfLabels(labels: JsonObject): string | null {
  return firstText(labels, environmentLabels)
}
