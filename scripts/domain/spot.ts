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
}

/** Kinds that speak of the same thing: what dbt calls a model is a table in the warehouse. */
const families: Partial<Record<AssetKind, string>> = { model: 'table', source: 'table', task: 'dag' }

export function spotOf({ asset, environment }: Pick<Alert, 'asset' | 'environment'>): Spot {
  if (!asset) return { node: null, scope: '', environment, platform: null }
  const dag = asset.kind === 'task' ? asset.native?.dag_id : undefined
  const platform = platformOf(asset)
  return {
    node: lineageName(dag ?? asset.name),
    scope: `${families[asset.kind] ?? asset.kind}|${asset.system ?? ''}`,
    environment,
    platform: platform === null ? null : platformKey(platform, environment),
  }
}

/** The identity of a platform: its name and environment. */
export function platformKey(name: string, environment: string | null): string {
  return `${name.toLowerCase()}|${environment ?? ''}`
}

export function platformName(key: string): string {
  return key.slice(0, key.lastIndexOf('|'))
}

/** The connector instance, else what the monitor says, else what the name tells: tables of one database live together. */
function platformOf({ kind, name, system, platform }: Asset): string | null {
  const said = system ?? platform
  if (said) return said
  if (kind === 'dag' || kind === 'task') return 'airflow'
  const database = /^([^.]+)\./.exec(name)?.[1]
  return families[kind] === 'table' || kind === 'table' ? (database ?? null) : null
}
