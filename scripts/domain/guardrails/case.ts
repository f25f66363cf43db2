import type { Situation } from '../assess/situation.ts'
import type { Action, Proposal, Remediation } from '../decision.ts'
import type { AllowRule, Policy } from '../policy.ts'
import type { Withdrawal } from '../withdrawal.ts'

/** What a rule looks at: the proposal as earlier rules left it. */
export interface Case {
  action: Action
  /** With `auto_fix`, what would be done. */
  remediation: Proposal['remediation']
  params: Remediation['params'] | null
  proposal: Proposal
  situation: Situation
  policy: Policy
  /** The entry of the allow-list that covers the remediation. */
  allowed: AllowRule | null
  now: Date
  /** Why fixes are stopped by a switch; null while none is thrown. */
  stopped: string | null
  recentFixes: number
  /** Who said that this very incident is real; null when nobody did. */
  saidReal: string | null
  /** What stands against keeping it quiet because the same was wrong before. */
  withdrawn: { isSameTrouble: boolean; withdrawal: Withdrawal } | null
}

/** What a rule wants instead, and why. */
export interface Objection {
  after: Action
  why: string
}

export interface Guardrail {
  readonly name: string
  /** What it guards: a rule is only asked about this action. */
  readonly guards: Action
  readonly object: (one: Case) => Objection | null
}

export function citesUnknown(proposal: Proposal, { evidence }: Situation, after: Action): Objection | null {
  const known = new Set(evidence.map(({ id }) => id))
  if (proposal.evidence_ids.some((id) => !known.has(id)))
    return { after, why: 'It cites evidence that does not exist.' }
  return proposal.evidence_ids.length === 0 ? { after, why: 'It cites no evidence.' } : null
}

export function isUnavailable({ unavailable }: Situation): Objection | null {
  const systems = [...new Set(unavailable.map(({ data }) => data.system))].join(', ')
  return systems === '' ? null : toPeople(`${systems} could not be asked.`)
}

export function isUnsure({ confidence }: Proposal, needed: number, after: Action): Objection | null {
  return confidence < needed ? { after, why: `Its confidence of ${confidence} is under ${needed}.` } : null
}

/**
 * How sure it has to be: the strictest threshold that policy sets for this template, tier, environment and target. What is not
 * in the catalogue counts as the highest tier.
 */
export function neededConfidence({ action, remediation, situation, policy, allowed }: Case): number {
  const tier = situation.level.tier ?? 1
  const environment = situation.isProduction ? 'production' : 'other'
  const template = action === 'auto_fix' ? remediation?.template : action
  const set = policy.thresholds.filter(
    (one) =>
      (one.template === undefined || one.template === template) &&
      (one.tier === undefined || one.tier === tier) &&
      (one.environment === undefined || one.environment === environment),
  )
  return Math.max(policy.min_confidence, allowed?.min_confidence ?? 0, ...set.map((one) => one.min_confidence))
}

export function toPeople(why: string): Objection {
  return { after: 'notify_team', why }
}

export function toLog(why: string): Objection {
  return { after: 'log_only', why }
}
