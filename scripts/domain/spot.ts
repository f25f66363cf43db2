import type { Alert, Asset, AssetKind } from './alert.ts'
import { lineageName } from './lineage.ts'

/** Where an alert's asset is, as folding sees it. */
export interface Spot {
  /** Its name in the lineage: a task is where its DAG is. Null without an asset. */
  node: string | null
  /** What two assets of one name must share to be the same: kind and system. */
  scope: string
  /** Only assets of one environment ever meet. */
  environment: string | null
  /** The platform it lives on, in its environment; null when nobody can tell. */
  platform: string | null
  /** The configured instance behind that platform, in the same form, where it is certain. */
  host: string | null
}

/** Kinds that speak of the same thing: what dbt calls a model is a table in the warehouse. */
const families: Partial<Record<AssetKind, string>> = { model: 'table', source: 'table', task: 'dag' }

export function spotOf(alert: Pick<Alert, 'asset' | 'environment' | 'labels' | 'instance'>): Spot {
  const { asset, environment, labels, instance } = alert
  if (!asset) return { node: null, scope: '', environment, platform: null, host: null }
  const dag = asset.kind === 'task' ? asset.native?.dag_id : undefined
  const platform = platformOf(asset, labels.platform, instance)
  return {
    node: lineageName(dag ?? asset.name),
    scope: `${families[asset.kind] ?? asset.kind}|${asset.system ?? ''}`,
    environment,
    platform: platform === null ? null : platformKey(platform, environment),
    host: instance === undefined ? null : platformKey(instance, environment),
  }
}

/** The identity of a platform: its name and environment. */
export function platformKey(name: string, environment: string | null): string {
  return `${name.toLowerCase()}|${environment ?? ''}`
}

export function platformName(key: string): string {
  return key.slice(0, key.lastIndexOf('|'))
}

export function platformEnvironment(key: string): string | null {
  return key.slice(key.lastIndexOf('|') + 1) || null
}

/**
 * The connector instance, else what the name tells: tables of one database live together, whatever each monitor calls
 * their warehouse. Else what the monitor says.
 */
function platformOf(
  { kind, name, system, platform }: Asset,
  label: string | undefined,
  instance: string | undefined,
): string | null {
  if (system) return system
  const database = (families[kind] ?? kind) === 'table' ? /^([^.]+)\./.exec(name)?.[1] : undefined
  const said = database ?? platform ?? label?.slice(0, 64)
  const isDag = kind === 'dag' || kind === 'task'
  return (isDag ? instance : undefined) ?? said ?? (isDag ? 'airflow' : null)
}
