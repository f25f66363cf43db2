import { z } from 'zod'
import { canonicalEdges, type LineageEdge, lineageName } from '../domain/lineage.ts'
import { type Access, type Query, within } from './connection.ts'
import { sql } from './sql.ts'

/** The version of an origin's lineage that is kept; null when there is none. */
export async function lineageVersion(access: Access, origin: string): Promise<string | null> {
  const row = await within(access, (query) =>
    query.first(z.object({ version: z.string() }), sql`select version from lineage_origins where origin = ${origin}`),
  )
  return row?.version ?? null
}

/**
 * Replaces what an origin (`catalog`, `dbt:NAME`) says about lineage; other origins keep theirs. False, and nothing
 * written, when this version is kept already. Of two at once the second waits.
 */
export function replaceLineage(
  access: Access,
  origin: string,
  version: string,
  edges: readonly LineageEdge[],
): Promise<boolean> {
  return within(access, async (query) => {
    const isNew = await query.run(
      sql`insert into lineage_origins (tenant, origin, version)
          values (current_setting('dim.tenant'), ${origin}, ${version})
          on conflict (tenant, origin) do update set version = excluded.version, written_at = now()
          where lineage_origins.version <> excluded.version`,
    )
    if (isNew === 0) return false
    const canonical = canonicalEdges(edges)
    await query.run(sql`delete from lineage_edges where origin = ${origin}`)
    await query.run(
      sql`insert into lineage_edges (tenant, origin, upstream, downstream)
          select current_setting('dim.tenant'), ${origin}, upstream, downstream
          from unnest(${canonical.map((edge) => edge.upstream)}::text[], ${canonical.map((edge) => edge.downstream)}::text[])
            as edge (upstream, downstream)`,
    )
    return true
  })
}

/** Further away than this, one thing seldom says much about another. */
export const lineageDepth = 10

/** The assets that this one is made from, nearest first, each once, with their distance (1: directly). */
export async function upstreamOf(access: Access, name: string, depth = lineageDepth): Promise<Map<string, number>> {
  return within(access, async (query) => (await walk(query, name, depth, ['up'])).up)
}

/** The assets that are made from this one, nearest first, each once, with their distance (1: directly). */
export async function downstreamOf(access: Access, name: string, depth = lineageDepth): Promise<Map<string, number>> {
  return within(access, async (query) => (await walk(query, name, depth, ['down'])).down)
}

/** Both at once, at the price of one. */
export function lineageOf(
  access: Access,
  name: string,
  depth = lineageDepth,
): Promise<{ up: Map<string, number>; down: Map<string, number> }> {
  return within(access, (query) => walk(query, name, depth, ['up', 'down']))
}

const Step = z.object({ up: z.array(z.string()), down: z.array(z.string()) })

/**
 * Level by level, so that each asset is looked at once, however many ways and cycles lead to it: a recursive statement
 * would look once for each distance.
 */
async function walk(query: Query, name: string, depth: number, sides: readonly ('up' | 'down')[]) {
  const start = lineageName(name)
  const found = { up: new Map<string, number>(), down: new Map<string, number>() }
  let edge = { up: sides.includes('up') ? [start] : [], down: sides.includes('down') ? [start] : [] }
  for (let distance = 1; distance <= depth && edge.up.length + edge.down.length > 0; distance += 1) {
    // One row, as thousands would take longer to read than to find; and an index look-up for each name: a plan made
    // before the table was analysed would read all of the tenant's edges at each level.
    const step = await query.first(
      Step,
      sql`select array(select distinct upstream from unnest(${edge.up}::text[]) as from_name, lateral (
              select upstream from lineage_edges where downstream = from_name offset 0) as found) as up,
            array(select distinct downstream from unnest(${edge.down}::text[]) as from_name, lateral (
              select downstream from lineage_edges where upstream = from_name offset 0) as found) as down`,
    )
    const unseen = (side: 'up' | 'down') => (step?.[side] ?? []).filter((one) => one !== start && !found[side].has(one))
    edge = { up: unseen('up'), down: unseen('down') }
    for (const side of ['up', 'down'] as const) for (const one of edge[side]) found[side].set(one, distance)
  }
  return found
}
