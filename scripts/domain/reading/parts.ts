import type { Part } from './alert-by-meaning.ts'
import { type Leaf, leavesOf } from './leaves.ts'
import { isTelling, readWording } from './meaning.ts'
import { readFailureWord, readOutcome } from './meaning-outcome.ts'
import { readSaid } from './meaning-said.ts'
import { thingKeyOf } from './thing-keys.ts'
import { isObject, type JsonObject, objectsIn, plainKey } from './value.ts'

/** Lists whose items are alerts of their own, when they look like it. */
const known = new Set([
  'alerts',
  'incidents',
  'events',
  'notifications',
  'problems',
  'violations',
  'messages',
  'records',
])
/** The same, in an object that only holds them: `data: {alerts}`. */
const knownInside = new Set(['alerts', 'incidents', 'problems', 'violations', 'alarms'])
/** What one thing consists of, or how a message is drawn: never alerts of their own. */
const pieces = new Set(
  (
    'steps stages builds tasks jobs commands containers conditions nodes activities operations attempts history timeline changes commits hosts ' +
    'fields facts sections blocks elements actions buttons links images tags labels annotations dimensions owners users members recipients ' +
    'metrics datapoints series samples evalmatches columns rows hits evidence'
  ).split(' '),
)
/** Objects beside each other that are two sides of one matter. */
const sides =
  /^(?:old|new|previous|prev|current|before|after|src|source|dst|dest|target|from|to|expected|actual|left|right)$/
const mostWordsOfName = 2

/** The alerts that a body lists. */
export interface Listed {
  /** The key of the list, at the top of the body. */
  name: string
  items: Part[]
  /** The body without the list. */
  common: JsonObject
}

/**
 * The list in a body whose items are alerts of their own: one under a name that says so, or two or more objects that
 * each tell what they speak of and how it is, while the body around them does not. A dictionary of checks counts as a
 * list. Null when the body is one alert; no items for a known list that is empty.
 */
export function alertsListed(body: JsonObject): Listed | null {
  for (const [name, value] of Object.entries(body)) {
    if (typeof value !== 'object' || value === null) continue
    if (Array.isArray(value)) {
      const listed = known.has(name) || knownInside.has(plainKey(name)) ? inKnown(body, name, value) : null
      if (listed !== null) return listed
    } else if (isObject(value)) {
      for (const [inner, list] of Object.entries(value)) {
        if (!Array.isArray(list) || !knownInside.has(plainKey(inner))) continue
        const items = partsOf(list)
        if (items.length > 0 && items.every(isOwnAlert)) return { name, items, common: without(body, name, inner) }
      }
    }
  }
  return inUnknown(body)
}

function inKnown(body: JsonObject, name: string, value: readonly unknown[]): Listed | null {
  if (value.length === 0)
    return Object.keys(body).length > 1 && known.has(name) ? { name, items: [], common: {} } : null
  const items = partsOf(value)
  return items.some(({ leaves }) => isTelling(leaves)) ? { name, items, common: without(body, name) } : null
}

/** Two or more objects under a name that says nothing, at the top or in an object that holds them. */
function inUnknown(body: JsonObject): Listed | null {
  for (const [name, value] of Object.entries(body)) {
    if (typeof value !== 'object' || value === null || pieces.has(plainKey(name))) continue
    const found = severalIn(value)
    if (found !== null) return ifSilent({ name, items: found, common: without(body, name) })
    if (!isObject(value)) continue
    for (const [inner, list] of Object.entries(value)) {
      if (typeof list !== 'object' || list === null || pieces.has(plainKey(inner))) continue
      const items = severalIn(list)
      if (items !== null) return ifSilent({ name, items, common: without(body, name, inner) })
    }
  }
  const own = severalIn(body)
  return own && { name: '', items: own, common: {} }
}

/** The list, unless the body around it says itself what is wrong: then it is one alert with its details. */
function ifSilent(listed: Listed): Listed | null {
  const around = leavesOf(listed.common)
  const said = readSaid(around)
  if ((said !== null && said.status !== 'info') || readOutcome(around) !== null) return null
  const words = readWording(around).title?.split(/\s+/).length ?? 0
  return words > mostWordsOfName ? null : listed
}

/** The objects of a list, or the values of a dictionary with their keys as names, when there are several and each is an alert. */
function severalIn(value: object): Part[] | null {
  const objects = Array.isArray(value) ? objectsIn(value) : named(value as JsonObject)
  const [first] = objects
  if (first === undefined || objects.length < 2) return null
  // Most lists are told from the first item.
  if (!isOwnAlert(partOf(first))) return null
  const parts = objects.map(partOf)
  return parts.every(isOwnAlert) ? parts : null
}

/** A dictionary of objects that tell under one and the same key how they are, as a list; nothing for any other object. */
function named(dictionary: JsonObject): JsonObject[] {
  const entries = Object.entries(dictionary)
  const values = objectsIn(entries.map(([, value]) => value))
  const [first] = values
  if (first === undefined || values.length < Math.max(2, entries.length)) return []
  if (entries.some(([key]) => sides.test(plainKey(key)))) return []
  const isShared = Object.keys(first).some(
    (key) => values.every((value) => Object.hasOwn(value, key)) && tellsState(leavesOf({ [key]: first[key] })),
  )
  return isShared ? values.map((value, index) => ({ name: entries[index]?.[0], ...value })) : []
}

function partsOf(items: readonly unknown[]): Part[] {
  return objectsIn(items).map(partOf)
}

function partOf(document: JsonObject): Part {
  return { document, leaves: leavesOf(document) }
}

/** Says by its own keys what it speaks of and how that is, or in words what is wrong with what. */
function isOwnAlert({ leaves }: Part): boolean {
  const own = leaves.filter(({ parents }) => parents.length === 0)
  if (tellsState(own))
    return own.some(({ key, value }) => typeof value === 'string' && (names.has(key) || thingKeyOf(key) !== null))
  const near = leaves.filter(({ parents }) => parents.length <= 1)
  return own.some(({ key }) => titles.has(key)) && near.some(({ key }) => thingKeyOf(key) !== null)
}

const titles = new Set('title message summary headline subject alertname alerttitle problem what'.split(' '))
const names = new Set([
  ...titles,
  ...'name check test rule alert checkname testname rulename id text description monitor metric'.split(' '),
])

function tellsState(leaves: readonly Leaf[]): boolean {
  return readSaid(leaves) !== null || readOutcome(leaves) !== null || readFailureWord(leaves) !== null
}

/** The body without a list in it, at the top or one level below. */
function without(body: JsonObject, name: string, inner?: string): JsonObject {
  const { [name]: held, ...rest } = body
  if (inner === undefined || !isObject(held)) return rest
  const { [inner]: _, ...others } = held
  return { ...rest, [name]: others }
}
