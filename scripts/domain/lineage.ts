import type { Catalog } from './catalog.ts'

/** `downstream` is made from `upstream`: when that one fails, this one does as well. Canonical, lower-case names. */
export interface LineageEdge {
  upstream: string
  downstream: string
}

/** An asset's name as lineage knows it. */
export function lineageName(name: string): string {
  return name.trim().toLowerCase()
}

/** Edges with canonical names, each once; an asset that feeds itself says nothing. */
export function canonicalEdges(edges: readonly LineageEdge[]): LineageEdge[] {
  const found = new Map<string, LineageEdge>()
  for (const edge of edges) {
    const upstream = lineageName(edge.upstream)
    const downstream = lineageName(edge.downstream)
    if (upstream === '' || downstream === '' || upstream === downstream) continue
    found.set(`${upstream}\n${downstream}`, { upstream, downstream })
  }
  return [...found.values()]
}

/**
 * The lineage that a catalogue tells: what an entry names as `upstream`, and those of its `consumers` that are entries
 * themselves. Other consumers are teams and systems of which no monitor speaks.
 */
export function catalogLineage({ assets }: Catalog): LineageEdge[] {
  const known = new Set(assets.map(({ name }) => lineageName(name)))
  return canonicalEdges(
    assets.flatMap(({ name, upstream = [], consumers = [] }) => [
      ...upstream.map((one) => ({ upstream: one, downstream: name })),
      ...consumers.filter((one) => known.has(lineageName(one))).map((one) => ({ upstream: name, downstream: one })),
    ]),
  )
}
