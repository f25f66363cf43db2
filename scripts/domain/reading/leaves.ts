import { remember } from '../remember.ts'
import { englishKey } from './other-languages.ts'
import { isObject, type JsonObject, plainKey, textOf } from './value.ts'

/** One scalar of a document and where it stands. */
export interface Leaf {
  /** Its own key, plain; for an item of a list the key of the list. */
  key: string
  /** The keys above it, plain, outermost first; positions in lists are left out. */
  parents: readonly string[]
  /** The nearest key above it that says what it speaks of: not `data`, not `attributes`. Empty at the top. */
  parent: string
  /** `parent` and `key` in one: `monitor: {name}` is `monitorname`. */
  compound: string
  /** How far it is from the matter: each level counts as three names further down a list, what stands aside as 100, a sample as 1000. */
  distance: number
  /** The path as written, for a label. */
  path: string
  text: string
  value: string | number | boolean
}

const mostLeaves = 2000
const mostItems = 20

/**
 * The scalars of a document, the outer ones first, so that what stands at the top is found before what is buried.
 * Bounded in number and in items of a list: a document of 50,000 keys costs no more than a large one.
 */
export function leavesOf(document: unknown): Leaf[] {
  const leaves: Leaf[] = []
  let level: { value: unknown; place: Place; path: string }[] = [{ value: document, place: top, path: '' }]
  for (let depth = 0; level.length > 0 && depth < 12; depth += 1) {
    const next: typeof level = []
    for (const { value, place, path } of level) {
      const isList = Array.isArray(value)
      const { parents, parent, distance } = isList ? place.above : place
      for (const [key, item, itemPath] of children(value, place.parents.at(-1) ?? '', path)) {
        if (leaves.length >= mostLeaves) return leaves
        if (typeof item === 'object' && item !== null) {
          if (next.length < mostLeaves)
            next.push({ value: item, place: isList ? place : below(place, key), path: itemPath })
          continue
        }
        const text = textOf(item)
        if (text === null || (typeof item !== 'string' && typeof item !== 'number' && typeof item !== 'boolean'))
          continue
        leaves.push({ key, parents, parent, compound: parent + key, distance, path: itemPath, text, value: item })
      }
    }
    level = next
  }
  return leaves
}

/** Where an object stands; `above` is where the list stands that it is an item of. */
interface Place extends Pick<Leaf, 'parents' | 'parent' | 'distance'> {
  above: Place
}

const top: Place = {
  parents: [],
  parent: '',
  distance: 0,
  get above() {
    return top
  },
}

function below(above: Place, key: string): Place {
  const parents = [...above.parents, key]
  const isSample = above.distance >= sampleCost || samples.has(key)
  const isAside = above.distance >= asideCost || asides.has(key)
  return {
    parents,
    parent: wrappers.has(key) ? above.parent : key,
    distance: depthCost * parents.length + (isSample ? sampleCost : isAside ? asideCost : 0),
    above,
  }
}

/** Keys that only hold what belongs to the key above them. */
const wrappers = new Set('data attributes properties metadata meta payload object fields'.split(' '))

/** The keys; of more than are read, the short ones first: Kestra shuffles large objects, and what tells has a short name. */
function keysOf(value: JsonObject): string[] {
  const keys = Object.keys(value)
  if (keys.length <= mostLeaves) return keys
  return keys.sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).slice(0, mostLeaves)
}

const ownName = remember((key) => englishKey(plainKey(key.slice(0, 200))))

type Child = readonly [key: string, value: unknown, path: string]

function* children(value: unknown, listKey: string, path: string): Generator<Child> {
  if (Array.isArray(value)) {
    for (const item of value.slice(0, mostItems))
      yield pairOf(item, path) ?? tagOf(listKey, item, path) ?? [listKey, item, path]
  } else if (isObject(value)) {
    for (const key of keysOf(value)) {
      const item = value[key]
      const own = ownName(key)
      const at = path === '' ? key : `${path}.${key}`
      yield [
        own,
        tagKeys.has(own) && typeof item === 'string' && item.includes(',') ? item.split(',', mostItems) : item,
        at,
      ]
    }
  }
}

/** An item of a list that is a name and its value (`{name: host, value: db-1}`), as in dimensions, fields and facts. */
function pairOf(item: unknown, path: string): Child | null {
  if (!isObject(item)) return null
  const own = item.name ?? item.key ?? item.title ?? item.label
  const name = textOf(own === undefined && isObject(item.attribute) ? item.attribute.name : own)
  const value = isObject(item.value) ? typedValue(item.value) : item.value
  if (name === null || name.length > 100 || typeof value === 'object' || textOf(value) === null) return null
  return [plainKey(name), value, `${path}.${name}`]
}

