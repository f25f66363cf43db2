import type { Alert } from '../alert.ts'
import type { EvidenceOf } from '../evidence.ts'
import { matchesPattern } from '../pattern.ts'
import { type Neighbourhood, partOf } from './asset-names.ts'
import { instantOf } from './service-level.ts'

/** A condition that began this long before a window is not the window's doing. */
const lead = 10 * 60_000

/**
 * Whether a maintenance window is open now, is about the asset, its system or something above it, and can explain the
 * condition: one that began before the window has another cause.
 */
export function covers(
  { data, asset }: EvidenceOf<'maintenance'>,
  alerts: readonly Alert[],
  around: Neighbourhood,
  now: Date,
): boolean {
  const from = instantOf(data.from, now)
  const until = instantOf(data.until, now)
  if (from === null || until === null || now.getTime() < from || now.getTime() >= until) return false
  const began = beginnings(alerts, now)
  if (began.some((instant) => instant < from - lead)) return false
  const name = data.asset ?? asset
  return name ? isAbout(name, alerts, around) : false
}

function isAbout(name: string, alerts: readonly Alert[], around: Neighbourhood): boolean {
  const places = alerts.flatMap(({ asset }) => [asset?.platform, asset?.system].filter((place) => place != null))
  return [...around.names, ...around.upstream, ...places].some((own) => matchesPattern(name, own) || partOf(own, name))
}

/** What was changed this long before the condition began may be its cause. */
const reach = 72 * 3_600_000

/**
 * Changes that can have caused the condition: made before it began and not long before, to files that name the asset
 * or something above it. A deploy of something else at the same hour is no cause.
 */
export function relevantChanges(
  changes: readonly EvidenceOf<'change'>[],
  alerts: readonly Alert[],
  around: Neighbourhood,
  now: Date,
): EvidenceOf<'change'>[] {
  const began = Math.min(now.getTime(), ...beginnings(alerts, now))
  const words = [...around.names, ...around.upstream].flatMap(wordsOf)
  return changes.filter(({ data, asset }) => {
    const at = instantOf(data.at, now)
    if (at !== null && (at > began + lead || at < began - reach)) return false
    if (asset && [...around.names, ...around.upstream].some((own) => partOf(own, asset) || partOf(asset, own)))
      return true
    const touched = (data.files ?? []).join('\n').toLowerCase()
    return words.some((word) => touched.includes(word))
  })
}

/** A name and its last part, by which files are called. Short parts are parts of everything. */
function wordsOf(name: string): string[] {
  const text = name.toLowerCase()
  const last = text.split('.').at(-1) ?? text
  return [text, last].filter((word) => word.length >= 5)
}

function beginnings(alerts: readonly Alert[], now: Date): number[] {
  return alerts.flatMap((alert) => instantOf(alert.started_at, now) ?? [])
}
