import type { PlanRemediation } from '../domain/confirm.ts'
import type { Decision, Remediation } from '../domain/decision.ts'
import type { Evidence } from '../domain/evidence.ts'
import { applyGuardrails } from '../domain/guardrails.ts'
import { outcomeOf } from '../domain/outcome.ts'
import { schedule } from '../domain/schedule.ts'
import type { Settings } from '../lib/config.ts'
import { loadActions, type PlannedAction, recentFixes, toldWhere, withdrawPages } from '../store/actions.ts'
import type { Query, Store } from '../store/connection.ts'
import { decide, decisionOf, loadProposal } from '../store/decisions.ts'
import { scheduleDue } from '../store/due.ts'
import { loadEvidence } from '../store/evidence.ts'
import { recentWithdrawals, saidReal } from '../store/feedback.ts'
import { loadIncident, lockIncident } from '../store/incidents.ts'
import { claimBudgetNews } from '../store/model-usage.ts'
import { stoppedBy } from '../store/switches.ts'
import { type Known, messagesTo } from './messages.ts'
import { budgetSpent } from './model-gate.ts'
import { policyOf } from './policy.ts'

/** What the flow does next. */
export type Next = 'none' | 'notify' | 'fix'

export interface Routed {
  decision: Decision
  next: Next
  /** Whether a fix waits for approval: those who are asked need to see what it would do. */
  asks: boolean
}

/**
 * Puts the proposal through guardrails and commits the decision together with every message and fix it sets off.
 * Run twice it answers the same and plans nothing twice. @throws AppError E_LEASE_LOST, and then nothing leaves
 */
export async function routeIncident(
  store: Store,
  id: string,
  holder: string,
  settings: Settings,
  now: Date,
): Promise<Routed> {
  const earlier = await decisionOf(store, id, holder)
  if (earlier) return answer(store, id, earlier)
  const { incident, alerts } = await loadIncident(store, id)
  const evidence = await loadEvidence(store, id, incident.revision)
  const { proposal, record } = await loadProposal(store, id, incident.revision, holder)
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
    stopped: proposal.remediation ? await stoppedBy(store, proposal.remediation.template) : null,
    saidReal: await saidReal(store, id),
    withdrawals: await recentWithdrawals(store),
    ...(proposal.remediation ? { planRemediation: await plannerOver(evidence) } : {}),
  })
  const decision = await store.transaction(async (query) => {
    await lockIncident(query, id)
    const actions = await planActions(
      query,
      settings,
      { incident, alerts, evidence, decision: proposed, told: await toldWhere(query, id) },
      proposed,
      await withdrawPages(query, id),
    )
    const decided = await decide(query, { incident: id, token: holder, decision: proposed, actions })
    if (incident.asset && ['dag', 'task'].includes(incident.asset.kind)) {
      await scheduleDue(query, { kind: 'recovery', subject: id, inMs: schedule.recoveryMs, ifAbsent: true })
    }
    return decided
  })
  return answer(store, id, { decision, revision: incident.revision })
}

/** The catalogue of fixes speaks to every system that can be fixed: loaded only where a fix is proposed. */
async function plannerOver(evidence: readonly Evidence[]): Promise<PlanRemediation> {
  const { planRemediation } = await import('../remediation/index.ts')
  return (template, target) => planRemediation(template, target, evidence)
}

/**
 * The messages and the fix that follow from a decision. Whoever was paged about an incident hears what became of it,
 * a dismissal too; of a fix they hear when it has ended. A page that had not left yet is told as what was decided.
 */
async function planActions(
  query: Query,
  settings: Settings,
  known: Known,
  decision: Decision,
  page: { withdrawn: boolean; told: boolean },
): Promise<PlannedAction[]> {
  const { state } = outcomeOf(decision)
  const fix = state === 'fixing' ? decision.remediation : null
  const isTold = state === 'notified' || state === 'awaiting_approval' || (fix ? page.withdrawn : page.told)
  return [
    ...(isTold
      ? await messagesTo(settings, await withBudgetNews(query, known, decision), { occasion: 'decision' })
      : []),
    ...(fix ? [fixAction(known.incident, fix)] : []),
  ]
}

/** The first message of a day that a spent budget left to rules says so: people are told once. */
async function withBudgetNews(query: Query, known: Known, { fallback }: Decision): Promise<Known> {
  if (!fallback?.startsWith(budgetSpent) || !(await claimBudgetNews(query))) return known
  return { ...known, note: `Rules decide until midnight UTC: ${fallback}` }
}

/** The fix of a decision, planned under the same key whenever it is planned. */
export function fixAction({ id, revision }: Known['incident'], remediation: Remediation): PlannedAction {
  return { kind: 'fix', key: `${id}:${revision}:${remediation.template}:${remediation.target}`, remediation }
}

/** What was planned says what is next: whatever is to leave leaves at once. */
async function answer(
  store: Store,
  id: string,
  { decision, revision }: { decision: Decision; revision: number },
): Promise<Routed> {
  const planned = (await loadActions(store, id)).filter((action) => action.revision === revision)
  const next = planned.some(({ kind }) => kind === 'fix')
    ? 'fix'
    : planned.some(({ message }) => message?.occasion === 'decision')
      ? 'notify'
      : 'none'
  return { decision, next, asks: outcomeOf(decision).state === 'awaiting_approval' }
}
