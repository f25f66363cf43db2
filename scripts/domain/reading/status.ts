import type { AlertStatus } from '../alert.ts'
import { textOf, wordsOf } from './value.ts'

const list = (words: string) => new Set(words.split(' '))

/** Says that it is over, whatever else is said with it: `ResolvedCritical`. */
const over = list(
  'resolved resolve resolves recovered recovery recover recovers cleared clear closed close deactivated restored solved',
)
const firing = list(
  'firing fired alerting alert alarm problem triggered trigger open opened reopened active activated failed failure fail failing error errored ' +
    'errors down critical warning warn unhealthy breached breach new created degraded crashed crash timeout unresolved ongoing outage unreachable ' +
    'offline nodata missing anomalous violated late stale exception aborted abort killed terminated unavailable acknowledged ' +
    'insufficient blocked retry',
)
const well = list(
  'ok okay up normal healthy success succeeded successful succeed pass passed passing complete completed finished fixed inactive online done reachable good green',
)
const neutral = list(
  'info informational test started start running queued scheduled heartbeat ping pending updated skipped cancelled canceled',
)
/** What turns the meaning of the word behind it round. */
const not = list('not no un non never failed cannot without isn wasn yet')

/** A change from one state to another: what counts is what it became. */
const change = /^.{0,60}?(?:->|=>|→|➛|➔)(.{1,60})$/s

/**
 * What a state, an event's type or a result says: `ALARM`, `incident.resolved`, `DOWN -> UP`, `ResolvedCritical`,
 * `unresolved`, `success`. Null when it says nothing. For titles there is `readTitleStatus`.
 */
export function readStatus(value: unknown): AlertStatus | null {
  const text = typeof value === 'boolean' ? null : textOf(value)
  if (text === null || text.length > 120) return null
  const said = change.exec(text)?.[1] ?? text
  if (/\bno[ _-]?data\b/i.test(said)) return 'firing'
  const words = wordsOf(said)
  const turned = words.filter((_, index) => not.has(words[index - 1] ?? ''))
  const has = (set: ReadonlySet<string>) => words.some((word) => set.has(word) && !turned.includes(word))
  if (turned.some((word) => over.has(word) || well.has(word))) return 'firing'
  if (has(over)) return 'resolved'
  if (has(firing)) return 'firing'
  if (has(well) || turned.some((word) => firing.has(word))) return 'resolved'
  return has(neutral) ? 'info' : null
}

const titleOver =
  /^[^\p{L}]{0,8}(?:resolved|recovered|recovery|ok|closed|cleared|fixed|solved|up)\b(?![ -](?:to|and|for))|\b(?:has|have|is|was|been) (?:recovered|resolved|cleared)\b|\brecovered from\b|\bback to normal\b|➛ SUCCESS|\bsucceeded\b|\bcompleted success/iu
const titleFiring =
  /^[^\p{L}]{0,8}(?:firing|alerting|triggered|alarm|problem|critical|error|warning|down|fail(?:ed|ure)?)\b|\bfail(?:ed|ures?|s|ing)?\b|\berrors?\b|\bis down\b/iu
const titleTest = /\bthis is (?:only )?a test\b|\btest (?:notification|message|webhook|ping)\b|\btest from\b/i

/** What a title says about the state, where no field does: `[OK] Disk`, `Host has recovered`. Null when nothing. */
export function readTitleStatus(title: string): AlertStatus | null {
  const head = title.slice(0, 300)
  if (titleTest.test(head)) return 'info'
  if (titleOver.test(head) && !/\b(?:not|un)[ -]?(?:been )?(?:recovered|resolved|cleared|succeeded)/i.test(head))
    return 'resolved'
  return titleFiring.test(head) ? 'firing' : null
}
