import type { Delivery } from '../channels/channel.ts'
import { channels } from '../channels/index.ts'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { type ClaimedAction, claimActions, finishAction, loadActions } from '../store/actions.ts'
import type { Store } from '../store/connection.ts'
import { openTicket } from '../store/tickets.ts'
import { unlessSuperseded } from './superseded.ts'

/** How long one delivery may take before its outcome counts as unknown. */
const patienceMs = 20_000

/** How long a message waits after an attempt that failed, by attempt, when the channel does not say. */
const backOffMs = [5_000, 15_000, 60_000, 300_000, 900_000]

/** A channel that asks for more patience than this is asked again anyway. */
const longestWaitMs = 3_600_000

/** What a channel refuses may be taken once somebody has mended its settings: tried so often, every quarter of an hour. */
const refusedAgainMs = 900_000
const mostRefusals = 96

/** After so many attempts a message that may have arrived more than once is left alone. */
const mostUnknownAttempts = 3

export interface Deliveries {
  sent: number
  /** What will be tried again, and why. */
  later: string[]
  /** What the channel will not take, in its own words. */
  refused: string[]
}

/**
 * Sends the outbox rows that are due, of one incident or of all, one after the other until none is left, `limit` is
 * reached or `stop` says so. Each row is claimed with a lease first, so two tasks never send the same one; what may
 * have arrived is sent again and marked as a possible repeat. @throws AppError E_STORE_UNAVAILABLE
 */
export async function deliverMessages(
  store: Store,
  settings: Settings,
  which: { incident?: string; limit: number; stop?: () => boolean },
): Promise<Deliveries> {
  const result: Deliveries = { sent: 0, later: [], refused: [] }
  const kinds = [...channels.map((channel) => channel.name), 'ticket']
  for (let count = 0; count < which.limit && !which.stop?.(); count += 1) {
    // One at a time: a task that ends in mid-flight leaves one message in doubt, not a batch.
    const [action] = await claimActions(store, { ...which, kinds, limit: 1 })
    if (!action) break
    const delivery = await deliver(store, settings, action)
    const label = `${action.kind} for ${action.incident}`
    if (delivery.outcome === 'sent') result.sent += 1
    else if (delivery.outcome === 'refused') result.refused.push(`${label}: ${delivery.reason}`)
    else result.later.push(`${label}: ${delivery.reason}`)
    // Whoever has taken a late attempt over records its own.
    await unlessSuperseded(record(store, action, delivery))
  }
  return result
}

/** The channels that refused the latest they were given about an incident, and why: nobody heard of it there. */
export async function refusals(store: Store, incident: string): Promise<string[]> {
  const messages = (await loadActions(store, incident)).filter(({ message }) => message !== null)
  const latest = new Map(messages.map((action) => [action.kind, action]))
  return [...latest.values()].flatMap(({ kind, state, result }) =>
    state === 'failed' ? [`${kind} for ${incident}: ${result?.reason ?? 'refused'}`] : [],
  )
}

async function deliver(store: Store, settings: Settings, action: ClaimedAction): Promise<Delivery> {
  const message = action.message
  if (!message) return { outcome: 'refused', reason: 'the row holds no message' }
  if (action.kind === 'ticket') return { outcome: 'sent', reference: await ticketOf(store, action) }
  const channel = channels.find(({ name }) => name === action.kind)
  if (!channel?.isConfigured(settings)) return { outcome: 'busy', reason: 'not set up any more', retryAfterMs: null }
  try {
    return await channel.send(
      { ...message, possible_repeat: action.outcomeUnknown },
      { settings, key: action.key, signal: AbortSignal.timeout(patienceMs) },
    )
  } catch (thrown) {
    // A channel never throws for what the other side does. Should it do so, nobody knows how far it came.
    return { outcome: 'unknown', reason: toAppError(thrown).message }
  }
}

async function record(store: Store, action: ClaimedAction, delivery: Delivery): Promise<void> {
  const wait = backOffMs[Math.min(action.attempt, backOffMs.length) - 1] ?? 60_000
  switch (delivery.outcome) {
    case 'sent':
      return finishAction(store, action, { state: 'sent', reference: delivery.reference })
    case 'busy': {
      const retryInMs = Math.min(Math.max(delivery.retryAfterMs ?? 0, wait), longestWaitMs)
      return finishAction(store, action, { state: 'planned', reason: delivery.reason, retryInMs })
    }
    case 'refused':
      // What no channel brings to people is at least written down where they can find it.
      await ticketOf(store, action)
      return finishAction(store, action, {
        state: 'failed',
        reason: delivery.reason,
        ...(action.attempt < mostRefusals ? { retryInMs: refusedAgainMs } : {}),
      })
    case 'unknown': {
      // Attempts count those too that found the channel busy: only what was in doubt before may be left in doubt.
      const isEnough = action.outcomeUnknown && action.attempt >= mostUnknownAttempts
      return finishAction(store, action, {
        state: 'unknown',
        reason: delivery.reason,
        ...(isEnough ? {} : { retryInMs: wait }),
      })
    }
  }
}

/** The ticket of the action's incident: one, however many messages there are about it. */
async function ticketOf(store: Store, { incident, message }: ClaimedAction): Promise<string | null> {
  if (!message) return null
  const { title, severity } = message
  return openTicket(store, { incident, key: `${incident}:ticket`, title, severity })
}
