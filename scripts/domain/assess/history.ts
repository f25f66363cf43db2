import type { Category } from '../alert.ts'
import type { EvidenceOf } from '../evidence.ts'

/** What past incidents teach. They inform a reason; alone they never fix anything and hardly ever silence anything. */
export interface History {
  /** Past incidents like this one that people confirmed to be noise. */
  confirmedNoise: EvidenceOf<'past_incident'>[]
  /** Past incidents like this one that were real, whatever was first thought of them. */
  wasReal: EvidenceOf<'past_incident'>[]
}

/** Below this they only share words. */
const similarEnough = 0.85
const saysNoise =
  /noise|false.?(?:positive|alarm)|not an incident|expected|harmless|\b(?:confirmed|correct|right|agreed?)\b/i
const saysReal = /wrong|was real|real incident|should (?:have|not)|missed|incorrect/i

/** Sorts what is alike enough, and of the same category, into noise that people confirmed and trouble that was real. */
export function readHistory(past: readonly EvidenceOf<'past_incident'>[], category: Category): History {
  const alike = past.filter(
    ({ source, data }) =>
      source === 'history' &&
      (data.similarity ?? 0) >= similarEnough &&
      (!data.category || category === 'unknown' || data.category === category),
  )
  const wasReal = alike.filter(
    ({ data }) =>
      data.is_incident === true ||
      data.outcome === 'fixed' ||
      data.outcome === 'escalated' ||
      saysReal.test(data.feedback ?? ''),
  )
  const confirmedNoise = alike.filter(
    (item) =>
      !wasReal.includes(item) &&
      item.data.is_incident === false &&
      item.data.outcome === 'false_positive' &&
      saysNoise.test(item.data.feedback ?? ''),
  )
  return { confirmedNoise, wasReal }
}
