import { nameOfDestination } from '../domain/destination.ts'
import { fallbackOf } from '../domain/routing.ts'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { planAction } from '../store/actions.ts'
import type { Store } from '../store/connection.ts'
import type { ClaimedAction } from '../store/outbox.ts'
import { messageKey, nameIn } from './messages.ts'
import { channelsSetUp, readRouting } from './routing.ts'

/**
 * Has the message told by the routing's fallback, because its own channel does not take it. Again it changes nothing,
 * and whoever is told the same anyway is not told twice. False when no fallback is named, or none is set up.
 */
export async function tellElsewhere(
  store: Store,
  settings: Settings,
  action: ClaimedAction,
  reason: string,
): Promise<boolean> {
  const { message, incident, revision } = action
  const [id = incident] = action.key.split(':')
  // What only sets right what stands in a channel is nothing to tell others.
  if (!message || message.silent || message.occasion === 'acknowledged') return true
  const setUp = channelsSetUp(settings)
  const own = nameOfDestination(action)
  const elsewhere = (await fallback(settings)).filter((one) => setUp.has(one.kind) && nameOfDestination(one) !== own)
  const note = `Told here because ${own} did not take it: ${reason}`
  for (const where of elsewhere) {
    const key = messageKey({ id, revision }, where, nameIn(action.key))
    await planAction(store, incident || null, revision, { ...where, key, message: { ...message, note } })
  }
  return elsewhere.length > 0
}

async function fallback(settings: Settings) {
  try {
    const file = await readRouting(settings)
    return file ? fallbackOf(file) : []
  } catch (thrown) {
    // A file that can't be read is told in the message itself; here it means that there is no fallback.
    if (toAppError(thrown).code === 'E_CONFIG_INVALID') return []
    throw thrown
  }
}
