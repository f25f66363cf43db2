import { analyze } from '../analysis/analyze.ts'
import type { AnalyzerRecord } from '../domain/decision.ts'
import { ownSource } from '../domain/own-alert.ts'
import type { Settings } from '../lib/config.ts'
import type { Store } from '../store/connection.ts'
import { decisionOf, saveProposal } from '../store/decisions.ts'
import { loadEvidence } from '../store/evidence.ts'
import { loadIncident } from '../store/incidents.ts'
import { modelGate } from './model-gate.ts'
import { policyOf } from './policy.ts'

/**
 * Asks the analyser and keeps what it proposes. What this execution has decided already is not asked again.
 * @throws AppError E_LEASE_LOST when another execution took over, or the incident ended
 */
export async function analyzeIncident(
  store: Store,
  id: string,
  holder: string,
  settings: Settings,
  now: Date,
): Promise<AnalyzerRecord> {
  const earlier = await decisionOf(store, id, holder)
  if (earlier) return earlier.decision
  const { incident, alerts } = await loadIncident(store, id)
  const evidence = await loadEvidence(store, id, incident.revision)
  const policy = await policyOf(incident.source, settings)
  // What we noticed ourselves needs no model to be judged.
  const judge = incident.source === ownSource ? { ...settings, ANALYZER: 'rules' } : settings
  const input = { alerts, evidence, policy, now, severity: incident.severity }
  const { proposal, record } = await analyze(input, judge, {
    gate: modelGate(store, policy.model),
    // Loaded only when it is needed: few incidents are looked at twice.
    gatherAgain: async () => (await import('./gather.ts')).collectEvidence(store, id, settings, now),
  })
  await saveProposal(store, id, holder, { proposal, record })
  return record
}
