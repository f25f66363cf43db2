import { type Asset, type AssetKind, isRelation } from './alert.ts'
import type { Catalog, CatalogAsset } from './catalog.ts'
import { matchesPattern } from './pattern.ts'

/**
 * The entry of an asset, or null. Environment and system must agree where both sides say them; the entry that says
 * most wins. A task without an entry of its own has that of its DAG.
 */
export function findCatalogAsset(catalog: Catalog, asset: Asset, environment: string | null): CatalogAsset | null {
  const dag = asset.kind === 'task' ? asset.native?.dag_id : undefined
  return (
    best(catalog.assets, asset, environment) ??
    (dag ? best(catalog.assets, { ...asset, kind: 'dag', name: dag }, environment) : null)
  )
}

function best(entries: readonly CatalogAsset[], asset: Asset, environment: string | null): CatalogAsset | null {
  const name = asset.name.toLowerCase()
  let found: CatalogAsset | null = null
  let most = -1
  for (const entry of entries) {
    if (entry.name.toLowerCase() !== name || !isSameKind(entry.kind, asset.kind)) continue
    const agreement = [
      agrees(entry.environment, environment),
      agrees(entry.system, asset.system ?? null),
      entry.kind === asset.kind ? 1 : 0,
    ]
    const score = agreement.includes(-1) ? -1 : agreement.reduce((sum, one) => sum + one, 0)
    if (score > most) {
      found = entry
      most = score
    }
  }
  return found
}

function isSameKind(a: AssetKind, b: AssetKind): boolean {
  return a === b || (isRelation(a) && isRelation(b))
}

/** 1: both say the same; 0: one says nothing; -1: they differ. */
function agrees(a: string | undefined, b: string | null): number {
  if (a === undefined || b === null) return 0
  return a.toLowerCase() === b.toLowerCase() ? 1 : -1
}

/** Work that was planned for an asset, and for when. */
export interface Maintenance {
  name: string
  asset: string
  from: string
  until: string
}

/**
 * The maintenance windows that cover an asset at an instant; `asset` in a window may hold `*`. Recurring ones, and those
 * by source or label, silence alerts as they come in; they say nothing of an asset.
 */
export function maintenanceAt(catalog: Catalog, asset: Asset, now: Date): Maintenance[] {
  return (catalog.maintenance ?? []).flatMap(({ name, asset: pattern, from, until, cron, source, labels }) => {
    if (!pattern || !from || !until || cron || source || labels) return []
    const isOpen = Date.parse(from) <= now.getTime() && now.getTime() < Date.parse(until)
    return isOpen && matchesPattern(pattern, asset.name) ? [{ name, asset: pattern, from, until }] : []
  })
}

/** The load that the catalogue calls normal and that covers a measured value; the metric's name may hold `*`. */
export function expectedLoad(
  entry: CatalogAsset,
  metric: string,
  value: number,
): NonNullable<CatalogAsset['expected']>[number] | null {
  return entry.expected?.find((row) => matchesPattern(row.metric, metric) && value <= row.up_to) ?? null
}
