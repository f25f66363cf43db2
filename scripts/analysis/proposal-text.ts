import type { Category } from '../domain/alert.ts'
import { categoryOfSign, duration } from '../domain/assess/finding.ts'
import type { Situation } from '../domain/assess/situation.ts'
import type { Proposal } from '../domain/decision.ts'
import { oneLine, plainText } from '../domain/text.ts'

import type { Verdict } from './verdict.ts'

/** Writes a verdict as a proposal: cause and impact in words, with the evidence that they rest on. */
export function writeProposal(situation: Situation, verdict: Verdict): Proposal {
  const cited = citedEvidence(situation, verdict)
  return {
    is_incident: verdict.isIncident,
    severity: verdict.severity,
    category: categoryOf(situation, verdict),
    root_cause: plainText(rootCause(situation, verdict), 2000),
    business_impact: plainText(businessImpact(situation, verdict), 2000),
    reasoning: plainText(reasoning(situation, verdict, cited), 4000),
    affected_count: situation.affected.length,
    affected_assets: situation.affected.slice(0, 200).map((name) => oneLine(name, 512)),
    recommended_action: verdict.action,
    confidence: verdict.confidence,
    evidence_ids: cited.slice(0, 100),
    remediation: verdict.action === 'auto_fix' ? (verdict.remediation ?? null) : null,
  }
}

/** What the alert's words did not tell, its cause does. */
function categoryOf(s: Situation, { cause: [first] }: Verdict): Category {
  return s.category === 'unknown' ? ((first && categoryOfSign(first.sign)) ?? 'unknown') : s.category
}

function rootCause(s: Situation, { cause, reason, isIncident, nearby = [] }: Verdict): string {
  const found = cause.slice(0, 3).map(({ relation, says, evidence }) => {
    const where = relation === 'upstream' ? `upstream, ${says}` : says
    return `${sentence(where)} [${evidence.join(', ')}]`
  })
  if (!isIncident) return [sentence(reason), ...found].join(' ')
  const claimed = s.alerts[0]?.title ?? 'an alert without words'
  const kind = s.claimedFailure ? ` Its text points to this: ${s.claimedFailure.says}.` : ''
  const first = found.length > 0 ? found.join(' ') : `The monitor reports: ${sentence(oneLine(claimed, 200))}${kind}`
  const changes = s.changes
    .slice(0, 2)
    .map(({ id, data }) => `Shortly before, a ${data.what.replace('_', ' ')} ${data.ref ?? ''} touched it [${id}].`)
  const elsewhere = nearby.slice(0, 2).map(({ says, evidence }) => `Seen beside it: ${says} [${evidence.join(', ')}].`)
  return [first, ...changes, sentence(reason), ...elsewhere].join(' ')
}

function businessImpact({ level, affected, urgency }: Situation, { isIncident }: Verdict): string {
  if (!isIncident) return 'None known.'
  const { tier, minutes, minutesLeft, owner, revenuePerHour } = level
  const left = minutesLeft === null ? 0 : minutesLeft
  const promise = minutes === null ? 'The promised time' : `The promise of ${duration(minutes)}`
  return [
    tier === null
      ? 'It is not in the catalogue, so what depends on it is not known.'
      : `Tier ${tier}${owner ? `, owned by ${owner}` : ''}.`,
    urgency === 'breached' ? `${promise} is broken, by ${duration(-left)}.` : '',
    urgency === 'near' ? `${promise} ends in ${duration(left)}.` : '',
    affected.length > 0
      ? `${affected.length} ${affected.length === 1 ? 'depends' : 'depend'} on it: ${listed(affected)}.`
      : '',
    revenuePerHour > 0 ? `An hour costs about ${revenuePerHour}.` : '',
  ]
    .filter(Boolean)
    .join(' ')
}

function reasoning(s: Situation, { reason, cause }: Verdict, cited: readonly string[]): string {
  const facts = s.evidence
    .filter(({ id }) => cited.includes(id))
    .slice(0, 12)
    .map(({ id, source, summary }) => `[${id}] ${source}: ${oneLine(summary, 240)}`)
  const silent = s.unavailable.map(({ data }) => `${data.system} could not be asked.`)
  const claim =
    cause.length > 0 && cause.every(({ observed }) => !observed) ? ['This rests on what the payload says.'] : []
  return [sentence(reason), ...claim, ...silent, ...facts].join('\n')
}

/** What the verdict rests on first, then what its severity rests on. */
function citedEvidence(s: Situation, verdict: Verdict): string[] {
  const lineage = s.evidence.filter(({ kind }) => kind === 'lineage').map(({ id }) => id)
  return [
    ...new Set([
      ...verdict.cause.flatMap(({ evidence }) => evidence),
      ...(verdict.alsoCites ?? []),
      ...(verdict.isIncident ? s.changes.map(({ id }) => id) : []),
      ...s.level.evidence,
      ...(s.affected.length > 0 ? lineage : []),
    ]),
  ]
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => oneLine(name, 120))
  return names.length > shown.length ? `${shown.join(', ')} and ${names.length - shown.length} more` : shown.join(', ')
}

function sentence(text: string): string {
  const trimmed = text.trim()
  // A name keeps its spelling: `memory_used_percent` is no word that begins a sentence.
  const isWord = /^[a-z]+(?:[ ,]|$)/.test(trimmed)
  const capital = isWord ? `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}` : trimmed
  return /[.!?]$/.test(capital) ? capital : `${capital}.`
}
