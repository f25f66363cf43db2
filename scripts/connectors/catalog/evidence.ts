import type { Alert, Asset, Category } from '../../domain/alert.ts'
import { type Catalog, type CatalogAsset, deadlineOf } from '../../domain/catalog.ts'
import { expectedLoad, type Maintenance } from '../../domain/catalog-lookup.ts'
import type { EvidenceDraft } from '../../domain/evidence.ts'
import { promisedNow, spellPromise } from '../../domain/promise.ts'
import { assetOf } from '../../domain/reading/asset.ts'

/** Of what a DAG makes, so much is asked about next. */
const mostMade = 4

export interface About {
  catalog: Catalog
  category: Category
  now: Date
}

/** An entry with what its promise comes to now. `from`: the asset below which it stands, where it is not its own. */
export function entryEvidence(entry: CatalogAsset, about: About, from: Asset | null = null): EvidenceDraft {
  const { catalog, category, now } = about
  const deadline = deadlineOf(catalog, entry)
  const promised = promisedNow({ minutes: entry.sla?.minutes, deadline }, category, now)
  const consumers = entry.consumers ?? []
  const parts = [
    `tier ${entry.tier}`,
    entry.owner ? `owned by ${entry.owner}` : null,
    ...spellPromise(promised, deadline),
    // Said only when the team wrote it down: an absent list is not an empty one.
    entry.consumers ? `read by ${consumers.length === 0 ? 'nobody' : consumers.length}` : null,
  ]
  const below = from === null ? '' : `, made from ${from.name},`
  return {
    source: 'catalog',
    kind: 'catalog_entry',
    asset: entry.name,
    observed_at: now.toISOString(),
    summary: `${entry.name}${below} is ${parts.filter(Boolean).join(', ')}.`,
    data: {
      asset: entry.name,
      owner: entry.owner ?? null,
      tier: entry.tier,
      ...promised,
      // The catalogue knows the promise; whether it was kept, gathering works out from what other systems say.
      breached: null,
      consumers: entry.consumers ?? null,
      revenue_per_hour: entry.revenue_per_hour ?? null,
      runbook: entry.runbook ?? null,
      channel: entry.channel ?? null,
      environment: entry.environment ?? null,
      ...(entry.system ? { home_system: entry.system } : {}),
      ...(from === null ? {} : { below: from.name }),
    },
  }
}

/** Which DAG makes an asset, and what a DAG makes, as the entries say: each is asked about next. */
export function makerEvidence(asset: Asset, makers: readonly string[], made: readonly CatalogAsset[], now: Date) {
  if (makers.length === 0 && made.length === 0) return []
  const names = made.map(({ name }) => name)
  const parts = [
    makers.length > 0 ? `is made by the DAG ${makers.join(', ')}` : null,
    names.length > 0 ? `makes ${names.slice(0, mostMade).join(', ')}` : null,
  ]
  const leads = [
    ...makers.map((id) => assetOf('dag', id)),
    ...made.slice(0, mostMade).map(({ kind, name }) => assetOf(kind, name)),
  ]
  const draft: EvidenceDraft = {
    source: 'catalog',
    kind: 'lineage',
    asset: asset.name,
    observed_at: now.toISOString(),
    summary: `${asset.name} ${parts.filter(Boolean).join(' and ')}.`,
    data: { upstream: [...makers], downstream: names, leads: leads.filter((lead) => lead !== null) },
  }
  return [draft]
}

/** The measured values of the alerts that the entry calls normal. */
export function expectedEvidence(entry: CatalogAsset, alerts: readonly Alert[], now: Date): EvidenceDraft[] {
  const facts = alerts.flatMap((alert) => alert.facts).filter((fact) => fact.kind === 'metric')
  return facts.flatMap(({ data: { name, value } }): EvidenceDraft[] => {
    if (typeof name !== 'string' || typeof value !== 'number') return []
    const row = expectedLoad(entry, name, value)
    if (!row) return []
    return [
      {
        source: 'catalog',
        kind: 'metric',
        asset: entry.name,
        observed_at: now.toISOString(),
        summary: `${name} at ${value} on ${entry.name} is within what is normal there: up to ${row.up_to}, ${row.pattern}.`,
        data: { name, value, baseline_max: row.up_to, pattern: row.pattern },
      },
    ]
  })
}

export function maintenanceEvidence(window: Maintenance, now: Date): EvidenceDraft {
  return {
    source: 'maintenance',
    kind: 'maintenance',
    asset: window.asset,
    observed_at: now.toISOString(),
    summary: `Maintenance of ${window.asset} until ${new Date(window.until).toISOString()}: ${window.name}.`,
    data: {
      name: window.name,
      asset: window.asset,
      from: new Date(window.from).toISOString(),
      until: new Date(window.until).toISOString(),
    },
  }
}
