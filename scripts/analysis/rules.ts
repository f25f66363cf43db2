import { type Analysis, type AnalysisInput, assess, type Situation } from '../domain/assess/situation.ts'
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
  const { row, verdict } = decideBy(situation)
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

function decideBy(situation: Situation) {
  for (const row of rows) {
    const verdict = row.decide(situation)
    if (verdict) return { row, verdict }
  }
  throw new Error('The last row of the decision table applies to everything.')
}
