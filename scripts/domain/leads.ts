import { z } from 'zod'
import { Asset } from './alert.ts'

/** More than this a single answer does not send us to. */
const mostLeads = 6

const Named = z.looseObject({
  source: z.string(),
  kind: z.string(),
  data: z.looseObject({
    /** Where a connector knows what to ask about next: the table of a model, the DAG that builds it. */
    leads: z.array(z.unknown()).optional().catch(undefined),
    dag_id: z.string().optional().catch(undefined),
    table: z.string().optional().catch(undefined),
    system: z.string().optional().catch(undefined),
  }),
})

/** Claims and memories name things too, but only what a system says now is followed. */
const hearsay: ReadonlySet<string> = new Set(['alert', 'history', 'maintenance'])
/** Kinds whose `table` names a table that can be asked about. */
const aboutTables: ReadonlySet<string> = new Set(['dbt_model', 'dbt_test', 'source_freshness'])

/** The assets that an answer names, in its order, without repetition and without those that are `known`. */
export function leadsOf(drafts: readonly unknown[], known: readonly (Asset | null)[]): Asset[] {
  const found = new Map<string, Asset>()
  for (const draft of drafts) {
    const parsed = Named.safeParse(draft)
    if (!parsed.success || hearsay.has(parsed.data.source)) continue
    for (const asset of namedBy(parsed.data)) {
      if (!known.some((one) => isSame(asset, one)))
        found.set(`${asset.kind}|${asset.name}|${asset.system ?? ''}`, asset)
    }
  }
  return [...found.values()].slice(0, mostLeads)
}

function namedBy({ kind, data }: z.infer<typeof Named>): Asset[] {
  const candidates: unknown[] = [...(data.leads ?? [])]
  if (data.dag_id) {
    const system = data.system ? { system: data.system } : {}
    candidates.push({ kind: 'dag', name: data.dag_id.toLowerCase(), native: { dag_id: data.dag_id }, ...system })
  }
  if (data.table && aboutTables.has(kind)) {
    candidates.push({ kind: 'table', name: data.table.toLowerCase(), native: { table: data.table } })
  }
  return candidates.flatMap((candidate) => {
    const asset = Asset.safeParse(candidate)
    return asset.success ? [asset.data] : []
  })
}

/** A task lives in its DAG: whoever asked about the one has asked about the other. */
function isSame(asset: Asset, about: Asset | null): boolean {
  if (!about) return false
  if (asset.kind === about.kind && asset.name.toLowerCase() === about.name.toLowerCase()) return true
  const dag = about.native?.dag_id
  return asset.kind === 'dag' && dag !== undefined && asset.native?.dag_id === dag
}
