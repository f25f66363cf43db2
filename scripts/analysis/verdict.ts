import type { Severity } from '../domain/alert.ts'
import { businessSeverity } from '../domain/assess/business-severity.ts'
import type { Finding } from '../domain/assess/finding.ts'
import { observed, type Situation, unexplainedTrouble } from '../domain/assess/situation.ts'
import type { Action, Proposal } from '../domain/decision.ts'
import { isOwn } from './questions.ts'

/** What a row of the decision table says; the text around it is the same for all. */
export interface Verdict {
  isIncident: boolean
  severity: Severity
  action: Action
  /** What it rests on, the most telling first. */
  cause: readonly Finding[]
  /** One sentence without its end. */
  reason: string
  confidence: number
  /** Trouble seen elsewhere that may belong to it; told, and nothing rests on it. */
  nearby?: readonly Finding[]
  /** Evidence that it rests on beside that of `cause`. */
  alsoCites?: readonly string[]
  remediation?: Proposal['remediation']
}

/** Real trouble: people are told, unless it hurts so little that a ticket does. */
export function incident(
  s: Situation,
  trouble: readonly Finding[],
  reason: string,
  confidence: number,
  mild = false,
): Verdict {
  const severity = businessSeverity(s, mild)
  return {
    isIncident: true,
    severity,
    action: severity === 'LOW' ? 'log_only' : 'notify_team',
    cause: trouble,
    reason,
    confidence: sure(s, confidence),
  }
}

/** No trouble. Where much depends on the asset, or nobody knows what does, it still leaves a trace that people list. */
export function harmless(s: Situation, cause: readonly Finding[], reason: string, confidence: number): Verdict {
  const action: Action = (s.level.tier ?? 4) === 1 || !s.isCatalogued ? 'log_only' : 'dismiss'
  return { isIncident: false, severity: 'LOW', action, cause, reason, confidence: sure(s, confidence) }
}

export function fix(
  template: 'airflow_clear_task' | 'release_lock' | 'dbt_retry' | 'airbyte_sync',
  { target }: Finding,
): Partial<Verdict> {
  return target === null ? {} : { action: 'auto_fix', remediation: { template, target } }
}

/** Less sure where a needed system is silent, or where signs of health stand against the trouble. */
function sure(s: Situation, confidence: number): number {
  const isContradicted = unexplainedTrouble(s).some(isOwn) && observed(s, 'recovered', 'within_normal').some(isOwn)
  const less = (s.unavailable.length > 0 ? 0.2 : 0) + (isContradicted ? 0.15 : 0)
  return Math.max(0.3, Math.round((confidence - less) * 100) / 100)
}
