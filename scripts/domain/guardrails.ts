import { type Alert, worse } from './alert.ts'
import { businessSeverity } from './assess/business-severity.ts'
import { assess, type Situation } from './assess/situation.ts'
import { confirmations, type PlanRemediation, planFromEvidence } from './confirm.ts'
import type { Action, AnalyzerRecord, Decision, Proposal, Remediation } from './decision.ts'
import type { Evidence } from './evidence.ts'
import { againstFixes } from './guardrails/against-fixes.ts'
import { againstSilence } from './guardrails/against-silence.ts'
import type { Case, Guardrail } from './guardrails/case.ts'
import type { Policy } from './policy.ts'

export interface GuardrailInput {
  proposal: Proposal
  record: AnalyzerRecord
  evidence: readonly Evidence[]
  /** The incident's, oldest first. */
  alerts: readonly Alert[]
  policy: Policy
  now: Date
  /** Fixes of the proposed target within the policy's window. */
  recentFixes: number
  /** Native ids for a target; without it they are read from the evidence that confirms the target. */
  planRemediation?: PlanRemediation
}

/**
 * Code over the analyser, in this order; docs/guardrails.md tells of each. A rule may move a decision toward people,
 * never toward a fix or silence, and `applyGuardrails` holds them to it.
 */
export const guardrails: readonly Guardrail[] = [...againstFixes, ...againstSilence]

/** Where each action may be moved: toward people. Anything else a rule says is not heard. */
const towardPeople: Record<Action, readonly Action[]> = {
  auto_fix: ['notify_team'],
  dismiss: ['log_only', 'notify_team'],
  log_only: ['notify_team'],
  notify_team: [],
}

/** Puts a proposal through the guardrails and makes it the decision, with each change recorded. Pure. */
export function applyGuardrails(input: GuardrailInput): Decision {
  const { proposal, record, policy } = input
  const situation = assess({ ...input, severity: 'LOW' })
  const known = proposal.evidence_ids.filter((id) => situation.evidence.some((item) => item.id === id))
  const plan = input.planRemediation ?? ((template, target) => planFromEvidence(situation, template, target))
  const planned = proposal.remediation ? confirmedPlan(situation, proposal.remediation, plan) : null
  const one: Case = {
    action: proposal.recommended_action,
    remediation: proposal.remediation,
    params: planned,
    proposal,
    situation,
    policy,
    recentFixes: input.recentFixes,
  }
  const changes: Decision['guardrails'] = []
  for (const { name, guards, object } of guardrails) {
    if (one.action !== guards) continue
    const objection = object(one)
    if (!objection || !towardPeople[one.action].includes(objection.after)) continue
    changes.push({ rule: name, before: one.action, after: objection.after, why: objection.why })
    one.action = objection.after
  }
  // Whoever is told is told that it may be real: as bad as it would be if it were.
  const isDoubted =
    !proposal.is_incident && changes.some(({ before, after }) => before !== 'auto_fix' && after === 'notify_team')

  return {
    ...proposal,
    ...record,
    recommended_action: one.action,
    is_incident: proposal.is_incident || isDoubted,
    severity: isDoubted ? worse(proposal.severity, businessSeverity(situation)) : proposal.severity,
    evidence_ids: known,
    remediation:
      one.action === 'auto_fix' && proposal.remediation && planned
        ? { ...proposal.remediation, params: planned }
        : null,
    mode: policy.mode,
    guardrails: changes,
  }
}

/** Both must see it: the evidence itself, and the fix's own plan. */
function confirmedPlan(
  situation: Situation,
  { template, target }: NonNullable<Proposal['remediation']>,
  plan: PlanRemediation,
): Remediation['params'] | null {
  return confirmations(situation, template, target).length > 0 ? plan(template, target) : null
}
