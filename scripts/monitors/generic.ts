import type { Alert } from '../domain/alert.ts'
import { assetInText } from '../domain/reading/asset.ts'
import { buildAlert, checkFromTitle } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { type Leaf, leavesOf } from '../domain/reading/leaves.ts'
import {
  isTelling,
  readAnySeverity,
  readAnyStatus,
  readIdentity,
  readTimes,
  readWording,
} from '../domain/reading/meaning.ts'
import { readAnyAsset, readCheckedThing, readMarkedThing } from '../domain/reading/meaning-asset.ts'
import { isObject, type JsonObject, objectsIn } from '../domain/reading/value.ts'
import { AppError } from '../lib/errors.ts'
import type { Monitor } from './monitor.ts'

/** Lists whose items are alerts of their own, when they look like it. */
const lists = ['alerts', 'incidents', 'events', 'notifications', 'problems', 'violations', 'messages']

/** What the alerts of a list have in common is read to this many scalars: it is read again for each of them. */
const commonLimit = 100

interface Part {
  document: JsonObject
  leaves: readonly Leaf[]
}

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
    if (telling.length > 0 || parts.length === 0) return telling.map((part) => readPart(part, receivedAt))
    throw new AppError(
      'E_PAYLOAD_NO_ALERT',
      'The body says nothing of what is wrong.',
      'Send at least a title or a message.',
    )
  },
}

/** The alerts of a body: a list at the top, a list in it with what its items have in common, or the body itself. */
function partsOf(body: unknown): Part[] {
  if (Array.isArray(body)) {
    const objects = objectsIn(body)
    return objects.length === 0 && body.length > 0
      ? [{ document: {}, leaves: [] }]
      : objects.flatMap((one) => partsOf(one))
  }
  if (!isObject(body)) return [{ document: {}, leaves: [] }]
  for (const name of lists) {
    const items = body[name]
    if (!Array.isArray(items)) continue
    if (items.length === 0 && Object.keys(body).length > 1) return []
    const parts = objectsIn(items).map((document) => ({ document, leaves: leavesOf(document) }))
    if (!parts.some(({ leaves }) => isTelling(leaves))) continue
    const { [name]: _, ...common } = body
    const shared = leavesOf({ common }).slice(0, commonLimit)
    return parts.map(({ document, leaves }) => ({ document, leaves: [...leaves, ...shared] }))
  }
  return [{ document: body, leaves: leavesOf(body) }]
}

function readPart({ document, leaves }: Part, receivedAt: string): Alert {
  const wording = readWording(leaves)
  const identity = readIdentity(leaves)
  const title = wording.title ?? identity?.check ?? ''
  const status = readAnyStatus(leaves, title)
  const named = readAnyAsset(leaves, title) ?? assetInText(`${title}. ${wording.description?.slice(0, 200) ?? ''}`)
  const asset = named ?? readCheckedThing(leaves) ?? readMarkedThing(title)
  const { started_at, ended_at } = readTimes(leaves)
  const objects = [document, ...Object.values(document).filter(isObject)].slice(0, 10)
  return buildAlert(
    {
      source: 'generic',
      ...(identity ?? { check: checkFromTitle(title) }),
      external_id: wording.external_id,
      status,
      title,
      description: wording.description,
      severity: readAnySeverity(leaves, title),
      category: readCategory([wording.category, title, wording.description]),
      environment: wording.environment,
      asset,
      started_at,
      ended_at: status === 'resolved' ? ended_at : null,
      url: wording.url,
      labels: Object.fromEntries(leaves.slice(0, 60).map(({ path, text }) => [path, text])),
      facts: readClaims(asset, isObject(document.metric) ? document.metric : {}, objects),
    },
    receivedAt,
  )
}
