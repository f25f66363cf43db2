import type { Alert } from '../alert.ts'
import { type Evidence, type EvidenceOf, ofKind } from '../evidence.ts'
import { mentions, type Neighbourhood, sameAsset } from './asset-names.ts'

/** What the catalogue promises about the alerts' assets, and where the clock stands. */
export interface ServiceLevel {
  /** The catalogue's entries of the alerts' assets; empty means not catalogued. */
  entries: EvidenceOf<'catalog_entry'>[]
  /** 1 highest … 4; null when no entry says it. */
  tier: number | null
  owner: string | null
  consumers: string[]
  /** In the catalogue's currency. */
  revenuePerHour: number
  minutes: number | null
  breached: boolean
  /** Until the promise is broken, negative when it is; null without a promise. */
  minutesLeft: number | null
  /** What the promise and its clock were read from. */
  evidence: string[]
}

/** Reads the catalogue's entries and the clocks of runs and data against each other. */
export function serviceLevel(
  alerts: readonly Alert[],
  evidence: readonly Evidence[],
  around: Neighbourhood,
  now: Date,
): ServiceLevel {
  const entries = ownEntries(alerts, ofKind(evidence, 'catalog_entry'), around)
  const tiers = entries.flatMap(({ data }) => data.tier ?? [])
  // The payload's own promises may add urgency and readers, where the catalogue knows none; a rank they never give.
  const claimed = ofKind(evidence, 'catalog_entry').filter(({ source }) => source === 'alert')
  const catalogued = entries.flatMap(({ data }) => data.sla_minutes ?? [])
  const limits = catalogued.length > 0 ? catalogued : claimed.flatMap(({ data }) => data.sla_minutes ?? [])
  const minutes = limits.length > 0 ? Math.min(...limits) : null
  const clocks = [
    ...[...entries, ...claimed].flatMap((entry) => deadlineClock(entry, now)),
    ...(minutes === null ? [] : runClocks(evidence, around, minutes, now)),
  ]
  const left = clocks.map((clock) => clock.minutesLeft)
  const minutesLeft = left.length > 0 ? Math.min(...left) : null
  const urgent = clocks.filter((clock) => clock.minutesLeft === minutesLeft)
  return {
    entries,
    tier: tiers.length > 0 ? Math.min(...tiers) : null,
    owner: entries.find(({ data }) => data.owner)?.data.owner ?? null,
    consumers: [...entries, ...claimed].flatMap(({ data }) => data.consumers ?? []),
    revenuePerHour: Math.max(0, ...entries.flatMap(({ data }) => data.revenue_per_hour ?? [])),
    minutes,
    breached: minutesLeft !== null && minutesLeft < 0,
    minutesLeft,
    evidence: [...new Set([...entries.map(({ id }) => id), ...urgent.map(({ id }) => id)])],
  }
}

/** What a payload says about its own rank is no catalogue: only a connector's entry counts. */
function ownEntries(
  alerts: readonly Alert[],
  entries: readonly EvidenceOf<'catalog_entry'>[],
  around: Neighbourhood,
): EvidenceOf<'catalog_entry'>[] {
  // What is only made from the asset says nothing of the asset's own rank.
  const trusted = entries.filter(({ source, data }) => source !== 'alert' && source !== 'history' && !data.below)
  if (around.names.length === 0) {
    const named = trusted.filter(({ data }) => mentions(alerts, data.asset))
    return named.length > 0 ? named : trusted
  }
  const isOwn = (entry: EvidenceOf<'catalog_entry'>) =>
    around.names.some((name) => sameAsset(name, entry.data.asset) || sameAsset(name, entry.asset ?? ''))
  const exact = trusted.filter(isOwn)
  if (exact.length > 0) return exact
  const subject = trusted.filter(({ data }) => around.relationOf(data.asset, 'pipeline') === 'subject')
  return subject.length > 0 ? subject : underAnotherName(alerts, trusted)
}

