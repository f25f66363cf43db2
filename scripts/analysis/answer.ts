import { Proposal } from '../domain/decision.ts'
import type { Evidence } from '../domain/evidence.ts'
import { tryParseJson } from '../lib/json.ts'

/** What the model said, checked. `complaint` is told to the model: it quotes nothing that came from data. */
export type CheckedAnswer = { ok: true; proposal: Proposal } | { ok: false; complaint: string }

/**
 * Checks an answer: complete, JSON, in the schema, every cited id given, a fix named where a fix is proposed. What the
 * fix aims at is the guardrails' to judge.
 */
export function checkAnswer(
  text: string | undefined,
  finishReason: string | undefined,
  evidence: readonly Evidence[],
): CheckedAnswer {
  if (finishReason === 'MAX_TOKENS') return broken('The answer was cut off. Keep every text under 40 words.')
  if (!text) return broken('The answer was empty.')
  const parsed = tryParseJson(text)
  if (parsed === undefined) return broken('The answer was not JSON. Answer with one JSON object and nothing else.')
  const read = Proposal.safeParse(parsed)
  if (!read.success)
    return broken(`The answer breaks the schema: ${read.error.issues.slice(0, 8).map(problem).join('; ')}.`)
  const proposal = read.data
  const known = new Set(evidence.map(({ id }) => id))
  if (proposal.evidence_ids.some((id) => !known.has(id))) {
    return broken(
      `evidence_ids names ids that were not given. Given are: ${[...known].slice(0, 200).join(', ') || 'none'}.`,
    )
  }
  if (known.size > 0 && proposal.evidence_ids.length === 0)
    return broken('evidence_ids is empty: name what it rests on.')
  if (proposal.recommended_action === 'auto_fix' && proposal.remediation === null) {
    return broken('recommended_action is auto_fix, and remediation is null: name the template and its target.')
  }
  const isFix = proposal.recommended_action === 'auto_fix'
  return { ok: true, proposal: isFix ? proposal : { ...proposal, remediation: null } }
}

/** Field and code only: an issue's message may quote the answer, and the answer may quote data. */
function problem(issue: { path: PropertyKey[]; code: string }): string {
  const field = issue.path.map(String).find((part) => /^[a-z_]{1,30}$/.test(part)) ?? 'answer'
  return `${field}: ${issue.code}`
}

function broken(complaint: string): CheckedAnswer {
  return { ok: false, complaint }
}
