import { offeredFlows } from '../domain/assess/offered-flows.ts'
import { type Analysis, type AnalysisInput, assess, type Situation } from '../domain/assess/situation.ts'
import type { Policy } from '../domain/policy.ts'
import { rows } from './decision-table.ts'
import { writeProposal } from './proposal-text.ts'
import type { Row } from './table/row.ts'
import type { Verdict } from './verdict.ts'

/**
 * Analyses by rules alone: the first row of the decision table that applies decides. Needs no model, no network and
 * no clock but the one it is given; the last row always applies.
 */
export function analyzeWithRules(input: AnalysisInput): Analysis {
  const began = performance.now()
  const situation = assess(input)
  const decided = decideBy(situation)
  const { row } = decided
  const verdict = withOwnFlow(decided.verdict, situation, input.policy)
  return {
    proposal: writeProposal(situation, verdict),
    record: {
      analyzer: 'rules',
      model: null,
      prompt_version: null,
      tokens: null,
      cost_usd: null,
      latency_ms: Math.round((performance.now() - began) * 100) / 100,
      fallback: null,
      ...(isSettled(row, verdict) ? { cheap_pass: true } : {}),
      rule: row.name,
    },
  }
}

/** No trouble, found by a row that needs no second opinion. Trouble, and what to do about it, is always worth one. */
function isSettled({ isCheap }: Row, { isIncident }: Verdict): boolean {
  return isCheap === true && !isIncident
}

/** Where people would be told, and policy has a flow of the team's own for what the verdict rests on, that one is proposed. */
function withOwnFlow(verdict: Verdict, situation: Situation, { flows = [] }: Policy): Verdict {
  if (flows.length === 0 || !verdict.isIncident || verdict.action !== 'notify_team') return verdict
  const own = offeredFlows(situation, flows).find(({ finding }) => verdict.cause.includes(finding))
  return own ? { ...verdict, action: 'auto_fix', remediation: { template: 'run_flow', target: own.target } } : verdict
}

function decideBy(situation: Situation) {
  for (const row of rows) {
    const verdict = row.decide(situation)
    if (verdict) return { row, verdict }
  }
  throw new Error('The last row of the decision table applies to everything.')
}
