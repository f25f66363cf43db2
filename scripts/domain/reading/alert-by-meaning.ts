import type { AlertStatus, Asset } from '../alert.ts'
import { assetInText } from './asset.ts'
import {
  readCheckedThing,
  readMarkedThing,
  readNamedThing,
  readTitleThing,
  readUnnamedThing,
} from './asset-without-key.ts'
import { type AlertDraft, checkFromTitle } from './build-alert.ts'
import { readCategory } from './category.ts'
import { readClaims } from './claims.ts'
import type { Leaf } from './leaves.ts'
import { readTimes, readWording, type Wording } from './meaning.ts'
import { readThing } from './meaning-asset.ts'
import { instanceOf, readIdentity } from './meaning-identity.ts'
import { readAnySeverity } from './meaning-severity.ts'
import { readAnyStatus } from './meaning-status.ts'
import { readStatus } from './status.ts'
import { isObject, type JsonObject } from './value.ts'

/** One alert's own object, and the scalars that speak of it: its own, and those it has in common with others. */
export interface Part {
  document: JsonObject
  leaves: readonly Leaf[]
}

/** An alert of any shape, read by what its keys and words mean. */
export function draftByMeaning({ document, leaves }: Part): AlertDraft & { status: AlertStatus } {
  const wording = readWording(leaves)
  // A title that was made of a thing's name speaks of no other.
  const headline = wording.from === 'name' ? '' : (wording.title ?? '')
  const begin = wording.description?.slice(0, 200) ?? ''
  const named = readThing(leaves, { title: headline, told: `${headline}. ${begin}` })
  const identity = readIdentity(leaves, wording, named.isTold ? null : named.asset)
  const title = wording.title ?? identity?.check ?? ''
  const status = readAnyStatus(leaves, title, wording.description)
  const spoken = named.asset === null ? (assetInText(`${title}. ${begin}`) ?? readTitleThing(title)) : null
  const asset =
    named.asset ??
    spoken ??
    readNamedThing(leaves, title) ??
    readCheckedThing(leaves) ??
    readMarkedThing(title) ??
    readUnnamedThing(leaves)
  const { started_at, ended_at } = readTimes(leaves)
  const objects = [document, ...Object.values(document).filter(isObject)].slice(0, 10)
  return {
    source: 'generic',
    ...(identity ?? { check: `${checkFromTitle(title)}${instanceOf(leaves)}` }),
    // An id is enough: what a text speaks of is another thing in the text of the end.
    ...(identity !== null && (spoken !== null || named.isTold) && /^\w{1,40}id=/.test(identity.check)
      ? { identity: 'check' as const }
      : {}),
    external_id: wording.external_id,
    status,
    title: withThing(title, wording.from, asset),
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
  }
}

/** A bare event or state, or an error, says little without what it is of: `check.down` is `etl-7: check.down`. */
function withThing(title: string, from: Wording['from'], asset: Asset | null): string {
  const isBare = from === 'cause' || (title.length <= 60 && !/\s/.test(title) && readStatus(title) !== null)
  if (asset === null || !isBare || title.includes(': ')) return title
  return title.toLowerCase().includes(asset.name.toLowerCase()) ? title : `${asset.name}: ${title}`
}
