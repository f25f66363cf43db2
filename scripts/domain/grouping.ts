import type { ClosedHow, IncidentState } from './incident.ts'
import { schedule } from './schedule.ts'

/** An open incident near a new condition: of the same asset, or of assets that the lineage joins to it. */
export interface Neighbour {
  id: string
  state: IncidentState
  /** It holds the condition's own asset, or one upstream of it. */
  covers: boolean
  /** It holds an asset of the same name in another system: the two never meet. */
  isStranger: boolean
}

/** Where a new condition belongs. */
export type Place =
  /** `waits`: a fix is under way downstream, so that the two are looked at again when it has ended. */
  | { place: 'alone'; waits: boolean }
  /** Into an open incident; `merge` are others that turn out to be the same trouble and end in it. */
  | { place: 'group'; into: string; merge: string[] }

/** A fix under way, or one that people are asked about, rests on what was known: nothing is re-rooted meanwhile. */
const isSettled: ReadonlySet<IncidentState> = new Set<IncidentState>(['fixing', 'verifying', 'awaiting_approval'])

export function isMergeable(state: IncidentState): boolean {
  return !isSettled.has(state) && state !== 'dismissed' && state !== 'resolved'
}

/**
 * Where a condition that is in no open incident belongs. All it touches become one incident: the oldest takes in the
 * others, whatever order they came in. While a fix runs its incident takes in what lies downstream, and nothing else
 * happens to it. A dismissal speaks of its own condition only.
 * @param neighbours oldest first
 */
export function placeOf(neighbours: readonly Neighbour[]): Place {
  const known = neighbours.filter(({ isStranger }) => !isStranger)
  const [into, ...merge] = known.filter(({ state }) => isMergeable(state))
  if (into) return { place: 'group', into: into.id, merge: merge.map(({ id }) => id) }
  const settled = known.filter(({ state }) => isSettled.has(state))
  const covering = settled.find(({ covers }) => covers)
  return covering ? { place: 'group', into: covering.id, merge: [] } : { place: 'alone', waits: settled.length > 0 }
}

/**
 * Whether an incident that a new condition joined, or became the root of, is decided anew. Who is told already is not
 * told again for what follows from it; but what was found harmless, or is being looked at, was found so without this.
 */
export function decidesAgain(
  state: IncidentState,
  change: { rises: boolean; isRerooted: boolean; hasMerged: boolean },
): boolean {
  switch (state) {
    case 'analyzing':
    case 'logged':
      return true
    case 'notified':
    case 'escalated':
      return change.rises || change.isRerooted || change.hasMerged
    default:
      return false
  }
}

/** The incident that a condition was last part of, when that one is over. */
export interface Ended {
  how: ClosedHow
  at: Date
  /** The state in which it was closed. */
  from: IncidentState
  flaps: number
}

/** Ends that a monitor or a system told. Quiet says only that nobody spoke; a dismissal ends by itself. */
const toldEnds: ReadonlySet<ClosedHow> = new Set<ClosedHow>(['resolve', 'recovery', 'fixed'])

/** Firing again soon after its end, it is the same incident. */
export function isFlap(ended: Ended, now: Date): boolean {
  return toldEnds.has(ended.how) && now.getTime() - ended.at.getTime() < schedule.flapMs
}

/** The first time it is decided again. After that it goes back to what was decided, unless it is worse or a fix failed. */
export function flapDecidesAgain(ended: Ended, rises: boolean): boolean {
  const isTold = ended.from === 'notified' || ended.from === 'escalated' || ended.from === 'logged'
  return ended.flaps === 0 || rises || !isTold
}
