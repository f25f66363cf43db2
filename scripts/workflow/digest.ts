import { destinationOf, distinct } from '../domain/destination.ts'
import { digestMessage, isDigestTime, nextDigest } from '../domain/digest.ts'
import type { Digest } from '../domain/routing.ts'
import type { Settings } from '../lib/config.ts'
import { planAction } from '../store/actions.ts'
import type { Store } from '../store/connection.ts'
import { digestContent } from '../store/digest.ts'
import { scheduleDue } from '../store/due.ts'
import { loadMark, saveMark } from '../store/marks.ts'
import { messageKey } from './messages.ts'
import { channelsSetUp, reachable, readRouting } from './routing.ts'

const minute = 60_000
const day = 86_400_000
/** After a long pause, this much is told of; older things are in the console. */
const longestMs = 7 * day

/** Has the next of each digest in `routing.yaml` become due at its time. @throws AppError E_CONFIG_INVALID */
export async function planDigests(store: Store, settings: Settings, now: Date): Promise<void> {
  for (const digest of await digestsOf(settings)) {
    const next = nextDigest(digest, now)
    if (!next) continue
    const subject = `${digest.name} ${next.toISOString()}`
    await scheduleDue(store, { kind: 'digest', subject, inMs: next.getTime() - now.getTime(), ifAbsent: true })
  }
}

/**
 * Tells one digest: what is open, and what was kept from people since the last one. One that the file does not name
 * any more, and one with nothing in it, is not told. Run twice it is the same message.
 */
export async function tellDigest(store: Store, subject: string, settings: Settings): Promise<void> {
  const [, name = '', at = ''] = /^(.*) (\S+)$/.exec(subject) ?? []
  const time = new Date(at)
  const digest = (await digestsOf(settings)).find((one) => one.name === name)
  // One whose time has not come, by this machine's clock, is planned anew by the next turn.
  if (!digest || !isDigestTime(digest, time) || time.getTime() > Date.now() + minute) return
  const setUp = channelsSetUp(settings)
  const named = distinct(digest.tell.map(destinationOf))
  const destinations = distinct(named.flatMap((one) => reachable(one, setUp)))
  await store.transaction(async (query) => {
    const mark = `digest/${name}`
    const last = (await loadMark(query, mark))?.at.getTime() ?? time.getTime() - day
    const since = new Date(Math.max(last, time.getTime() - longestMs))
    const message = digestMessage(name, await digestContent(query, since))
    for (const where of message ? destinations : []) {
      const key = messageKey({ id: `digest ${name} ${compact(time)}`, revision: 1 }, where, 'digest')
      await planAction(query, null, 1, { ...where, key, ...(message && { message }) })
    }
    await saveMark(query, mark, time)
  })
}

async function digestsOf(settings: Settings): Promise<readonly Digest[]> {
  return (await readRouting(settings))?.digests ?? []
}

/** A key's parts are told apart by colons. */
function compact(time: Date): string {
  return time.toISOString().replace(/[-:]|\.\d+/g, '')
}
