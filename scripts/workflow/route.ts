import { channels } from '../channels/index.ts'
import type { Decision, Remediation } from '../domain/decision.ts'
import { applyGuardrails } from '../domain/guardrails.ts'
import { buildMessage } from '../domain/message-build.ts'
import { schedule } from '../domain/schedule.ts'
import type { Settings } from '../lib/config.ts'
import { planRemediation } from '../remediation/index.ts'
import { type PlannedAction, recentFixes } from '../store/actions.ts'
import type { Store } from '../store/connection.ts'
import { decide, loadProposal } from '../store/decisions.ts'
import { scheduleDue } from '../store/due.ts'
import { loadEvidence } from '../store/evidence.ts'
import { loadIncident } from '../store/incidents.ts'
import { policyOf } from './policy.ts'

/** What the flow does next. */
export type Next = 'none' | 'notify' | 'fix'

/**
 * Puts the proposal through guardrails and commits the decision together with every message and fix it sets off.
 * Run twice it answers the same and plans nothing twice. @throws AppError E_LEASE_LOST
 */
export async function routeIncident(store: Store, id: string, holder: string, settings: Settings, now: Date) {
  const { incident, alerts } = await loadIncident(store, id)
  const evidence = await loadEvidence(store, id, incident.revision)
  const { proposal, record } = await loadProposal(store, id, incident.revision)
  const policy = await policyOf(incident.source, settings)
  const proposed = applyGuardrails({
    proposal,
    record,
    evidence,
    alerts,
    policy,
    now,
    recentFixes: proposal.remediation
      ? await recentFixes(store, proposal.remediation.target, policy.max_fixes_per_target.hours)
      : 0,
    planRemediation: (template, target) => planRemediation(template, target, evidence),
  })
  const decision = await decide(store, {
    incident: id,
    token: holder,
    decision: proposed,
    actions: planActions(proposed, (occasion) =>
      buildMessage({ occasion, incident, decision: proposed, alerts, evidence }),
    ),
  })
  if (incident.asset && ['dag', 'task'].includes(incident.asset.kind)) {
    await scheduleDue(store, { kind: 'recovery', subject: id, inMs: schedule.recoveryMs, ifAbsent: true })
  }
  return { decision, next: nextStep(decision) }

  function planActions(decided: Decision, message: (occasion: 'decision') => ReturnType<typeof buildMessage>) {
    // Once people were paged about it, an incident is not dismissed behind their backs: they are told that it was.
    const tell = decided.recommended_action === 'notify_team' || (incident.told_at !== null && !isFix(decided))
    const actions: PlannedAction[] = []
    if (tell && decided.mode !== 'observe') {
      for (const channel of configuredChannels(settings)) {
        actions.push({
          kind: channel,
          key: `${id}:${incident.revision}:${channel}:decision`,
          message: message('decision'),
        })
      }
    }
    if (isFix(decided)) actions.push(fixAction(id, incident.revision, decided.remediation))
    return actions
  }
}

function isFix(decision: Decision): decision is Decision & { remediation: Remediation } {
  return decision.recommended_action === 'auto_fix' && decision.remediation !== null
}

function fixAction(id: string, revision: number, remediation: Remediation): PlannedAction {
  const key = `${id}:${revision}:${remediation.template}:${remediation.target}`
  return { kind: 'fix', key, remediation }
}

function nextStep(decision: Decision): Next {
  if (decision.mode === 'observe') return 'none'
  if (isFix(decision)) return 'fix'
  return decision.recommended_action === 'notify_team' ? 'notify' : 'none'
}

/** The channels that are set up; the store's own ticket when there is none, so that nothing is told to nobody. */
export function configuredChannels(settings: Settings): string[] {
  const names = channels.filter((channel) => channel.isConfigured(settings)).map((channel) => channel.name)
  return names.length > 0 ? names : ['ticket']
}
