import type { Alert } from '../domain/alert.ts'
import { ownSource } from '../domain/own-alert.ts'
import type { Store } from '../store/connection.ts'
import { releaseDispatch } from '../store/dispatch.ts'
import { receiveDelivery } from '../store/receive.ts'
import { quietInForce } from './quiet.ts'
import type { WorkOptions } from './work.ts'

/**
 * Takes in an alert of our own, through the same door as any other: kept, folded, silenced where people said so.
 * `key` names the event: the same once more changes nothing.
 */
export async function takeOwnAlert(
  store: Store,
  key: string,
  alert: Alert,
  { settings }: Pick<WorkOptions, 'settings'>,
): Promise<void> {
  const { rules, active } = await quietInForce(store, settings)
  const { incidents } = await receiveDelivery(store, {
    originalId: `${ownSource}/${key}`,
    executionId: ownSource,
    headers: {},
    body: JSON.stringify(alert),
    monitor: ownSource,
    alerts: [alert],
    quiet: { rules, active, ignored: [] },
  })
  for (const incident of incidents) await releaseDispatch(store, incident)
}
