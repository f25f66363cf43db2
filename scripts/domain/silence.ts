import { z } from 'zod'
import { type Alert, sourceKey } from './alert.ts'
import { matchesPattern } from './pattern.ts'
import { isTimeZone } from './sla.ts'

/** What a silence is about: every key that is given must fit; `*` stands for any characters. */
const matcher = {
  /** The asset's name. */
  asset: z.string().min(1).max(512).optional(),
  /** The alert's source: `alertmanager`, `plain/datadog`. */
  source: z.string().min(1).max(200).optional(),
  /** Labels of the alert. */
  labels: z.record(z.string().min(1).max(200), z.string().max(1024)).optional(),
}
export type Matcher = z.infer<z.ZodObject<typeof matcher>>

const instant = z.iso.datetime({ offset: true })

/** When a recurring window begins, and for how long it lasts. `zone`: an IANA zone, default UTC. */
const recurrence = {
  cron: z.string().min(9).max(200),
  minutes: z
    .int()
    .min(1)
    .max(7 * 24 * 60),
  zone: z.string().max(64).refine(isTimeZone, 'must be an IANA time zone, such as Europe/Berlin').optional(),
}

/** A maintenance window of `catalog.yaml`: once (`from`, `until`) or recurring (`cron`, `minutes`, `zone`). */
export const MaintenanceWindow = z
  .strictObject({
    name: z.string().min(1).max(200),
    ...matcher,
    from: instant.optional(),
    until: instant.optional(),
    cron: recurrence.cron.optional(),
    minutes: recurrence.minutes.optional(),
    zone: recurrence.zone,
  })
  .refine(({ asset, source, labels }) => asset || source || Object.keys(labels ?? {}).length > 0, {
    message: 'must say what it is about: asset, source or labels',
  })
  .refine(({ from, until, cron, minutes }) => (cron ? minutes : from && until && !minutes), {
    message: 'must say when: from and until, or cron and minutes',
  })
  .refine(({ from, until }) => !from || !until || Date.parse(from) < Date.parse(until), {
    message: 'until must be after from',
  })
export type MaintenanceWindow = z.infer<typeof MaintenanceWindow>

/** A silence or a maintenance window: whom it concerns, and when. Times are instants. */
export interface Silence extends Matcher {
  /** Its id in the store; for one of `catalog.yaml` its name. */
  id: string
  name: string
  from: Date | null
  until: Date | null
  recurring: { cron: string; minutes: number; zone: string } | null
}

/** One that is in force now, and until when. */
export interface ActiveSilence extends Matcher {
  id: string
  name: string
  until: Date
}

/** The last time a recurrence began, at or before `now`; null when it never did. Injected: cron is no domain matter. */
export type LastStart = (cron: string, zone: string, now: Date) => Date | null

/** A window of the catalogue as a silence. */
export function silenceOf({ name, asset, source, labels, ...when }: MaintenanceWindow): Silence {
  return {
    id: name,
    name,
    ...about({ asset, source, labels }),
    from: when.from ? new Date(when.from) : null,
    until: when.until ? new Date(when.until) : null,
    recurring: when.cron && when.minutes ? { cron: when.cron, minutes: when.minutes, zone: when.zone ?? 'UTC' } : null,
  }
}

/** The silences in force at `now`, each with its end: of a recurring one the end of this time, never past its `until`. */
export function activeSilences(all: readonly Silence[], now: Date, lastStart: LastStart): ActiveSilence[] {
  return all.flatMap((silence) => {
    const end = endOf(silence, now, lastStart)
    if (end === null) return []
    return [{ id: silence.id, name: silence.name, ...about(silence), until: end }]
  })
}

function endOf({ from, until, recurring }: Silence, now: Date, lastStart: LastStart): Date | null {
  if ((from && now < from) || (until && now >= until)) return null
  if (!recurring) return until
  const start = lastStart(recurring.cron, recurring.zone, now)
  if (start === null || start > now) return null
  const end = new Date(start.getTime() + recurring.minutes * 60_000)
  if (now >= end) return null
  return until && until < end ? until : end
}

/** The silence that covers an alert, of several the one that ends last; null when none does. */
export function silencedBy(alert: Alert, active: readonly ActiveSilence[]): ActiveSilence | null {
  let found: ActiveSilence | null = null
  for (const silence of active) {
    if (matches(silence, alert) && (found === null || silence.until > found.until)) found = silence
  }
  return found
}

function matches({ asset, source, labels = {} }: Matcher, alert: Alert): boolean {
  if (asset === undefined && source === undefined && Object.keys(labels).length === 0) return false
  if (asset !== undefined && !matchesPattern(asset, alert.asset?.name ?? '')) return false
  if (source !== undefined && !matchesPattern(source, sourceKey(alert))) return false
  return Object.entries(labels).every(([name, pattern]) => {
    const value = Object.hasOwn(alert.labels, name) ? alert.labels[name] : undefined
    return value !== undefined && matchesPattern(pattern, value)
  })
}

function about({ asset, source, labels }: Matcher): Matcher {
  return { ...(asset && { asset }), ...(source && { source }), ...(labels && { labels }) }
}
