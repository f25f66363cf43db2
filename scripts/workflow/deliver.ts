import type { Delivery } from '../channels/channel.ts'
import { channels } from '../channels/index.ts'
import type { Settings } from '../lib/config.ts'
import { type ClaimedAction, claimActions, finishAction } from '../store/actions.ts'
import type { Store } from '../store/connection.ts'
import { openTicket } from '../store/tickets.ts'

/** How long one delivery may take before its outcome counts as unknown. */
const patienceMs = 20_000

/** How long a message waits after an attempt that failed, by attempt, when the channel does not say. */
const backOffMs = [5_000, 15_000, 60_000, 300_000, 900_000]

/** After so many attempts a message that may have arrived is left alone. */
const mostUnknownAttempts = 3

export interface Deliveries {
  sent: number
  /** What will be tried again, and why. */
  later: string[]
  /** What the channel will not take, in its own words. */
  refused: string[]
}

/**
 * Sends the outbox rows that are due, of one incident or of all. Each row is claimed with a lease first, so two tasks
 * never send the same one; what may have arrived is sent again and marked as a possible repeat.
 */
export async function deliverMessages(
  store: Store,
  settings: Settings,
  which: { incident?: string; limit: number },
): Promise<Deliveries> {
  const result: Deliveries = { sent: 0, later: [], refused: [] }
  const kinds = [...channels.map((channel) => channel.name), 'ticket']
  for (const action of await claimActions(store, { ...which, kinds })) {
    const delivery = await deliver(store, settings, action)
    const label = `${action.kind} for ${action.incident}`
    if (delivery.outcome === 'sent') result.sent += 1
    else if (delivery.outcome === 'refused') result.refused.push(`${label}: ${delivery.reason}`)
    else result.later.push(`${label}: ${delivery.reason}`)
    await record(store, action, delivery)
  }
  return result
}

async function deliver(store: Store, settings: Settings, action: ClaimedAction): Promise<Delivery> {
  const message = action.message
  if (!message) return { outcome: 'refused', reason: 'the row holds no message' }
  if (action.kind === 'ticket') {
    const ticket = await openTicket(store, {
      incident: action.incident,
      key: action.key,
      title: message.title,
      severity: message.severity,
    })
    return { outcome: 'sent', reference: ticket }
  }
  const channel = channels.find(({ name }) => name === action.kind)
  if (!channel?.isConfigured(settings)) return { outcome: 'busy', reason: 'not set up any more', retryAfterMs: null }
  return channel.send(
    { ...message, possible_repeat: action.outcomeUnknown },
    { settings, key: action.key, signal: AbortSignal.timeout(patienceMs) },
  )
}

async function record(store: Store, action: ClaimedAction, delivery: Delivery): Promise<void> {
  const wait = backOffMs[Math.min(action.attempt, backOffMs.length) - 1] ?? 60_000
  if (delivery.outcome === 'sent') {
    await finishAction(store, action, { state: 'sent', reference: delivery.reference })
  } else if (delivery.outcome === 'refused') {
    await finishAction(store, action, { state: 'failed', reason: delivery.reason })
  } else if (delivery.outcome === 'busy') {
    const retryInMs = Math.max(delivery.retryAfterMs ?? 0, wait)
    await finishAction(store, action, { state: 'planned', reason: delivery.reason, retryInMs })
  } else if (action.attempt >= mostUnknownAttempts) {
    await finishAction(store, action, { state: 'unknown', reason: delivery.reason })
  } else {
    await finishAction(store, action, { state: 'unknown', reason: delivery.reason, retryInMs: wait })
  }
}
