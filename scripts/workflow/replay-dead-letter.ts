import type { Settings } from '../lib/config.ts'
import type { Monitor } from '../monitors/monitor.ts'
import type { Store } from '../store/connection.ts'
import { type DeadLetter, markReplayed } from '../store/dead-letters.ts'
import { ingestLate, readAlerts } from './ingest.ts'

/**
 * Takes a dead letter's body in again. It is taken in under an id made from the letter's own, so that a second replay
 * finds it done. Answers `taken`, or why it stays.
 */
export async function replayDeadLetter(
  store: Store,
  letter: DeadLetter,
  taught: readonly Monitor[] = [],
  settings: Settings = {},
): Promise<string> {
  if (letter.payload === null) return 'it holds no body: the flow failed after the alert was taken in'
  const handedOver = {
    executionId: letter.execution_id,
    originalId: `${letter.original_id}/replay`,
    body: letter.payload,
    headers: JSON.stringify(letter.headers ?? {}),
    receivedAt: letter.created_at,
  }
  const reading = readAlerts(handedOver, letter.headers ?? {}, taught)
  if ('deadLetter' in reading) return `still unreadable: ${reading.deadLetter.message}`
  await ingestLate(store, [handedOver], taught, settings)
  await markReplayed(store, { executionId: letter.execution_id, task: letter.task })
  return 'taken'
}
