import type { Analysis, AnalysisInput, Situation } from '../domain/assess/situation.ts'
import { assess } from '../domain/assess/situation.ts'
import type { Evidence } from '../domain/evidence.ts'

/** Whether the first answer is unsure and the incident matters: tier 1 or 2, not catalogued, or a promise near its end. */
export function deservesSecondLook({ proposal }: Analysis, input: AnalysisInput): boolean {
  return proposal.confidence < input.policy.min_confidence && matters(assess(input))
}

function matters({ level, urgency }: Situation): boolean {
  return (level.tier ?? 1) <= 2 || urgency === 'breached' || urgency === 'near'
}

/**
 * Looks once more, with evidence of a second gathering round. What is proposed stays the first answer, whose evidence
 * is kept: the second may only make it less sure. A second look that fails changes nothing.
 */
export async function lookAgain(
  first: Analysis,
  input: AnalysisInput,
  gatherAgain: () => Promise<readonly Evidence[]>,
  ask: (input: AnalysisInput) => Promise<Analysis>,
): Promise<Analysis> {
  const second = await ask({ ...input, evidence: await gatherAgain() }).catch(() => null)
  if (!second) return first
  const isSame =
    second.proposal.is_incident === first.proposal.is_incident &&
    second.proposal.recommended_action === first.proposal.recommended_action
  const confidence = Math.min(first.proposal.confidence, second.proposal.confidence, isSame ? 1 : disagreed)
  return {
    proposal: { ...first.proposal, confidence },
    record: {
      ...first.record,
      tokens: (first.record.tokens ?? 0) + (second.record.tokens ?? 0),
      cost_usd:
        first.record.cost_usd === null || second.record.cost_usd === null
          ? null
          : first.record.cost_usd + second.record.cost_usd,
      latency_ms: first.record.latency_ms + second.record.latency_ms,
      second_look: isSame ? 'agrees' : 'differs',
    },
  }
}

/** Two looks that do not agree are a coin's toss. */
const disagreed = 0.5