/** Monitors of these call them by names of their own. */
const looselyNamed: ReadonlySet<string> = new Set(['job', 'connector', 'service'])

/** The one entry that the catalogue gave for an asset that goes by another name. It may raise a rank, never lower one. */
function underAnotherName(
  alerts: readonly Alert[],
  trusted: readonly EvidenceOf<'catalog_entry'>[],
): EvidenceOf<'catalog_entry'>[] {
  const isLoose = alerts.every(({ asset }) => asset !== null && looselyNamed.has(asset.kind))
  return isLoose && trusted.length === 1 ? trusted.filter(({ data }) => (data.tier ?? 4) <= 2) : []
}

interface Clock {
  id: string
  minutesLeft: number
}

function deadlineClock(entry: EvidenceOf<'catalog_entry'>, now: Date): Clock[] {
  const deadline = instantOf(entry.data.sla_deadline, now)
  const left = deadline === null ? null : (deadline - now.getTime()) / 60_000
  if (entry.data.breached) return [{ id: entry.id, minutesLeft: Math.min(left ?? -1, -1) }]
  // A system that says "not breached" behind a deadline that passed knows that the data was there in time.
  if (left === null || (left < 0 && entry.data.breached === false)) return []
  return [{ id: entry.id, minutesLeft: left }]
}

/** How long unfinished runs and late data have taken of the minutes they may take. */
function runClocks(evidence: readonly Evidence[], around: Neighbourhood, minutes: number, now: Date): Clock[] {
  return evidence.flatMap((item): Clock[] => {
    const used = minutesUsed(item, around, now)
    return used === null ? [] : [{ id: item.id, minutesLeft: minutes - used }]
  })
}

function minutesUsed(item: Evidence, around: Neighbourhood, now: Date): number | null {
  if (item.kind === 'dag_run') {
    const relation = around.relationOf(item.data.dag_id, 'pipeline')
    if (relation !== 'subject' && relation !== 'related') return null
    if (item.data.state !== 'running' && item.data.state !== 'failed') return null
    return elapsedMinutes(item.data, now)
  }
  if (item.kind === 'source_freshness') {
    if (around.relationOf(item.asset ?? item.data.source, 'data') !== 'subject') return null
    return item.data.age_hours == null ? null : item.data.age_hours * 60
  }
  if (item.kind === 'metric' && /duration|runtime|run_time|elapsed/i.test(item.data.name)) {
    return inMinutes(item.data.value, item.data.unit ?? item.data.name)
  }
  return null
}

/** Minutes since a run began, or that it took. */
export function elapsedMinutes(
  run: { start?: string | null | undefined; duration_s?: number | null | undefined },
  now: Date,
): number | null {
  const start = instantOf(run.start, now)
  const since = start === null ? null : (now.getTime() - start) / 60_000
  const took = run.duration_s == null ? null : run.duration_s / 60
  return since === null ? took : Math.max(since, took ?? 0)
}

function inMinutes(value: number | null | undefined, unit: string): number | null {
  if (value == null) return null
  if (/hour|\bh\b|_h\b/i.test(unit)) return value * 60
  if (/minute|\bmin|_m\b/i.test(unit)) return value
  if (/second|\bs\b|_s\b|\bsec/i.test(unit)) return value / 60
  return null
}

/** Milliseconds of an instant; a bare `HH:MM` is that time of today, UTC. Null when it is neither. */
export function instantOf(text: string | null | undefined, now: Date): number | null {
  if (!text) return null
  const time = /^([01]?\d|2[0-3]):([0-5]\d)(?: ?(?:UTC|Z))?$/.exec(text.trim())
  const read = Date.parse(time ? `${now.toISOString().slice(0, 10)}T${time[1]?.padStart(2, '0')}:${time[2]}:00Z` : text)
  return Number.isNaN(read) ? null : read
}
