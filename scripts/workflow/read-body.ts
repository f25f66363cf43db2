import { type Change, readChanges } from '../domain/change.ts'
import { redactDeep } from '../lib/redact.ts'
import { readDelivery } from '../monitors/index.ts'
import type { Delivery } from '../monitors/monitor.ts'

/** What a delivery was read as: alerts, or changes that open nothing. */
export type Read = ReturnType<typeof readDelivery> & { changes?: Change[] }

/**
 * Reads a delivery as it is read where alerts arrive: a change before all monitors, unless one is asked by its name.
 * @throws AppError E_PAYLOAD_UNREADABLE, E_PAYLOAD_NO_ALERT, or E_SETTING_INVALID for a monitor that there isn't.
 */
export function readBody(delivery: Delivery, how: NonNullable<Parameters<typeof readDelivery>[1]>): Read {
  const changes = how.only === undefined ? readChanges(redactDeep(delivery.body), delivery.receivedAt) : null
  return changes === null ? readDelivery(delivery, how) : { monitor: 'change', alerts: [], changes }
}
