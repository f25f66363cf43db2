import { z } from 'zod'
import { Asset, Category, Severity } from './alert.ts'

export const IncidentState = z.enum([
  'open',
  'analyzing',
  'dismissed',
  'logged',
  'notified',
  'awaiting_approval',
  'fixing',
  'verifying',
  'resolved',
  'escalated',
])
export type IncidentState = z.infer<typeof IncidentState>

/** Where each state may go. Everything else is refused by the store's compare-and-set. */
export const transitions: Record<IncidentState, readonly IncidentState[]> = {
  open: ['analyzing', 'resolved'],
  analyzing: ['open', 'dismissed', 'logged', 'notified', 'awaiting_approval', 'fixing', 'escalated', 'resolved'],
  dismissed: ['open', 'resolved'],
  logged: ['open', 'resolved'],
  notified: ['open', 'fixing', 'awaiting_approval', 'escalated', 'resolved'],
  awaiting_approval: ['fixing', 'escalated', 'resolved'],
  fixing: ['verifying', 'escalated', 'resolved'],
  verifying: ['resolved', 'escalated'],
  escalated: ['open', 'resolved'],
  resolved: ['open'],
}

/** How an incident ended. `expired`: a dismissal that holds no longer, or an incident that goes on in another. */
export const ClosedHow = z.enum(['resolve', 'recovery', 'quiet', 'fixed', 'expired', 'manual'])
export type ClosedHow = z.infer<typeof ClosedHow>

/** Where one alert ended. */
export const AlertEndState = z.enum([
  'folded',
  'dismissed',
  'logged',
  'notified',
  'fixed',
  'ignored',
  'silenced',
  'observed',
  'would_dismiss',
  'dead_letter',
])
export type AlertEndState = z.infer<typeof AlertEndState>

/** One trouble, however many alerts speak of it. */
export const Incident = z.object({
  tenant: z.string(),
  id: z.string(),
  fingerprint: z.string(),
  state: IncidentState,
  severity: Severity,
  category: Category,
  title: z.string(),
  source: z.string(),
  environment: z.string().nullable(),
  asset: Asset.nullable(),
  /** Counts decisions: a severity that rises decides again, with the next revision. */
  revision: z.number().int().min(1),
  occurrences: z.number().int().min(0),
  opened_at: z.date(),
  last_seen_at: z.date(),
  decided_at: z.date().nullable(),
  /** When people were first told, by any channel. */
  told_at: z.date().nullable(),
  /** Who has taken it on; null again once it is decided anew. */
  acknowledged_by: z.string().nullable(),
  closed_at: z.date().nullable(),
  closed_how: ClosedHow.nullable(),
  /** The incident in which this one goes on. */
  merged_into: z.string().nullable(),
  /** How often it fired again soon after its end. */
  flaps: z.number().int(),
  /** Set on the incident of a platform that fails as a whole: `name|environment`. */
  platform: z.string().nullable(),
})
export type Incident = z.infer<typeof Incident>
