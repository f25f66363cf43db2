import { observed, observedTrouble } from '../assess/situation.ts'
import { protectedNames } from '../confirm.ts'
import { matchesPattern } from '../pattern.ts'
import { freezeIn } from '../permission.ts'
import { citesUnknown, type Guardrail, isUnavailable, isUnsure, neededConfidence, toPeople } from './case.ts'

/** What stands against a fix: it must be confirmed, allowed, able to help, and not one of many. */
export const againstFixes: readonly Guardrail[] = [
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
    object: ({ remediation, allowed }) =>
      remediation && !allowed ? toPeople(`Policy does not allow ${remediation.template} for this target.`) : null,
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
    object: ({ policy, now }) => {
      const freeze = freezeIn(policy, now)
      return freeze ? toPeople(freeze) : null
    },
  },
  {
    name: 'switch_thrown',
    guards: 'auto_fix',
    object: ({ stopped }) => (stopped ? toPeople(stopped) : null),
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
    name: 'evidence_conflict',
    guards: 'auto_fix',
    object: ({ situation }) => {
      const [well] = observed(situation, 'recovered').filter(({ relation }) => relation === 'subject')
      return well ? toPeople(`Evidence conflicts: ${well.says}.`) : null
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
    object: (one) => isUnsure(one.proposal, neededConfidence(one), 'notify_team'),
  },
  {
    name: 'too_many_fixes',
    guards: 'auto_fix',
    object: ({ recentFixes, policy: { max_fixes_per_target: limit } }) =>
      recentFixes >= limit.count
        ? toPeople(`It was fixed ${recentFixes} times in ${limit.hours} hours: fixing again hides the cause.`)
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
