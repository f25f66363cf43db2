import type { Action, Decision, Mode } from './decision.ts'
import type { AlertEndState, IncidentState } from './incident.ts'

/** What a decision makes of an incident and of the alerts that set it off; their end is open while a fix runs. */
export interface Outcome {
  state: Extract<IncidentState, 'dismissed' | 'logged' | 'notified' | 'awaiting_approval' | 'fixing'>
  alerts: AlertEndState | null
}

const outcomes: Record<Mode, Record<Action, Outcome>> = {
  // Decided and recorded, and nothing leaves.
  observe: {
    dismiss: { state: 'dismissed', alerts: 'observed' },
    log_only: { state: 'logged', alerts: 'observed' },
    notify_team: { state: 'logged', alerts: 'observed' },
    auto_fix: { state: 'logged', alerts: 'observed' },
  },
  notify: {
    dismiss: { state: 'dismissed', alerts: 'would_dismiss' },
    log_only: { state: 'logged', alerts: 'logged' },
    notify_team: { state: 'notified', alerts: 'notified' },
    // Guardrails leave no fix in this mode. Should one come through, people are told, and nothing is fixed.
    auto_fix: { state: 'notified', alerts: 'notified' },
  },
  act: {
    dismiss: { state: 'dismissed', alerts: 'dismissed' },
    log_only: { state: 'logged', alerts: 'logged' },
    notify_team: { state: 'notified', alerts: 'notified' },
    auto_fix: { state: 'fixing', alerts: null },
  },
}

/** What follows from a decision, by what it recommends and the mode in force. */
export function outcomeOf(decision: Pick<Decision, 'recommended_action' | 'mode' | 'approval'>): Outcome {
  const outcome = outcomes[decision.mode][decision.recommended_action]
  return outcome.state === 'fixing' && decision.approval ? { ...outcome, state: 'awaiting_approval' } : outcome
}
