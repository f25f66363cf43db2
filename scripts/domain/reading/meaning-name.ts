import type { Asset } from '../alert.ts'
import { isBefore, isPast, type Leaf, ranked, rankOf } from './leaves.ts'
import { readSeverity } from './severity.ts'
import { readStatus } from './status.ts'
import { thingKeyOf } from './thing-keys.ts'
import { readTime } from './time.ts'
import { wordsOf } from './value.ts'

/** Keys that name what is checked; its asset is part of the identity too. */
export const checks = ranked(`
  ruleid alertruleid checkid monitorid conditionid alarmarn detectorid definitionid eventdefinitionid alertdefinitionid alertconfigid savedsearchid
  sensorid questionid syncid alertname alertrule rulename checkname monitorname alarmname conditionname policyname searchname
  script process healthrulename testname validatorid validatorname questionname sensor rule check monitor alert checkurl`)

/** A title is text with a letter in it; no link, and no single word that only tells the state. */
export function isTitle({ key, value, text }: Leaf): boolean {
  if (typeof value !== 'string' || !/\p{L}/u.test(text.slice(0, 400)) || /^https?:\/\/\S+$/i.test(text)) return false
  const status = !stateKeys.has(key) || wordsOf(text.slice(0, 80)).length > 1 ? null : readStatus(text)
  return status === null || (status === 'info' && accounts.has(key))
}

/** Keys that hold a title as often as a state. */
const stateKeys = new Set(
  'trigger event eventname alert alarm check problem reason body info content message msg text textpayload description summary statemessage output'.split(
    ' ',
  ),
)

/** Keys that tell how it went this time, so that they differ from one time to the next. */
export const accounts = new Set(
  'eventmessage message textpayload text msg statemessage description body details content info'.split(' '),
)

/** Objects that name a step of a scale: `severity: {name: Major}`. */
export const scales = /(?:status|state|severity|priority|urgency|impact|type)$/

/** `name` beside the id of an alert or of its rule is what the check is called. */
export function nameOfAlert(leaves: readonly Leaf[]): Leaf | null {
  const outer = leaves.filter(({ parents }) => parents.length === 0)
  const hasId = outer.some(({ key }) => /^(?:alert|monitor|rule|check|policy)id$/.test(key))
  return (hasId && outer.find((leaf) => leaf.key === 'name' && isTitle(leaf))) || null
}

/** What the thing or the check is called that the document speaks of; null when nothing has a name. */
export function nameOfThing(leaves: readonly Leaf[]): Leaf | null {
  let best: Leaf | null = null
  let lowest = Number.POSITIVE_INFINITY
  for (const leaf of leaves) {
    if (!/(?:name|label|alias)$/.test(leaf.key) && thingKeyOf(leaf.key) === null) continue
    if (leaf.distance >= 100 || scales.test(leaf.parent) || people.test(leaf.key)) continue
    if (!isTitle(leaf) || isOpaque(leaf.text)) continue
    const asset = thingKeyOf(leaf.key) ?? thingKeyOf(leaf.parent)
    const cost = leaf.distance + (rankOf(leaf, checks) !== undefined ? 0 : (asset?.rank ?? 150))
    if (cost < lowest || (cost === lowest && isBefore(leaf, best))) {
      best = leaf
      lowest = cost
    }
  }
  return best
}

/** Keys of those who made or watch a thing. */
const people = /(?:creator|owner|user|author|team|organization|account|by)(?:name)?$/

/** A machine's id, by which no person knows anything. */
export function isOpaque(text: string): boolean {
  return (
    /^[\da-f-]{16,}$/i.test(text) ||
    (/^[A-Za-z\d]{12,40}$/.test(text) && /\d/.test(text) && /[a-z][A-Z]|[A-Z][a-z]+[A-Z\d]|\d[a-z]+\d/.test(text))
  )
}

/** What else may be a name, for a title that would be a bare state or event: `{actor: "scrape", status: "TIMED-OUT"}`. */
export function someName(leaves: readonly Leaf[]): Leaf | null {
  let best: Leaf | null = null
  for (const leaf of leaves) {
    if (typeof leaf.value !== 'string' || leaf.parents.length > 1 || leaf.distance >= 100 || isPast(leaf)) continue
    if (best !== null && (best.distance < leaf.distance || (best.distance === leaf.distance && !isBefore(leaf, best))))
      continue
    if (unspoken.test(leaf.key) || toldKey.test(leaf.key) || noName.test(leaf.key)) continue
    if (!/^\p{L}[\p{L}\p{N}_./:-]{2,79}$/u.test(leaf.text) || /:\/\//.test(leaf.text) || isOpaque(leaf.text)) continue
    if (readStatus(leaf.text) === null && readSeverity(leaf.text) === null && readTime(leaf.text) === null) best = leaf
  }
  return best
}

const noName =
  /(?:event|type|kind|status|state|phase|level|severity|priority|urgency|category|class|version|region|zone|environment|env|stage|provider|platform|language|locale|timezone|format|method|channel|user|author|actorid|object|result|outcome|action|trigger|mode|unit|currency|country)$/

/** Keys that end like those of titles, under which people tell what is wrong. */
export const toldKey =
  /(?:title|subject|headline|summary|description|desc|message|msg|text|reason|details|problem|issue|error|symptom|finding|observation)$/

/** Keys under which a sentence says nothing of what is wrong. */
export const unspoken =
  /(?:id|url|uri|link|path|address|agent|query|sql|command|cmd|hint|runbook|team|owner|by|license|copyright|at|time|date|name|label|labels|tag|tags|key|token|scale|legend|schedule|window|signature)$/

/** What runs now and then, and is well or not each time. */
export const runs = new Set<Asset['kind']>(['dag', 'task', 'job', 'connector', 'model', 'dashboard'])
