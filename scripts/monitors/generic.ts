import { draftByMeaning, type Part } from '../domain/reading/alert-by-meaning.ts'
import { buildAlert } from '../domain/reading/build-alert.ts'
import { factsAndLines, readChatMessage } from '../domain/reading/chat-message.ts'
import { leavesOf } from '../domain/reading/leaves.ts'
import { isTelling } from '../domain/reading/meaning.ts'
import { alertsListed } from '../domain/reading/parts.ts'
import { isObject, type JsonObject, objectsIn } from '../domain/reading/value.ts'
import { AppError } from '../lib/errors.ts'
import type { Monitor } from './monitor.ts'

/** Beside one of these a list holds what was found, and the search is the alert. */
const searches = ['saved_search', 'savedSearch', 'search', 'query']

/** What the alerts of a list have in common is read to this many scalars: it is read again for each of them. */
const commonLimit = 100

/** Reads any JSON by meaning: what is wrong, with what, how bad, since when, under the many names these have. */
export const generic: Monitor = {
  name: 'generic',
  documentation: 'SETUP.md',

  recognises({ body }) {
    const parts = partsOf(body)
    return parts.length === 0 || parts.some(({ leaves }) => isTelling(leaves))
  },

  parse({ body, receivedAt }) {
    const parts = partsOf(body)
    const telling = parts.filter(({ leaves }) => isTelling(leaves))
    if (telling.length > 0 || parts.length === 0)
      return telling.map((part) => buildAlert(draftByMeaning(part), receivedAt))
    throw new AppError(
      'E_PAYLOAD_NO_ALERT',
      'The body says nothing of what is wrong.',
      'Send at least a title or a message.',
    )
  },
}

const lastRead = new WeakMap<object, Part[]>()

/** The alerts of a body; what recognises it and what reads it ask the same. */
function partsOf(body: unknown): Part[] {
  const known = typeof body === 'object' && body !== null ? lastRead.get(body) : undefined
  const parts = known ?? partsIn(body)
  if (typeof body === 'object' && body !== null) lastRead.set(body, parts)
  return parts
}

/** The alerts of a body: a list at the top, a list in it with what its items have in common, or the body itself. */
function partsIn(body: unknown): Part[] {
  if (Array.isArray(body)) {
    const objects = objectsIn(body)
    return objects.length === 0 && body.length > 0
      ? [{ document: {}, leaves: [] }]
      : objects.flatMap((one) => partsIn(one))
  }
  if (!isObject(body)) return [{ document: {}, leaves: [] }]
  const listed = alertsListed(body)
  if (listed === null) return [{ document: body, leaves: [...leavesOf(told(body)), ...leavesOf(body)] }]
  const { name, items, common } = listed
  if (searches.some((key) => isObject(body[key]))) return [asFound(body, name)]
  const shared = leavesOf({ common }).slice(0, commonLimit)
  return items.map(({ document, leaves }) => ({ document, leaves: [...leaves, ...shared] }))
}

/** What a message made for people tells as names and values: `*Table*\nraw.orders` in Slack's blocks, `> host: db-1`. */
function told(body: JsonObject): JsonObject {
  const message = drawn.some((key) => Object.hasOwn(body, key)) ? readChatMessage(body) : null
  const facts = message === null ? new Map() : factsAndLines(message)
  return message === null || facts.size === 0 ? {} : { title: message.title, ...Object.fromEntries(facts) }
}

/** Keys of messages whose texts hold what other bodies have fields for. */
const drawn = ['blocks', 'embeds', 'msgtype', 'msg_type']

/** The body with a list in it as evidence of one alert. */
function asFound(body: JsonObject, name: string): Part {
  const { [name]: evidence, ...rest } = body
  return { document: body, leaves: leavesOf({ ...rest, evidence }) }
}
