import { z } from 'zod'

const minute = 60_000
const hour = 60 * minute

/** What can be due. The clock works one row of a kind and subject (mostly an incident's id) at a time. */
export const DueKind = z.enum([
  /** Start the analysis, if the flow that was to do it did not. */
  'dispatch',
  /** Tell people, decided or not. */
  'page_deadline',
  /** Tell people again: it is still open. */
  'reminder',
  /** Tell others: nobody has acknowledged it. */
  'escalation',
  /** Nothing was heard of it for a long time: close it. */
  'quiet',
  /** A dismissal holds for an hour. */
  'dismissed_expiry',
  /** Tell those who had been told that it is over. */
  'resolved_notice',
  /** Tell those who had been told that it goes on in another incident. */
  'merged_notice',
  /** A platform is back: tell what on it is still broken. */
  'still_broken',
  /** See whether incidents that a fix kept apart belong together. */
  'regroup',
  /** Start the fix, if the flow that was to do it did not. */
  'fix',
  /** An approval was not given in time. */
  'approval',
  /** See what people did about what was not fixed. */
  'shadow',
  /** See whether what was fixed is well. */
  'verify',
  /** See whether its asset has had a success since. */
  'recovery',
  /** It was kept quiet: look whether it is to be analysed now. */
  'hold',
  /** Tell people how much was folded over a source's limit. */
  'summary',
  /** Tell what is open and what was kept from people: its subject is the digest's name and time. */
  'digest',
  /** Read what is kept of other systems, such as dbt's manifest, where it has changed. */
  'sync',
  /** Have Kestra remove executions that are older than they need be. */
  'purge',
  /** Remove what the store need not keep any longer. */
  'retention',
])
export type DueKind = z.infer<typeof DueKind>

/** Times in milliseconds. */
export const schedule = {
  dispatchMs: 2 * minute,
  pageDeadlineMs: minute,
  dismissalHoldsMs: hour,
  /** How long a resolve that came first waits for its firing, when the payloads carry no times to compare. */
  earlyResolveMs: 10 * minute,
  /** How long it waits when they do. */
  timedResolveMs: 24 * hour,
  /** How far apart the troubles of one asset, or of assets that the lineage joins, are one incident. */
  groupMs: 30 * minute,
  /** How soon after its end an incident that fires again is the same one. */
  flapMs: 15 * minute,
  /** Within which so many incidents of one platform are the platform's. */
  outageMs: 5 * minute,
  /** How long the third and further incidents of a platform wait, to see whether it is the platform. */
  outageHoldMs: 20_000,
  /** How often is looked again whether an incident belongs to one whose fix was under way. */
  regroupMs: 2 * minute,
  fixMs: 2 * minute,
  /** How long the message that asks for approval waits for what the fix would do. */
  dryRunMs: 20_000,
  /** How often it is looked whether a kept project has changed. */
  syncMs: 5 * minute,
  /** How long a fix waits whose target is being fixed for another incident. */
  fixTurnMs: minute,
  shadowMs: 10 * minute,
  /** After so long, what people did is not found out any more. */
  shadowEndsMs: 24 * hour,
  verifyMs: minute,
  /** How often the system of an open incident is asked whether it is well again. */
  recoveryMs: 10 * minute,
  /** How often an incident that is kept quiet is looked at, at least. */
  lookAgainMs: 15 * minute,
  /** A fix that is still working after this has failed. */
  fixDeadlineMs: 30 * minute,
  /** How much longer the flow that may take a fix back has for it. */
  takeBackMs: 10 * minute,
} as const

/**
 * How long a source may be silent before its incident counts as over. Sources that repeat what still fires, or that
 * always send a resolve, may be silent longer: there, silence says little.
 */
const quietHours: Record<string, number> = {
  // Repeats every 4 h by default (repeat_interval), and sends a resolve.
  alertmanager: 12,
  grafana: 12,
  // Send each change of state once.
  cloudwatch: 72,
  'plain/cloudwatch': 72,
  datadog: 24,
  'plain/datadog': 24,
}
const defaultQuietHours = 6

/** @param source as `sourceKey` tells it */
export function quietTimeMs(source: string): number {
  const hours = Object.hasOwn(quietHours, source) ? quietHours[source] : undefined
  return (hours ?? defaultQuietHours) * hour
}

const reminderHours: Record<number, number> = { 1: 1, 2: 4, 3: 24, 4: 72 }

/** After how long people are told again that an incident is still open. An asset without a tier counts as tier 3. */
export function reminderMs(tier: number | null): number {
  return (reminderHours[tier ?? 3] ?? 24) * hour
}
