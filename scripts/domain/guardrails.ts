import { type Alert, worse } from './alert.ts'
import { businessSeverity } from './assess/business-severity.ts'
import { offeredFlows, planFlow } from './assess/offered-flows.ts'
import { assess, type Situation } from './assess/situation.ts'
import { confirmations, type PlanRemediation, planFromEvidence, policyName } from './confirm.ts'
import type { Action, AnalyzerRecord, Decision, Proposal, Remediation } from './decision.ts'
import type { Evidence } from './evidence.ts'
import { assetKey } from './fingerprint.ts'
import { againstFixes } from './guardrails/against-fixes.ts'
import { againstSilence } from './guardrails/against-silence.ts'
import type { Case, Guardrail } from './guardrails/case.ts'
import { allowRuleFor, environmentIn } from './permission.ts'
import type { AllowRule, Policy } from './policy.ts'
import { dismissedBy, type Withdrawal, withdrawnFrom } from './withdrawal.ts'

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
  /** Why no such fix may run at present, whatever policy says: a switch was thrown. */
  stopped?: string | null
  /** Who said of this very incident that it is real. */
  saidReal?: string | null
  /** Dismissals that people called wrong, latest first. */
  withdrawals?: readonly Withdrawal[]
  /** Native ids for a target; without it they are read from the evidence that confirms the target. */
  planRemediation?: PlanRemediation
}

/**
 * Code over the analyser, in this order; docs/guardrails.md tells of each. A rule may move a decision toward people,
 * never toward a fix or silence, and `applyGuardrails` holds them to it.
 */
export const guardrails: readonly Guardrail[] = [...againstFixes, ...againstSilence]

/** How long an approval is waited for when policy does not say. */
const approvalMinutes = 30

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
  const planned = proposal.remediation ? plannedBy(situation, proposal.remediation, policy, plan) : null
  const one: Case = {
    action: proposal.recommended_action,
    remediation: proposal.remediation,
    params: planned,
    proposal,
    situation,
    policy,
    allowed: proposal.remediation ? allowRule(situation, proposal.remediation, policy) : null,
    now: input.now,
    stopped: input.stopped ?? null,
    recentFixes: input.recentFixes,
    saidReal: input.saidReal ?? null,
    withdrawn: withdrawnFrom(input.withdrawals ?? [], {
      reason: dismissedBy(record),
      fingerprints: input.alerts.map(({ fingerprint }) => fingerprint),
      assetKeys: input.alerts.flatMap(({ asset, environment }) => assetKey(asset, environment) ?? []),
      now: input.now,
    }),
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
  const isFix = one.action === 'auto_fix'
  const remediation = proposal.remediation && planned ? { ...proposal.remediation, params: planned } : null
  return {
    ...proposal,
    ...record,
    recommended_action: one.action,
    is_incident: proposal.is_incident || isDoubted,
    severity: isDoubted ? worse(proposal.severity, businessSeverity(situation)) : proposal.severity,
    evidence_ids: known,
    remediation: isFix ? remediation : null,
    mode: policy.mode,
    guardrails: changes,
    ...(isFix ? approvalIn(one.allowed) : {}),
    ...(!isFix && proposal.recommended_action === 'auto_fix' && remediation ? { would_fix: remediation } : {}),
  }
}

function approvalIn(rule: AllowRule | null): Pick<Decision, 'approval'> {
  if (!rule?.approvers) return {}
  return { approval: { approvers: rule.approvers, within_minutes: rule.within_minutes ?? approvalMinutes } }
}

/** A team's own flow is planned from policy, which has it for what connectors see; any other fix by its row. */
function plannedBy(
  situation: Situation,
  remediation: NonNullable<Proposal['remediation']>,
  { flows = [] }: Policy,
  plan: PlanRemediation,
): Remediation['params'] | null {
  if (remediation.template !== 'run_flow') return confirmedPlan(situation, remediation, plan)
  const offered = offeredFlows(situation, flows).find(({ target }) => target === remediation.target)
  return offered ? planFlow(offered, situation) : null
}

/** Both must see it: the evidence itself, and the fix's own plan. */
function confirmedPlan(
  situation: Situation,
  { template, target }: NonNullable<Proposal['remediation']>,
  plan: PlanRemediation,
): Remediation['params'] | null {
  return confirmations(situation, template, target).length > 0 ? plan(template, target) : null
}

function allowRule(
  situation: Situation,
  { template, target }: NonNullable<Proposal['remediation']>,
  policy: Policy,
): AllowRule | null {
  const name = policyName(situation, template, target)
  return allowRuleFor(policy, template, name, environmentIn(situation.evidence))
}
