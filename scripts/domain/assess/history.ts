import type { Alert, Category } from '../alert.ts'
import { type ConditionMemory, materialDifference } from '../condition-memory.ts'
import type { EvidenceOf } from '../evidence.ts'

type Past = EvidenceOf<'past_incident'>

/** What past incidents teach. They inform a reason; alone they never fix anything and hardly ever silence anything. */
export interface History {
  /** Past incidents like this one that people confirmed to be noise, as far as only their words say so. */
  confirmedNoise: Past[]
  /** Past incidents like this one that were real, whatever was first thought of them. */
  wasReal: Past[]
  /** People confirmed often enough that this very condition is noise, and nothing differs from then. */
  trusted: { cited: Past; memory: ConditionMemory } | null
}

/** Below this they only share words. */
const similarEnough = 0.85
const saysNoise =
  /noise|false.?(?:positive|alarm)|not an incident|expected|harmless|\b(?:confirmed|correct|right|agreed?)\b/i
const saysReal = /wrong|was real|real incident|should (?:have|not)|missed|incorrect/i

/**
 * Sorts what is alike enough, and of the same category, into noise that people confirmed and trouble that was real.
 * Where the store says what people's verdict was, nobody's words are interpreted.
 */
export function readHistory(
  past: readonly Past[],
  category: Category,
  present: { alerts: readonly Alert[]; affected: number; now: Date },
): History {
  const alike = past.filter(
    ({ source, data }) =>
      source === 'history' &&
      (data.similarity ?? 0) >= similarEnough &&
      (!data.category || category === 'unknown' || data.category === category),
  )
  const wasReal = alike.filter(isReal)
  const confirmedNoise = alike.filter(
    (item) =>
      !wasReal.includes(item) &&
      item.data.verdict === undefined &&
      item.data.is_incident === false &&
      item.data.outcome === 'false_positive' &&
      saysNoise.test(item.data.feedback ?? ''),
  )
  return { confirmedNoise, wasReal, trusted: trustedIn(past, present) }
}

function isReal({ data }: Past): boolean {
  const isMended = data.outcome === 'fixed' || data.outcome === 'escalated'
  if (data.verdict === undefined) return isMended || data.is_incident === true || saysReal.test(data.feedback ?? '')
  // That the condition itself was real before is weighed in what is remembered of it.
  return data.verdict === 'real' ? data.similarity !== 1 : data.verdict === null && isMended
}

function trustedIn(
  past: readonly Past[],
  { alerts, affected, now }: { alerts: readonly Alert[]; affected: number; now: Date },
): History['trusted'] {
  for (const cited of past) {
    const { memory } = cited.data
    if (cited.source !== 'history' || !memory?.until || Date.parse(memory.until) <= now.getTime()) continue
    if (materialDifference(memory, { alerts, affected }) === null) return { cited, memory }
  }
  return null
}
