import { setTimeout as delay } from 'node:timers/promises'
import type { Channel, Delivery } from '../channels/channel.ts'
import { channels, findChannel } from '../channels/index.ts'
import { type Destination, nameOfDestination } from '../domain/destination.ts'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { loadActions, toldBefore } from '../store/actions.ts'
import type { Store } from '../store/connection.ts'
import { type ClaimedAction, claimActions, finishAction } from '../store/outbox.ts'
import { holdBack, takeTurn } from '../store/paces.ts'
import { openTicket } from '../store/tickets.ts'
import { tellElsewhere } from './fallback.ts'
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

/** A sender waits this long for its turn on a channel; what has to wait longer is put back. */
const longestTurnMs = 1_200

/** From this attempt on a channel counts as down, and the fallback is told. One that limits the rate is up. */
const downAfterAttempts = 2

export interface Deliveries {
  sent: number
  /** What will be tried again, and why. */
  later: string[]
  /** What the channel will not take, in its own words. */
  refused: string[]
}

export interface DeliveryOptions {
  incident?: string
  limit: number
  stop?: () => boolean
  /** Waits for a turn on a channel. */
  wait?: (ms: number) => Promise<unknown>
}

/**
 * Sends the outbox rows that are due, of one incident or of all, one after the other until none is left, `limit` is
 * reached or `stop` says so. Each row is claimed with a lease first, so two tasks never send the same one; what may
 * have arrived is looked up, or sent again and marked as a possible repeat. @throws AppError E_STORE_UNAVAILABLE
 */
export async function deliverMessages(store: Store, settings: Settings, which: DeliveryOptions): Promise<Deliveries> {
  const result: Deliveries = { sent: 0, later: [], refused: [] }
  const kinds = channels.map((channel) => channel.name)
  const wait = which.wait ?? delay
  for (let count = 0; count < which.limit && !which.stop?.(); count += 1) {
    // One at a time: a task that ends in mid-flight leaves one message in doubt, not a batch.
    const [action] = await claimActions(store, { ...which, kinds, limit: 1 })
    if (!action) break
    const outcome = await inTurn(store, action, wait, () => deliver(store, settings, action))
    const label = `${nameOfDestination(action)} for ${nameOf(action)}`
    if (outcome.outcome === 'sent') result.sent += 1
    else if (outcome.outcome === 'refused') result.refused.push(`${label}: ${outcome.reason}`)
    else if (outcome.outcome !== 'needless') result.later.push(`${label}: ${outcome.reason}`)
    // Whoever has taken a late attempt over records its own.
    await unlessSuperseded(record(store, settings, action, outcome))
  }
  return result
}

/** The channels that refused the latest they were given about an incident, and why: nobody heard of it there. */
export async function refusals(store: Store, incident: string): Promise<string[]> {
  const messages = (await loadActions(store, incident)).filter(({ message }) => message !== null)
  const latest = new Map(messages.map((action) => [nameOfDestination(action), action]))
  return [...latest].flatMap(([name, { state, result }]) =>
    state === 'failed' ? [`${name} for ${incident}: ${result?.reason ?? 'refused'}`] : [],
  )
}

/** `early`: it was not sent, because others were before it on the same channel. */
type Outcome = Delivery | { outcome: 'early'; reason: string; waitMs: number }

/** Sends at the channel's pace, whoever else sends by it. */
async function inTurn(
  store: Store,
  action: ClaimedAction,
  wait: (ms: number) => Promise<unknown>,
  send: () => Promise<Delivery>,
): Promise<Outcome> {
  const pace = findChannel(action.kind)?.pace
  if (!pace) return send()
  const name = nameOfDestination(action)
  let waitMs = await takeTurn(store, name, pace)
  // Others may be faster a few times; then they are before us.
  for (let tries = 0; waitMs > 0 && waitMs <= longestTurnMs && tries < 3; tries += 1) {
    await wait(waitMs)
    waitMs = await takeTurn(store, name, pace)
  }
  if (waitMs > 0) return { outcome: 'early', reason: 'waits for its turn', waitMs }
  const delivery = await send()
  if (delivery.outcome === 'busy' && delivery.retryAfterMs) {
    await holdBack(store, name, Math.min(delivery.retryAfterMs, longestWaitMs), pace)
  }
  return delivery
}

