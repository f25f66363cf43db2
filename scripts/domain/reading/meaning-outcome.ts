import type { AlertStatus } from '../alert.ts'
import { remember } from '../remember.ts'
import { isBefore, isPast, type Leaf, sampleCost } from './leaves.ts'
import { readStatus } from './status.ts'
import { readTime } from './time.ts'
import { wordsOf } from './value.ts'

/** How it went, where no state says so: `ok: false`, `rc: 1`, `err: …`, `verdict: MISMATCH`. */
export interface Outcome {
  leaf: Leaf
  status: Extract<AlertStatus, 'firing' | 'resolved'>
  /** Whether a title that speaks of trouble is no match for it: `resolved: true` is none for `exit_code: 0`. */
  isSure: boolean
}

type Meaning = Outcome['status']

const keysThatMean = (meaning: Meaning, keys: string) => keys.split(' ').map((key) => [key, meaning] as const)

/** Keys of a yes or no about the whole, and what yes means. */
const flags = new Map<string, Meaning>([
  ...keysThatMean(
    'resolved',
    'success succeeded successful passed pass healthy ok isok okay up isup resolved isresolved recovered clear cleared restored issuccess issuccessful',
  ),
  ...keysThatMean(
    'firing',
    'triggered firing active failed isfiring breached down breach alerting isalert alertactive',
  ),
])
/** Under these a word may stand for the yes: `clear: normal`. */
const overKey = /^(?:is)?(?:clear(?:ed)?|resolved|recovered|restored)$/
/** Of these a yes or no tells whether it is one; anything else is its name or its number. */
const alarm = /^(?:is|in|has)?(?:alarm|alert|problem|incident)$/
/** When an alert, and no run, came to its end. */
const timeOfEnd =
  /^(?:incident|alert|issue|problem)?(?:(?:resolved|recovered|cleared|closed)(?:at|on|time|datetime)|recover(?:y|ed)?time)$/
/** Of these only a no tells anything. */
const soundKeys = new Set(
  'status result valid isvalid available reachable alive match matched complete completed within'.split(' '),
)
/** A yes under a key that ends like this is a finding, and a no is none: `dataset_drift`, `sla_breach`, `is_anomaly`. */
const findingKey =
  /(?:drift(?:ed|detected)?|anomal(?:y|ous|ies)|anomalydetected|breach(?:ed)?|failed|failure|mismatch(?:ed)?|outlier|violat(?:ed|ion)|exceeded|corrupt(?:ed)?|crashed|alerting|overdue)$/
/** The same, of which a no tells of one kind of trouble only: `timed_out: false`. */
const troubleKey =
  /(?:error(?:ed)?|stale|late|unhealthy|broken|timedout|missing|delayed|killed|aborted|cancelled|dead|lost)$/
/** What a process ends with; anything but 0 is a failure. */
const exitCode =
  /^(?:rc|retcode|returncode|exit|exitcode|exitstatus|errorlevel|returnvalue|processexitcode|commandexitcode)$/
/** How many went wrong. */
const failureCount =
  /^(?:num|number|count|total|n|nb)?(?:of)?(?:failed|failures|errors|failing)(?:count|rows|records|tests|checks|jobs|tasks|items)?$|^(?:failed|failure|error)count$|^(?:rows|records|tests|checks|jobs|tasks|items|files)(?:failed|errored|rejected)$/
/** What went wrong, in words. */
const errorText =
  /^(?:err|exc|error|errors|exception|errormessage|errormsg|errortext|exceptionmsg|exceptionmessage|exceptiontype|rootexception|traceback|stacktrace|stderr|failurereason|failuremessage|failurecause|fault)$/
const noError = /^(?:no(?:ne)?(?: errors?)?|ok|false|0|success|-|\[\]|\{\})$/i

/** The word for it alone is enough, under whatever key: `ergebnis: FEHLER`. Milder ones (`open`, `new`) are not. */
const plainFailure =
  /^(?:new|open|opened|created|active|activated|trigger|triggered|raised|retry|warn|warning|alert|alarm|problem|problems|acknowledged|investigating|identified)$/
const neverSaid =
  /(?:name|title|id|tags?|color|colour|icon|emoji|channel|team|owner|template|method|label|on|when|if|retryon|notifyon)$/

/**
 * How it went as flags, exit codes, counts and errors say; trouble wins over what says that all is well, but not over
 * the word that it is resolved. Null when none says anything.
 */
export function readOutcome(leaves: readonly Leaf[]): Outcome | null {
  let known = lastRead.get(leaves)
  if (known === undefined) {
    known = findOutcome(leaves)
    lastRead.set(leaves, known)
  }
  return known
}

/** It is asked of one body whether it is an alert, what it is called, and how it is. */
const lastRead = new WeakMap<readonly Leaf[], Outcome | null>()

