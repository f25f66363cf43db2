import type { Store } from '../store/connection.ts'
import { giveBackMark, holdMark } from '../store/marks.ts'

/** An alert that waited so long for its turn in Kestra's queue has others behind it. */
export const backlogAfterMs = 3_000
/** Longer than one task takes to work the backlog; one that died holds it no longer than this. */
const leaseMs = 30_000
const leaseName = 'backlog'

/**
 * Whether whoever received this delivery is to take in what waits behind it: it waited long itself, and nobody else is
 * at it. One at a time, by a lease in the store.
 */
export async function isToCatchUp(store: Store, startedAt: string, now = Date.now()): Promise<boolean> {
  const waitedMs = now - Date.parse(startedAt)
  return waitedMs > backlogAfterMs && (await holdMark(store, leaseName, leaseMs))
}

/** Lets the next one take in what comes from now on. */
export function endCatchUp(store: Store): Promise<void> {
  return giveBackMark(store, leaseName)
}
