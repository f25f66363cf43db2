import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import type { Execution } from '../lib/kestra.ts'
import type { Monitor } from '../monitors/monitor.ts'
import type { Store } from '../store/connection.ts'
import { addDeadLetter } from '../store/dead-letters.ts'
import { type HandedOver, ingestLate, readHeaders } from './ingest.ts'

/**
 * The last thing a failed flow does. A body is taken in once more: the fault may have passed, and taking it in is
 * idempotent; what then still can't be is kept with its reason. Answers what was kept.
 * @throws AppError E_STORE_…: then nothing was kept here, and the clock takes it in from Kestra
 */
export async function keepDeadLetter(
  store: Store,
  failed: {
    flow: string
    execution: Execution
    incident: string | null
    delivery: Pick<HandedOver, 'body' | 'headers' | 'webhookKey'> | null
  },
  taught: readonly Monitor[] = [],
  settings: Settings = {},
): Promise<'alerts' | 'dead_letter'> {
  const { flow, execution, incident, delivery } = failed
  const ids = { executionId: execution.id, originalId: execution.originalId }
  if (delivery) return takeOrKeep(store, flow, { ...ids, ...delivery, receivedAt: new Date() }, taught, settings)
  await addDeadLetter(store, {
    ...ids,
    flow,
    incident,
    code: 'E_UNEXPECTED',
    message: `The flow ${flow} failed; its execution's log says where.`,
    body: null,
  })
  return 'dead_letter'
}

/**
 * Takes a body in, late. One that the store can't keep as alerts, for a reason of its own, becomes a dead letter; a
 * store that is away or not migrated is no reason of the body's. @throws AppError E_STORE_…, E_SETTING_…
 */
export async function takeOrKeep(
  store: Store,
  flow: string,
  handedOver: HandedOver,
  taught: readonly Monitor[] = [],
  settings: Settings = {},
): Promise<'alerts' | 'dead_letter'> {
  try {
    await ingestLate(store, [handedOver], taught, settings)
    return 'alerts'
  } catch (thrown) {
    const { code, message } = toAppError(thrown)
    if (code !== 'E_UNEXPECTED') throw thrown
    const { originalId, executionId, body } = handedOver
    const headers = readHeaders(handedOver.headers)
    await addDeadLetter(store, { originalId, executionId, flow, code, message, body, headers })
    return 'dead_letter'
  }
}

/** Takes several bodies in at once; where they can't be all together, each by itself. @throws AppError E_STORE_…, E_SETTING_… */
export async function takeAllOrKeep(
  store: Store,
  flow: string,
  handedOver: readonly HandedOver[],
  taught: readonly Monitor[] = [],
  settings: Settings = {},
): Promise<void> {
  try {
    if (handedOver.length > 0) await ingestLate(store, handedOver, taught, settings)
  } catch (thrown) {
    if (toAppError(thrown).code !== 'E_UNEXPECTED') throw thrown
    for (const each of handedOver) await takeOrKeep(store, flow, each, taught, settings)
  }
}