/** OpenTelemetry writes the type beside a value: `{stringValue: "orders"}`; others how it is shown: `{label, literal}`. */
function typedValue(value: JsonObject): unknown {
  if (typeof value.literal === 'string') return value.literal
  const [type, ...others] = Object.keys(value)
  return type !== undefined && others.length === 0 && /^(?:string|int|double|bool)Value$/.test(type)
    ? value[type]
    : value
}

const tagKeys = new Set(['tags', 'alerttags', 'monitortags', 'scope', 'alertscope', 'scopes'])

/** A tag of the form `host:db-1`. */
function tagOf(listKey: string, item: unknown, path: string): Child | null {
  if (typeof item !== 'string' || item.length > 300 || !tagKeys.has(listKey)) return null
  const [, key, text] = /^\s*([\w.-]{1,60})\s*[:=]\s*(\S.*)$/.exec(item) ?? []
  return key === undefined || text === undefined ? null : [plainKey(key), text, `${path}.${key}`]
}

/** Under these stands who did, watched or was told something, or where: not what is wrong. */
const asides = new Set(
  (
    'user users author actor creator owner owners assignee assignees assignedto recipients responders teams team contact probe probes firstprobe ' +
    'secondprobe links images apilinks agent requestedby acknowledger resolver organization account actions buttons sender receiver configuration ' +
    'configurationtype facets headers messageattributes signature workspace source client integration environment env webhook subscription location ' +
    'locations rooms space escalationpolicy page'
  ).split(' '),
)

/** Under these stands what was before, or what somebody found out or will do about it: never how it is now. */
const past =
  /^(?:previous|prev(?=[^e])|former(?!t)|prior(?!i)|history|historical|memory$|past(?:runs?|incidents?|alerts?|failures?)?$|similar(?!ity)|investigation|diagnosis|postmortem|remediation|rootcause|suspectedcause|probablecause|cause$|old(?:status|state|value|level|severity|alert|incident|run)|last(?:success|known|good|incident|state|status|resol)).{0,20}$/

/** Whether a leaf speaks of what was, or of what was made of it. */
export function isPast({ key, parents }: Leaf): boolean {
  return parents.some(isPastKey) || isPastKey(key)
}
const isPastKey = remember((key) => past.test(key))

/** Under these stand samples of what was found: they tell of one time, not of the condition. */
const samples = new Set('evidence matchingmessages recenthits backlog samples'.split(' '))

const asideCost = 100
/** As far as a sample is; nothing is named or identified by what stands farther off. */
export const sampleCost = 1000
/** A level deeper counts as much as three names further down the list. */
const depthCost = 3

/**
 * The best leaf under any of the names, alone or together with the key above it: earlier names win over later ones,
 * outer leaves over inner ones, and what stands beside the matter comes last. `penalty` counts as so many names further
 * down the list.
 */
export function findLeaf(
  leaves: readonly Leaf[],
  names: ReadonlyMap<string, number>,
  accepts: (leaf: Leaf) => boolean = () => true,
  penalty: (leaf: Leaf) => number = () => 0,
): Leaf | null {
  let best: Leaf | null = null
  let lowest = Number.POSITIVE_INFINITY
  for (const leaf of leaves) {
    const rank = rankOf(leaf, names)
    if (rank === undefined) continue
    const cost = rank + leaf.distance + penalty(leaf)
    if ((cost < lowest || (cost === lowest && isBefore(leaf, best))) && accepts(leaf)) {
      best = leaf
      lowest = cost
    }
  }
  return best
}

/** Which of two equally good leaves is taken: the first by its path, because keys come in any order. */
export function isBefore(leaf: Leaf, other: Leaf | null): boolean {
  return other !== null && leaf.path < other.path
}

/** The better of what a leaf's own key and what it and the key above it are ranked; undefined for neither. */
export function rankOf({ key, compound }: Leaf, names: ReadonlyMap<string, number>): number | undefined {
  const own = names.get(key)
  const both = compound === key ? undefined : names.get(compound)
  return both === undefined || (own !== undefined && own < both) ? own : both
}

/** Names in order of preference, as `findLeaf` wants them: blanks and line ends separate them. */
export function ranked(names: string): ReadonlyMap<string, number> {
  return new Map(
    names
      .trim()
      .split(/\s+/)
      .map((name, rank) => [plainKey(name), rank]),
  )
}

/** The first scalars of a document under their paths, as labels want them. */
export function labelsOfLeaves(leaves: readonly Leaf[]): Record<string, string> {
  return Object.fromEntries(leaves.slice(0, 60).map(({ path, text }) => [path, text]))
}

/** The outer scalars of a document by their paths, for labels. */
export function labelsIn(document: unknown): Record<string, string> {
  return labelsOfLeaves(leavesOf(document))
}
