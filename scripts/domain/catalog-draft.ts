import type { Asset } from './alert.ts'
import { sameAsset } from './assess/asset-names.ts'
import { type Catalog, CatalogAsset } from './catalog.ts'
import { findCatalogAsset } from './catalog-lookup.ts'
import { lineageName } from './lineage.ts'

/** An asset that a system knows, with what it says of it in the catalogue's own words. */
export interface Finding {
  asset: Asset
  says: Partial<Omit<CatalogAsset, 'name' | 'kind'>>
  /** Why it is worth an entry, in one line: `dbt: a model with tests and an owner`. */
  because: string
}

/** An entry to look over. */
export interface DraftEntry {
  entry: CatalogAsset
  /** What each system said; that the tier is a guess stands among it. */
  notes: string[]
}

/** Nobody said how much it matters. */
const guessedTier = 3
const relations: ReadonlySet<string> = new Set(['table', 'model', 'source'])

/**
 * What systems found as entries: what several say of one asset is one entry, where the first to say a thing decides.
 * What the catalogue has already is left out. Highest tier first.
 */
export function draftCatalog(findings: readonly Finding[], catalog: Catalog): DraftEntry[] {
  const drafts: DraftEntry[] = []
  const byName = new Map<string, DraftEntry>()
  for (const { asset, says, because } of findings) {
    if (findCatalogAsset(catalog, asset, says.environment ?? null)) continue
    const key = `${familyOf(asset)}|${lineageName(asset.name)}|${says.system ?? ''}`
    const known = byName.get(key) ?? alike(drafts, asset, says.system)
    if (known) {
      known.entry = { ...says, ...known.entry, tier: Math.min(known.entry.tier, says.tier ?? 4) }
      known.notes.push(because)
      continue
    }
    const draft = { entry: { name: nameOf(asset), kind: asset.kind, tier: says.tier ?? 4, ...says }, notes: [because] }
    drafts.push(draft)
    byName.set(key, draft)
  }
  return drafts
    .map(({ entry, notes }) => finished(entry, notes, findings))
    .toSorted(
      (a, b) =>
        a.entry.tier - b.entry.tier || compare(a.entry.kind, b.entry.kind) || compare(a.entry.name, b.entry.name),
    )
}

/** The same table under a shorter or longer name, where only one can be meant. */
function alike(drafts: readonly DraftEntry[], asset: Asset, system: string | undefined): DraftEntry | undefined {
  if (!relations.has(asset.kind)) return undefined
  const found = drafts.filter(
    ({ entry }) =>
      relations.has(entry.kind) &&
      sameAsset(entry.name, asset.name) &&
      (entry.system === undefined || system === undefined || entry.system === system),
  )
  return found.length === 1 ? found[0] : undefined
}

function finished(entry: CatalogAsset, notes: string[], findings: readonly Finding[]): DraftEntry {
  const isSaid = findings.some(({ asset, says }) => says.tier !== undefined && sameAsset(asset.name, entry.name))
  const tier = isSaid ? entry.tier : guessedTier
  // In the order in which the schema has them, and nothing that it would refuse.
  const parsed = CatalogAsset.parse({ ...entry, tier })
  return { entry: parsed, notes: isSaid ? notes : [...notes, 'tier is a guess: 1 the business stops, 4 nobody waits'] }
}

function familyOf({ kind }: Asset): string {
  return relations.has(kind) ? 'table' : kind
}

/** As its own system spells it. */
function nameOf({ kind, name, native }: Asset): string {
  return (kind === 'dag' ? native?.dag_id : native?.table) ?? name
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
