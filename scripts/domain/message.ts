import type { Severity } from './alert.ts'

/**
 * What people are told about an incident, before a channel gives it its form. Every string may come from an attacker:
 * a channel escapes all of it.
 */
export interface Message {
  /** Why it is sent. `raw`: not analysed yet; `reminder`: still open. */
  occasion: 'decision' | 'raw' | 'reminder' | 'fixed' | 'escalated' | 'resolved'
  incident: string
  severity: Severity
  title: string
  /** What happened, in the monitor's words. */
  what: string
  root_cause: string | null
  impact: string | null
  owner: string | null
  /** The evidence that the decision cites: one sentence and where it is from. */
  evidence: { source: string; summary: string }[]
  runbook: string | null
  links: { title: string; url: string }[]
  /** Systems that were configured and did not answer. */
  unchecked: string[]
  next_step: string
  /** What was tried and what came of it. */
  tried: string[]
  confidence: number | null
  analyzer: string | null
  occurrences: number
  /** The channel may have delivered this before: the outcome of the first attempt is unknown. */
  possible_repeat: boolean
}
