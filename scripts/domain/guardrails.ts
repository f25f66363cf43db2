import { type Alert, worse } from './alert.ts'
import { businessSeverity } from './assess/business-severity.ts'
import { assess, found, observed, observedTrouble, type Situation, unexplainedTrouble } from './assess/situation.ts'
import { confirmations, type PlanRemediation, planFromEvidence, policyName, protectedNames } from './confirm.ts'
import type { Action, AnalyzerRecord, Decision, Proposal, Remediation } from './decision.ts'
import type { Evidence } from './evidence.ts'
import { matchesPattern, type Policy } from './policy.ts'

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

/** What a rule looks at: the proposal as earlier rules left it. */
interface Case {
  action: Action
  /** With `auto_fix`, what would be done. */
  remediation: Proposal['remediation']
  params: Remediation['params'] | null
  proposal: Proposal
  situation: Situation
  policy: Policy
  recentFixes: number
}

/** What a rule wants instead, and why. */
interface Objection {
  after: Action
  why: string
}

export interface Guardrail {
  readonly name: string
  /** What it guards: a rule is only asked about this action. */
  readonly guards: Action
  readonly object: (one: Case) => Objection | null
}

/**
 * Code over the analyser, in this order. Each rule may move a decision toward people, never toward a fix or silence,
 * and `applyGuardrails` holds them to it.
 */
export const guardrails: readonly Guardrail[] = [
  {
    name: 'remediation_missing',
    guards: 'auto_fix',
    object: ({ remediation }) =>
      remediation === null || remediation.template === 'manual_investigation'
        ? toPeople('It proposes a fix and names none that can be run.')
        : null,
  },
  {
    name: 'unknown_evidence',
    guards: 'auto_fix',
    object: ({ proposal, situation }) => citesUnknown(proposal, situation, 'notify_team'),
  },
  {
    name: 'target_unconfirmed',
    guards: 'auto_fix',
    object: ({ params }) =>
      params === null ? toPeople('No connector has seen this target in a state that the fix mends.') : null,
  },
  {
    name: 'template_not_allowed',
    guards: 'auto_fix',
    object: ({ remediation, situation, policy }) =>
      remediation && !isAllowed(remediation, situation, policy)
        ? toPeople(`Policy does not allow ${remediation.template} for this target.`)
        : null,
  },
  {
    name: 'protected_asset',
    guards: 'auto_fix',
    object: ({ remediation, situation, policy }) => {
      const names = remediation ? protectedNames(situation, remediation.template, remediation.target) : []
      const pattern = policy.protected.find((one) => names.some((name) => matchesPattern(one, name)))
      return pattern ? toPeople(`Policy protects ${pattern}.`) : null
    },
  },
  {
    name: 'freeze',
    guards: 'auto_fix',
    object: ({ policy }) => (policy.freeze ? toPeople('A freeze is in force: nothing is changed.') : null),
  },
  {
    name: 'maintenance',
    guards: 'auto_fix',
    object: ({ situation }) =>
      situation.maintenance ? toPeople('Somebody works on it: a maintenance window is open.') : null,
  },
  {
    name: 'deterministic_failure',
    guards: 'auto_fix',
    object: ({ situation }) => {
      const failure = observedTrouble(situation).find((finding) => finding.failure?.deterministic)?.failure
      return failure ? toPeople(`It would fail again: ${failure.says}.`) : null
    },
  },
  {
    name: 'system_unavailable',
    guards: 'auto_fix',
    object: ({ situation }) => isUnavailable(situation),
  },
  {
    name: 'low_confidence',
    guards: 'auto_fix',
    object: ({ proposal, policy }) => isUnsure(proposal, policy, 'notify_team'),
  },
  {
    name: 'too_many_fixes',
    guards: 'auto_fix',
    object: ({ recentFixes, policy: { max_fixes_per_target: limit } }) =>
      recentFixes >= limit.count
        ? toPeople(`It was fixed ${recentFixes} times in ${limit.hours} hours: fixing again hides the cause.`)
        : null,
  },
  {
    name: 'incident_dismissed',
    guards: 'dismiss',
    object: ({ proposal }) =>
      proposal.is_incident ? toPeople('It calls it an incident and dismisses it in one breath.') : null,
  },
  {
    name: 'system_unavailable',
    guards: 'dismiss',
    object: ({ situation }) => isUnavailable(situation),
  },
  {
    name: 'trouble_dismissal',
    guards: 'dismiss',
    object: ({ situation }) => {
      const [trouble] = unexplainedTrouble(situation)
      return trouble ? toPeople(`A connector sees trouble: ${trouble.says}.`) : null
    },
  },
  {
    name: 'tier1_dismissal',
    guards: 'dismiss',
    object: ({ situation }) =>
      situation.level.tier === 1 && explainedBy(situation).length === 0
        ? toPeople('It is of the highest tier, and no system explains the alert.')
        : null,
  },
  {
    name: 'sla_breached_dismissal',
    guards: 'dismiss',
    object: ({ situation }) =>
      situation.urgency === 'breached' && observed(situation, 'recovered').length === 0
        ? toPeople('The time that it promises is over.')
        : null,
  },
  {
    name: 'uncatalogued_dismissal',
    guards: 'dismiss',
    object: ({ situation }) => {
      if (situation.isCatalogued || explainedBy(situation).length > 0) return null
      const why = 'It is not in the catalogue, so nobody knows what depends on it, and no system explains the alert.'
      return situation.label === 'CRITICAL' || situation.label === 'HIGH' ? toPeople(why) : toLog(why)
    },
  },
  {
    name: 'unsupported_dismissal',
    guards: 'dismiss',
    object: ({ situation }) =>
      explainedBy(situation).length === 0 && !isClaimOfLowStakes(situation)
        ? toLog('No evidence carries it but the word of whoever said so.')
        : null,
  },
  {
    name: 'unknown_evidence',
    guards: 'dismiss',
    object: ({ proposal, situation }) => citesUnknown(proposal, situation, 'log_only'),
  },
  {
    name: 'low_confidence',
    guards: 'dismiss',
    object: ({ proposal, policy }) => isUnsure(proposal, policy, 'log_only'),
  },
  {
    name: 'incident_logged',
    guards: 'log_only',
    object: ({ proposal }) =>
      proposal.is_incident && (proposal.severity === 'CRITICAL' || proposal.severity === 'HIGH')
        ? toPeople(`An incident of severity ${proposal.severity} is not left to a ticket.`)
        : null,
  },
  // Last, so that what else stands against it is recorded first.
  {
    name: 'fix_switched_off',
    guards: 'auto_fix',
    object: ({ policy }) => (policy.auto_fix ? null : toPeople('Fixing is switched off for this source.')),
  },
  {
    name: 'mode_notify',
    guards: 'auto_fix',
    object: ({ policy }) =>
      policy.mode === 'notify' ? toPeople('The source is in mode notify: nothing is fixed.') : null,
  },
  {
    name: 'mode_observe',
    guards: 'auto_fix',
    object: ({ policy }) =>
      policy.mode === 'observe' ? toPeople('The source is in mode observe: nothing is done.') : null,
  },
]

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
  const isDoubted = changes.some(({ before, after }) => before === 'dismiss' && after === 'notify_team')
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