function findOutcome(leaves: readonly Leaf[]): Outcome | null {
  let trouble: Outcome | null = null
  let end: Outcome | null = null
  for (const leaf of leaves) {
    if (leaf.distance >= asideFrom || leaf.parents.length > 4) continue
    const outcome = outcomeOf(leaf)
    if (outcome === null || isPast(leaf)) continue
    if (outcome.status === 'firing') trouble = better(outcome, trouble)
    else end = better(outcome, end)
  }
  if (end !== null && /(?:resolved|recovered|cleared|at|on|time)$/.test(end.leaf.key)) return end
  return trouble ?? end
}

const asideFrom = 100

function better(one: Outcome, other: Outcome | null): Outcome {
  if (other === null || (one.isSure && !other.isSure)) return one
  if (other.isSure && !one.isSure) return other
  const cost = one.leaf.distance - other.leaf.distance
  return cost < 0 || (cost === 0 && isBefore(one.leaf, other.leaf)) ? one : other
}

function outcomeOf(leaf: Leaf): Outcome | null {
  const role = roleOf(leaf.key)
  if (role === 'alarm')
    return typeof leaf.value === 'boolean'
      ? { leaf, status: leaf.value ? 'firing' : 'resolved', isSure: leaf.value }
      : null
  if (role === 'end') return isTimeOfEnd(leaf) ? { leaf, status: 'resolved', isSure: false } : null
  if (role === 'none') return null
  const { value, text } = leaf
  const number = /^-?\d{1,10}$/.test(text) ? Number(text) : null
  if (role === 'exit')
    return number === null ? null : { leaf, status: number === 0 ? 'resolved' : 'firing', isSure: number !== 0 }
  if (number !== null && number > 0 && failureCount.test(leaf.key)) return { leaf, status: 'firing', isSure: true }
  // `result: 0` is as often an exit code as a no.
  const told = number !== null && leaf.key === 'result' ? null : yesOrNo(value)
  if (role === 'error') {
    const isError = typeof value === 'string' && told === null && !noError.test(text)
    return isError || (told === true && troubleKey.test(leaf.key)) ? { leaf, status: 'firing', isSure: true } : null
  }
  if (told === null && overKey.test(leaf.key) && readStatus(value) === 'resolved')
    return { leaf, status: 'resolved', isSure: false }
  if (told === null || role === 'count') return null
  if (role === 'finding') return { leaf, status: told ? 'firing' : 'resolved', isSure: told }
  if (role === 'trouble' || role === 'sound')
    return told === (role === 'trouble') ? { leaf, status: 'firing', isSure: true } : null
  return { leaf, status: told ? role : opposite[role], isSure: true }
}

/** A time that is filled in and real: some write year 1 where there is none. */
function isTimeOfEnd({ value, parents }: Leaf): boolean {
  return parents.length <= 1 && readTime(value)?.startsWith('20') === true
}

type Role = 'end' | 'alarm' | Meaning | 'finding' | 'trouble' | 'sound' | 'exit' | 'count' | 'error' | 'none'

/** What a key tells of the outcome, if anything. */
const roleOf = remember((key): Role => {
  const flag = flags.get(key)
  if (flag !== undefined) return flag
  if (timeOfEnd.test(key)) return 'end'
  if (alarm.test(key)) return 'alarm'
  if (exitCode.test(key)) return 'exit'
  if (errorText.test(key)) return 'error'
  if (failureCount.test(key)) return 'count'
  if (findingKey.test(key)) return 'finding'
  if (soundKeys.has(key)) return 'sound'
  return troubleKey.test(key) ? 'trouble' : 'none'
})

const opposite = { firing: 'resolved', resolved: 'firing' } as const

function yesOrNo(value: Leaf['value']): boolean | null {
  if (typeof value === 'boolean') return value
  if (typeof value === 'string' && value.length > 5) return null
  return /^(?:true|yes|y|1)$/i.test(String(value)) ? true : /^(?:false|no|n|0)$/i.test(String(value)) ? false : null
}

/** A word of failure that is all there is under its key, whatever that is called; the outermost of them. */
export function readFailureWord(leaves: readonly Leaf[]): Leaf | null {
  let best: Leaf | null = null
  for (const leaf of leaves) {
    if (typeof leaf.value !== 'string' || leaf.text.length > 40 || leaf.distance >= sampleCost) continue
    if (best !== null && best.distance <= leaf.distance) continue
    if (neverSaid.test(leaf.key) || readStatus(leaf.text) !== 'firing') continue
    const words = wordsOf(leaf.text)
    if (words.length <= 3 && words.some((word) => !plainFailure.test(word) && readStatus(word) === 'firing'))
      best = leaf
  }
  return best
}
