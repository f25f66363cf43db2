import { z } from 'zod'
import type { Alert } from '../domain/alert.ts'
import type { Change } from '../domain/change.ts'
import { keepChanges } from './changes.ts'
import { type Access, type Query, within } from './connection.ts'
import { addDeadLetter } from './dead-letters.ts'
import { markDispatched } from './dispatch.ts'
import { foldAlerts } from './folding.ts'
import type { Quiet } from './quieting.ts'
import { noteHeard, type WebhookKey } from './sources.ts'
import { json, sql, text } from './sql.ts'

/** What the flow is told about a delivery. A repetition of the execution is told the same. */
const Received = z.object({
  /** How many incidents are to be analysed. */
  count: z.number().int(),
  /** The first of them. When it is the only one, whoever is told of it starts the analysis. */
  incident: z.string().nullable(),
  incidents: z.array(z.string()),
})
export type Received = z.infer<typeof Received>

interface HandedOver {
  /** Kestra's originalId: the same for an execution and its repetitions. */
  originalId: string
  executionId: string
  headers: Readonly<Record<string, string>>
  /** The JSON text, whole. */
  body: string
  /** By which key it came; null when it came by none. */
  webhookKey?: WebhookKey | null
}

/** A body and what was read from it, or why nothing could be. */
export type ReadDelivery = HandedOver &
  (
    | { monitor: string; alerts: readonly Alert[]; quiet?: Quiet; changes?: readonly Change[] }
    | { monitor?: string; deadLetter: { code: string; message: string } }
  )

/**
 * Keeps a delivery whole and folds its alerts into incidents, all at once. With an `originalId` that was here before
 * nothing changes, and the answer is what it was; of two attempts at the same time the second waits for the first.
 * @throws AppError E_STORE_UNAVAILABLE, E_STORE_NOT_MIGRATED
 */
export function receiveDelivery(access: Access, delivery: ReadDelivery): Promise<Received> {
  return within(access, async (query) => {
    const inserted = await query.run(
      sql`insert into raw_payloads (tenant, id, execution_id, monitor, headers, body, webhook_key)
          values (current_setting('dim.tenant'), ${delivery.originalId}, ${delivery.executionId},
            ${delivery.monitor ?? null}, ${json(delivery.headers)}, ${text(delivery.body)},
            ${delivery.webhookKey ?? null})
          on conflict do nothing`,
    )
    if (inserted === 0) return answeredBefore(query, delivery.originalId)
    const received = await takeIn(query, delivery)
    await query.run(sql`update raw_payloads set outcome = ${json(received)} where id = ${delivery.originalId}`)
    return received
  })
}

async function takeIn(query: Query, delivery: ReadDelivery): Promise<Received> {
  if ('deadLetter' in delivery) {
    const { originalId, executionId, body, headers } = delivery
    await addDeadLetter(query, { originalId, executionId, task: 'receive', ...delivery.deadLetter, body, headers })
    return { count: 0, incident: null, incidents: [] }
  }
  if (delivery.changes) await keepChanges(query, delivery.changes)
  const incidents = await foldAlerts(query, delivery.originalId, delivery.alerts, delivery.quiet)
  // One is started by the flow that is told of it; several are claimed one by one.
  if (incidents.length === 1) await markDispatched(query, incidents)
  // Last, because every delivery of a source writes this one row.
  await noteHeard(query, delivery)
  return { count: incidents.length, incident: incidents[0] ?? null, incidents }
}

async function answeredBefore(query: Query, originalId: string): Promise<Received> {
  const row = await query.first(
    z.object({ outcome: Received }),
    sql`select outcome from raw_payloads where id = ${originalId}`,
  )
  if (!row) throw new Error('A delivery that was here before is not here.')
  return row.outcome
}
