import { z } from 'zod'
import { Severity } from './alert.ts'

/**
 * Why people are told. `raw`: not analysed yet; `reminder`: still open; `acknowledged`: somebody has taken it;
 * `merged`: it goes on in another incident; `still_broken`: a platform is back, and this is not; `reopened`: it was kept
 * quiet, and somebody says that it is real; `digest`: what is open, and what was kept from people, and no incident.
 */
export const Occasion = z.enum([
  'decision',
  'raw',
  'reminder',
  'acknowledged',
  'fixed',
  'escalated',
  'resolved',
  'merged',
  'still_broken',
  'reopened',
  'digest',
])
export type Occasion = z.infer<typeof Occasion>

/** A page that people can open: http(s). */
export const MessageLink = z.object({ title: z.string(), url: z.string() })
export type MessageLink = z.infer<typeof MessageLink>

/**
 * What people are told about an incident, before a channel gives it its form. Every string may come from an attacker:
 * a channel escapes all of it.
 */
export const Message = z.object({
  occasion: Occasion,
  /** Empty in a digest. */
  incident: z.string(),
  severity: Severity,
  title: z.string(),
  /** The asset in trouble, as its own system spells it. */
  asset: z.string().nullable().default(null),
  environment: z.string().nullable().default(null),
  /** What happened, in the monitor's words. */
  what: z.string(),
  root_cause: z.string().nullable(),
  impact: z.string().nullable(),
  owner: z.string().nullable(),
  /** Teams whose promise suffers with it. */
  sla_owners: z.array(z.string()).default([]),
  /** Who has taken it on. */
  acknowledged_by: z.string().nullable().default(null),
  /** The decision says that it is none. */
  dismissed: z.boolean().default(false),
  /** Nobody needs to hear of it: what stands in a channel is set right. */
  silent: z.boolean().default(false),
  /** Why it comes this way, or to these people. */
  note: z.string().nullable().default(null),
  /** The alert as its sender knows it: a channel that is also a monitor finds its own again. */
  origin: z.object({ source: z.string(), id: z.string() }).nullable().default(null),
  /** The evidence that the decision cites: one sentence and where it is from. */
  evidence: z.array(z.object({ source: z.string(), summary: z.string() })),
  /** What a digest lists. */
  sections: z.array(z.object({ title: z.string(), lines: z.array(z.string()) })).default([]),
  runbook: z.string().nullable(),
  links: z.array(MessageLink),
  /** Systems that were configured and did not answer. */
  unchecked: z.array(z.string()),
  next_step: z.string(),
  /** What the fix that waits for approval would do: its system's words where `known`, else ours for why it is not. */
  dry_run: z.object({ known: z.boolean(), text: z.string() }).nullable().default(null),
  /** What a person looks at, step by step; empty while nobody has to. */
  checklist: z.array(z.string()).default([]),
  /** What was tried and what came of it. */
  tried: z.array(z.string()),
  confidence: z.number().nullable(),
  analyzer: z.string().nullable(),
  occurrences: z.number(),
  /** The channel may have delivered this before: the outcome of the first attempt is unknown. */
  possible_repeat: z.boolean(),
})
export type Message = z.infer<typeof Message>