function isAllowed(
  { template, target }: NonNullable<Proposal['remediation']>,
  situation: Situation,
  policy: Policy,
): boolean {
  const name = policyName(situation, template, target)
  return policy.allow.some((entry) => {
    const [, allowed, pattern] = /^([a-z_]+):[a-z]+=(.+)$/.exec(entry) ?? []
    return allowed === template && pattern !== undefined && matchesPattern(pattern, name)
  })
}

/** What another system than the payload says that takes the alarm out of the alert. */
function explainedBy(situation: Situation): string[] {
  const signs = observed(situation, 'recovered', 'within_normal', 'not_due', 'in_time').flatMap(
    ({ evidence }) => evidence,
  )
  return [
    ...(situation.maintenance ? [situation.maintenance.id] : []),
    ...(situation.allResolved ? ['resolved'] : []),
    ...(situation.isProduction ? [] : ['environment']),
    ...signs,
  ]
}

/** The payload's claim, or what people confirmed before, is enough where the catalogue knows that nothing hangs on it. */
function isClaimOfLowStakes(situation: Situation): boolean {
  const isNoise = situation.history.confirmedNoise.length >= 2 && situation.history.wasReal.length === 0
  return situation.isLowStakes && (isNoise || found(situation, 'claimed_normal', 'within_normal').length > 0)
}

function citesUnknown(proposal: Proposal, { evidence }: Situation, after: Action): Objection | null {
  const known = new Set(evidence.map(({ id }) => id))
  if (proposal.evidence_ids.some((id) => !known.has(id)))
    return { after, why: 'It cites evidence that does not exist.' }
  return proposal.evidence_ids.length === 0 ? { after, why: 'It cites no evidence.' } : null
}

function isUnavailable({ unavailable }: Situation): Objection | null {
  const systems = [...new Set(unavailable.map(({ data }) => data.system))].join(', ')
  return systems === '' ? null : toPeople(`${systems} could not be asked.`)
}

function isUnsure({ confidence }: Proposal, policy: Policy, after: Action): Objection | null {
  return confidence < policy.min_confidence
    ? { after, why: `Its confidence of ${confidence} is under ${policy.min_confidence}.` }
    : null
}

function toPeople(why: string): Objection {
  return { after: 'notify_team', why }
}

function toLog(why: string): Objection {
  return { after: 'log_only', why }
}
