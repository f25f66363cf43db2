import type { Alert, Asset } from '../alert.ts'
import { type Evidence, ofKind } from '../evidence.ts'

/** How the thing that a piece of evidence speaks of stands to the thing that the alert speaks of. */
export type Relation = 'subject' | 'upstream' | 'downstream' | 'related' | 'other'

/** A job or connector is another system's than the pipeline that starts it, and mostly goes by another name there. */
type Family = 'pipeline' | 'job' | 'data' | 'compute'

const families: Record<Asset['kind'], Family> = {
  dag: 'pipeline',
  task: 'pipeline',
  job: 'job',
  connector: 'job',
  table: 'data',
  model: 'data',
  source: 'data',
  dashboard: 'data',
  service: 'compute',
  host: 'compute',
}

/**
 * Whether two names can mean one asset: equal, or one is the qualified form of the other (`orders` and
 * `shop.public.orders`). dbt's unique ids are compared without their type and project,
 * hosts without their port. Systems spell one name with `-`, `_` or a blank.
 */
export function sameAsset(a: string, b: string): boolean {
  const left = canonical(a)
  const right = canonical(b)
  if (left === '' || right === '') return false
  return left === right || qualifies(left, right) || qualifies(right, left)
}

/** Whether the one is the other with something and a dot before it. */
function qualifies(long: string, short: string): boolean {
  return long.length > short.length && long.at(-short.length - 1) === '.' && long.endsWith(short)
}

/** Whether `part` is the pipeline `whole` or a task of it. */
export function partOf(part: string, whole: string): boolean {
  return sameAsset(part, whole) || canonical(part).startsWith(`${canonical(whole)}.`)
}

/** A lineage of hundreds of names is compared with itself: each name is worked out once. */
const known = new Map<string, string>()
const mostKnown = 20_000

function canonical(name: string): string {
  const found = known.get(name)
  if (found !== undefined) return found
  if (known.size >= mostKnown) known.clear()
  const worked = workOut(name)
  known.set(name, worked)
  return worked
}

function workOut(name: string): string {
  const text = name
    .trim()
    .toLowerCase()
    .replace(/:\d{2,5}$/, '')
    .replace(/[\s-]+/g, '_')
  const unique = /^(?:model|seed|snapshot|source|exposure)\.[^.]+\.(.+)$/.exec(text)
  return unique?.[1] ?? text
}

/** The names by which the alerts' assets are known, as written. */
export function subjectNames(alerts: readonly Alert[]): string[] {
  const names = alerts.flatMap(({ asset }) =>
    asset
      ? [
          asset.name,
          ...Object.entries(asset.native ?? {})
            .filter(isIdentity)
            .map(([, value]) => value),
        ]
      : [],
  )
  return [...new Set(names.filter((name) => name.trim() !== ''))]
}

/** A task id alone names nothing: `load` exists in a hundred pipelines. */
function isIdentity([key]: [string, string]): boolean {
  return key === 'dag_id' || key === 'table' || key === 'unique_id'
}

/** Whether the alerts' own words name this asset, as a whole word. */
export function mentions(alerts: readonly Alert[], name: string): boolean {
  const word = name.trim().toLowerCase()
  if (word.length < 4) return false
  return alerts.some((alert) =>
    [alert.title, alert.description, ...Object.values(alert.labels)].some((text) =>
      holdsWord(text.toLowerCase(), word),
    ),
  )
}

function holdsWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!isWordCharacter(text[at - 1]) && !isWordCharacter(text[at + word.length])) return true
  }
  return false
}

function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && /[\w-]/.test(character)
}

/** What stands around the alerts' assets: their names, and the lineage that evidence tells. */
export interface Neighbourhood {
  names: readonly string[]
  upstream: readonly string[]
  downstream: readonly string[]
  exposures: readonly string[]
  relationOf(name: string | null | undefined, family: Family): Relation
}

/** Reads the lineage once and answers how any name stands to the alerts' assets. */
export function neighbourhood(alerts: readonly Alert[], evidence: readonly Evidence[]): Neighbourhood {
  const names = subjectNames(alerts)
  const subjectFamilies = new Set(alerts.flatMap(({ asset }) => (asset ? [families[asset.kind]] : [])))
  const lineage = ofKind(evidence, 'lineage')
  const own = lineage.filter(
    (item) => !item.asset || names.length === 0 || names.some((name) => partOf(name, item.asset ?? '')),
  )
  const used = own.length > 0 ? own : lineage
  // What the payload claims to be above it would let a sender borrow another asset's maintenance or trouble.
  const upstream = distinct(used.filter(({ source }) => source !== 'alert').flatMap(({ data }) => data.upstream ?? []))
  const downstream = distinct(used.flatMap(({ data }) => data.downstream ?? []))
  const exposures = distinct(used.flatMap(({ data }) => data.exposures ?? []))
  return {
    names,
    upstream,
    downstream,
    exposures,
    relationOf(name, family) {
      if (!name) return 'related'
      if (names.some((own) => partOf(name, own) || partOf(own, name))) return 'subject'
      if (upstream.some((other) => partOf(name, other) || partOf(other, name))) return 'upstream'
      if (names.length === 0) return 'related'
      if ([...downstream, ...exposures].some((other) => sameAsset(name, other))) return 'downstream'
      // A connector was asked about this incident: a DAG that it names for a table is the one that builds it. Only
      // something of the same family under another name is known to be something else.
      if (mentions(alerts, name)) return 'subject'
      return subjectFamilies.has(family) ? 'other' : 'related'
    },
  }
}

/** Without repetitions, by the canonical name; order and spelling of the first one stay. */
export function distinct(names: readonly string[]): string[] {
  const seen = new Set<string>()
  return names.filter((name) => {
    const key = canonical(name)
    if (key === '' || seen.has(key)) return false
    seen.add(key)
    return true
  })
}
