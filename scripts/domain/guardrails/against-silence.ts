import { businessSeverity } from '../assess/business-severity.ts'
import { found, observed, type Situation, unexplainedTrouble } from '../assess/situation.ts'
import type { Withdrawal } from '../withdrawal.ts'
import { citesUnknown, type Guardrail, isUnavailable, isUnsure, neededConfidence, toLog, toPeople } from './case.ts'

/** What stands against silence: a dismissal is earned by evidence, and a serious incident is not left to a ticket. */
export const againstSilence: readonly Guardrail[] = [
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
      explainedBy(situation).length === 0 && !isClaimOfLowStakes(situation) && situation.history.trusted === null
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
    object: (one) => isUnsure(one.proposal, neededConfidence(one), 'log_only'),
  },
  {
    name: 'trust_withdrawn',
    guards: 'dismiss',
    object: ({ withdrawn }) =>
      withdrawn ? (withdrawn.isSameTrouble ? toPeople : toLog)(wasReal(withdrawn.withdrawal)) : null,
  },
  {
    name: 'said_to_be_real',
    guards: 'dismiss',
    object: ({ saidReal }) => (saidReal ? toPeople(`${saidReal} says that it is real.`) : null),
  },
  {
    name: 'trust_withdrawn',
    guards: 'log_only',
    object: ({ withdrawn, proposal }) =>
      withdrawn?.isSameTrouble && !proposal.is_incident ? toPeople(wasReal(withdrawn.withdrawal)) : null,
  },
  {
    name: 'said_to_be_real',
    guards: 'log_only',
    object: ({ saidReal }) => (saidReal ? toPeople(`${saidReal} says that it is real.`) : null),
  },
  {
    name: 'trouble_logged',
    guards: 'log_only',
    object: ({ proposal, situation }) => {
      const [trouble] = unexplainedTrouble(situation)
      const severity = businessSeverity(situation)
      const isGrave = severity === 'CRITICAL' || severity === 'HIGH'
      return trouble && isGrave && !proposal.is_incident ? toPeople(`A connector sees trouble: ${trouble.says}.`) : null
    },
  },
  {
    name: 'incident_logged',
    guards: 'log_only',
    object: ({ proposal }) =>
      proposal.is_incident && (proposal.severity === 'CRITICAL' || proposal.severity === 'HIGH')
        ? toPeople(`An incident of severity ${proposal.severity} is not left to a ticket.`)
        : null,
  },
]

function wasReal({ incident, reason, at }: Withdrawal): string {
  return `${reason} kept ${incident} quiet, which was real, as people said on ${at.toISOString().slice(0, 10)}.`
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
