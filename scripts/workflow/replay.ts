import { analyze } from '../analysis/analyze.ts'
import type { Model } from '../analysis/model.ts'
import type { Action, Decision } from '../domain/decision.ts'
import { applyGuardrails } from '../domain/guardrails.ts'
import type { Settings } from '../lib/config.ts'
import { planRemediation } from '../remediation/index.ts'
import type { Store } from '../store/connection.ts'
import { knownThen, type PastDecision } from '../store/replay.ts'
import { policyOf } from './policy.ts'

/** How a decision would change. `quieter`: people would hear less; `against_people`: of what they called real. */
export type Change = 'same' | 'severity' | 'louder' | 'quieter' | 'against_people'

export interface Replayed {
  past: PastDecision
  now: Decision
  change: Change
}

const loudness: Record<Action, number> = { dismiss: 0, log_only: 1, notify_team: 2, auto_fix: 3 }

/**
 * Decides an incident of the past again from what was known then, by the analyser, policy and rules of now; nothing is
 * written, sent, or asked but the model. Null when its evidence is not kept any more.
 */
export async function replayIncident(
  store: Store,
  past: PastDecision,
  settings: Settings,
  model?: Model,
): Promise<Replayed | null> {
  const { alerts, evidence } = await knownThen(store, past)
  const isDropped = evidence.length === 0 && past.decision.evidence_ids.length > 0
  if (alerts.length === 0 || isDropped) return null
  const policy = await policyOf(past.source, settings)
  const now = past.analysed_at
  const input = { alerts, evidence, policy, now, severity: past.claimed }
  const { proposal, record } = await analyze(input, settings, model ? { model } : {})
  const decision = applyGuardrails({
    proposal,
    record,
    evidence,
    alerts,
    policy,
    now,
    recentFixes: 0,
    planRemediation: (template, target) => planRemediation(template, target, evidence),
  })
  return { past, now: decision, change: changeOf(past, decision) }
}

function changeOf({ decision: before, verdict }: PastDecision, after: Decision): Change {
  const [was, is] = [loudness[before.recommended_action], loudness[after.recommended_action]]
  const isReal = verdict === 'was_real' || verdict === 'wrong_cause'
  if (is < 2 && isReal) return 'against_people'
  if (was !== is) return is < was ? 'quieter' : 'louder'
  return before.severity === after.severity ? 'same' : 'severity'
}
