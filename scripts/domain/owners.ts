import { type Evidence, type EvidenceOf, ofKind } from './evidence.ts'
import type { Incident } from './incident.ts'

/** A team and where its catalogue entry says that it listens. */
export interface Owner {
  name: string
  /** A Slack channel; null when the catalogue names none. */
  channel: string | null
  /** The asset through which it is concerned. */
  asset: string
}

/** Whose it is, and whose promise suffers. Only the team's own catalogue says so: an alert may claim anything. */
export interface Owners {
  /** The owner of what is in trouble. */
  cause: Owner | null
  /** Owners of other assets whose SLA suffers with it; a breached one first, each team once. */
  suffering: Owner[]
}

type Entry = EvidenceOf<'catalog_entry'>

/** The owners as the evidence of an incident names them. */
export function ownersOf(asset: Incident['asset'], evidence: readonly Evidence[]): Owners {
  const entries = ofKind(evidence, 'catalog_entry').filter(({ source }) => source === 'catalog')
  const own = entries.find(({ data }) => asset !== null && isNamed(data.asset, asset)) ?? entries[0]
  const cause = own ? ownerOf(own) : null
  const suffering = new Map<string, Owner>()
  for (const entry of [...entries].sort(breachedFirst)) {
    const owner = entry === own || !hasPromise(entry) ? null : ownerOf(entry)
    if (owner && owner.name !== cause?.name && !suffering.has(owner.name)) suffering.set(owner.name, owner)
  }
  return { cause, suffering: [...suffering.values()] }
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

function hasPromise({ data }: Entry): boolean {
  return Boolean(data.breached || data.sla_deadline || data.sla_minutes)
}

function breachedFirst(a: Entry, b: Entry): number {
  return Number(b.data.breached ?? false) - Number(a.data.breached ?? false)
}

function ownerOf({ data }: Entry): Owner | null {
  return data.owner ? { name: data.owner, channel: data.channel ?? null, asset: data.asset } : null
}
