import { toAppError } from '../lib/errors.ts'
import type { Execution } from '../lib/kestra.ts'
import type { Store } from '../store/connection.ts'
import { addDeadLetter } from '../store/dead-letters.ts'
import { ingest } from './ingest.ts'

/**
 * The last thing a failed flow does. A body is taken in once more: the fault may have passed, and taking it in is
 * idempotent; what then still can't be is kept with its reason. Answers what was kept.
 */
export async function keepDeadLetter(
  store: Store,
  failed: {
    flow: string
    execution: Execution
    incident: string | null
    delivery: { body: string; headers: string } | null
  },
): Promise<'alerts' | 'dead_letter'> {
  const { flow, execution, incident, delivery } = failed
  let reason = { code: 'E_UNEXPECTED', message: `The flow ${flow} failed; its execution's log says where.` }
  if (delivery) {
    try {
      await ingest(store, {
        executionId: execution.id,
        originalId: execution.originalId,
        ...delivery,
        receivedAt: new Date(),
      })
      return 'alerts'
    } catch (thrown) {
      const { code, message } = toAppError(thrown)
      // With the store down there is nowhere to keep it but Kestra, from where the clock takes it in again.
      if (code === 'E_STORE_UNAVAILABLE') throw thrown
      reason = { code, message }
    }
  }
  await addDeadLetter(store, {
    originalId: execution.originalId,
    executionId: execution.id,
    flow,
    incident,
    ...reason,
    body: delivery?.body ?? null,
  })
  return 'dead_letter'
}
