import { type Evidence, ofKind } from './evidence.ts'
import { tierOf } from './owners.ts'

/** An incident whose fix waits for its turn, and what is known of it. */
export interface Waiting {
  incident: string
  evidence: readonly Evidence[]
}

/** Whose fix is to be run first: the promise that is broken or ends next, then the highest tier, then who waits longest. */
export function byPromise(waiting: readonly Waiting[]): string[] {
  return waiting
    .map(({ incident, evidence }, place) => ({
      incident,
      place,
      due: promiseOf(evidence),
      tier: tierOf(evidence) ?? Number.POSITIVE_INFINITY,
    }))
    .sort((a, b) => compare(a.due, b.due) || compare(a.tier, b.tier) || a.place - b.place)
    .map(({ incident }) => incident)
}

/** When the earliest promise ends, in milliseconds; one that is broken and says no time is the earliest of all. */
function promiseOf(evidence: readonly Evidence[]): number {
  const times = ofKind(evidence, 'catalog_entry').flatMap(({ data }) => {
    const at = Date.parse(data.sla_deadline ?? '')
    if (!Number.isNaN(at)) return [at]
    return data.breached ? [Number.NEGATIVE_INFINITY] : []
  })
  return Math.min(...times)
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1
}