async function deliver(store: Store, settings: Settings, action: ClaimedAction): Promise<Delivery> {
  const { message, target, key } = action
  if (!message) return { outcome: 'refused', reason: 'the row holds no message' }
  const channel = findChannel(action.kind)
  if (!channel?.isConfigured(settings)) return { outcome: 'busy', reason: 'not set up any more', retryAfterMs: null }
  const before = await toldBefore(store, action)
  const isMarked = channel.repeats(settings, target) === 'marked'
  try {
    return await channel.send(
      { ...message, possible_repeat: isMarked && action.outcomeUnknown },
      {
        settings,
        key,
        target,
        subject: `${store.tenant}/${nameOf(action)}`,
        opened: before.reference,
        inDoubt: action.outcomeUnknown || (before.reference === null && before.inDoubt),
        signal: AbortSignal.timeout(patienceMs),
        openTicket: () => ticketOf(store, action),
      },
    )
  } catch (thrown) {
    // A channel never throws for what the other side does. Should it do so, nobody knows how far it came.
    return { outcome: 'unknown', reason: toAppError(thrown).message }
  }
}

async function record(store: Store, settings: Settings, action: ClaimedAction, delivery: Outcome): Promise<void> {
  const wait = backOffMs[Math.min(action.attempt, backOffMs.length) - 1] ?? 60_000
  switch (delivery.outcome) {
    case 'sent':
      return finishAction(store, action, { state: 'sent', reference: delivery.reference })
    case 'needless':
      return finishAction(store, action, { state: 'cancelled', reason: delivery.reason })
    case 'early':
      return finishAction(store, action, {
        state: 'planned',
        reason: delivery.reason,
        retryInMs: delivery.waitMs,
        untried: true,
      })
    case 'busy': {
      if (delivery.retryAfterMs === null) await tellOthersWhenDown(store, settings, action, delivery.reason)
      const retryInMs = Math.min(Math.max(delivery.retryAfterMs ?? 0, wait), longestWaitMs)
      return finishAction(store, action, { state: 'planned', reason: delivery.reason, retryInMs })
    }
    case 'refused':
      // What no channel brings to people is at least written down where they can find it.
      if (!(await tellElsewhere(store, settings, action, delivery.reason)) && action.incident !== '')
        await ticketOf(store, action)
      return finishAction(store, action, {
        state: 'failed',
        reason: delivery.reason,
        ...(action.attempt < mostRefusals ? { retryInMs: refusedAgainMs } : {}),
      })
    case 'unknown': {
      await tellOthersWhenDown(store, settings, action, delivery.reason)
      return finishAction(store, action, {
        state: 'unknown',
        reason: delivery.reason,
        ...(isEnough(action, settings) ? {} : { retryInMs: wait }),
      })
    }
  }
}

/** Attempts count those too that found the channel busy: only what was in doubt before may be left in doubt. */
function isEnough(action: ClaimedAction, settings: Settings): boolean {
  const channel: Channel | undefined = findChannel(action.kind)
  const most = channel?.repeats(settings, action.target) === 'marked' ? mostUnknownAttempts : mostRefusals
  return action.outcomeUnknown && action.attempt >= most
}

async function tellOthersWhenDown(store: Store, settings: Settings, action: ClaimedAction, reason: string) {
  if (action.attempt >= downAfterAttempts) await tellElsewhere(store, settings, action, reason)
}

/** The incident that a message is about, or the digest that it is. */
function nameOf({ incident, key }: ClaimedAction): string {
  return incident || (key.split(':')[0] ?? key)
}

/** The ticket of the action's incident: one, however many messages there are about it. */
function ticketOf(store: Store, { incident, message }: ClaimedAction & Partial<Destination>): Promise<string> {
  const { title = incident, severity = 'MEDIUM' } = message ?? {}
  return openTicket(store, { incident, key: `${incident}:ticket`, title, severity })
}
