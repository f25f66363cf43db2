import { dagIdOf } from './alert.ts'
import { sameAsset } from './assess/asset-names.ts'
import { type Evidence, type EvidenceOf, type EvidenceSource, ofKind } from './evidence.ts'
import type { Incident } from './incident.ts'

/** A team and where its catalogue entry says that it listens. */
export interface Owner {
  name: string
  /** A Slack channel; null when the catalogue names none. */
  channel: string | null
  /** The asset through which it is concerned. */
  asset: string
}

/**
 * Whose it is, and whose promise suffers. Only the team's own catalogues say so, then who owns the DAG in Airflow: an
 * alert may claim anything.
 */
export interface Owners {
  /** The owner of what is in trouble. */
  cause: Owner | null
  /** Owners of other assets whose SLA suffers with it; a breached one first, each team once. */
  suffering: Owner[]
}

type Entry = EvidenceOf<'catalog_entry'>

/** The owners as the evidence of an incident names them. */
export function ownersOf(asset: Incident['asset'], evidence: readonly Evidence[]): Owners {
  const entries = believedEntries(evidence)
  // What stands below an asset is another team's: it suffers, and is not the cause.
  const near = entries.filter(({ data }) => !data.below)
  const named = near.find(({ data }) => asset !== null && isNamed(data.asset, asset))
  const runs = dagOwner(asset, evidence)
  const own = named ?? (runs ? undefined : near[0])
  const cause = (own && ownerOf(own)) ?? runs
  const suffering = new Map<string, Owner>()
  for (const entry of [...entries].sort(breachedFirst)) {
    const isOwn = own !== undefined && sameAsset(entry.data.asset, own.data.asset)
    const owner = isOwn || !hasPromise(entry) ? null : ownerOf(entry)
    if (owner && owner.name !== cause?.name && !suffering.has(owner.name)) suffering.set(owner.name, owner)
  }
  return { cause, suffering: [...suffering.values()] }
}

/** The catalogues that are believed, the team's own file first. */
const catalogues: readonly EvidenceSource[] = ['catalog', 'openmetadata', 'datahub', 'dbt']

/** The entries of catalogues, in the order in which these are believed. */
export function believedEntries(evidence: readonly Evidence[]): Entry[] {
  const all = ofKind(evidence, 'catalog_entry')
  return catalogues.flatMap((name) => all.filter(({ source }) => source === name))
}

/** The highest tier (1) of what the incident touches; null when the catalogue knows none of it. */
export function tierOf(evidence: readonly Evidence[]): number | null {
  const tiers = ofKind(evidence, 'catalog_entry').flatMap(({ data }) => data.tier ?? [])
  return tiers.length > 0 ? Math.min(...tiers) : null
}

function isNamed(name: string, asset: NonNullable<Incident['asset']>): boolean {
  const lower = name.toLowerCase()
  return lower === asset.name.toLowerCase() || lower === asset.native?.dag_id?.toLowerCase()
}

/** What Airflow calls a DAG whose owner nobody wrote down. */
const nobody = 'airflow'

function dagOwner(asset: Incident['asset'], evidence: readonly Evidence[]): Owner | null {
  const dagId = dagIdOf(asset)
  const own = ofKind(evidence, 'dag_state').find(({ source, data }) => source === 'airflow' && data.dag_id === dagId)
  const name = own?.data.owners?.find((owner) => owner.toLowerCase() !== nobody)
  return own && name ? { name, channel: null, asset: own.data.dag_id } : null
}

function hasPromise({ data }: Entry): boolean {
  return Boolean(data.breached || data.sla_deadline || data.sla_minutes)
}

function breachedFirst(a: Entry, b: Entry): number {
  return Number(b.data.breached ?? false) - Number(a.data.breached ?? false)
}

function ownerOf({ data }: Entry): Owner | null {
  return data.owner ? { name: data.owner, channel: data.channel ?? null, asset: data.asset } : null
}
