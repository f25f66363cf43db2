import type { AlertStatus } from '../alert.ts'
import { states } from './other-languages.ts'
import { textOf, wordsOf } from './value.ts'

const list = (...words: string[]) => new Set(words.join(' ').split(' '))

/** Says that it is over, whatever else is said with it: `ResolvedCritical`. */
const over = list(
  'resolved resolve resolves recovered recovery recover recovers cleared clear closed close closing deactivated restored solved',
  states.over,
)
const firing = list(
  'firing fired alerting alert alarm problem triggered trigger open opened reopened active activated failed failure fail failing error errored ' +
    'errors down critical warning warn unhealthy breached breach new created degraded crashed crash timeout timed unresolved ongoing outage unreachable ' +
    'offline nodata missing anomalous violated late stale exception aborted abort killed terminated unavailable acknowledged ' +
    'insufficient blocked retry raised rejected investigating identified degradation anomaly',
  states.firing,
)
const well = list(
  'ok okay up normal healthy success succeeded successful succeed pass passed passing complete completed finished fixed inactive online done reachable good green ' +
    'available responding reporting operational alive',
  states.well,
)
const neutral = list(
  'info informational test started start running queued scheduled heartbeat ping pending updated skipped cancelled canceled ' +
    'paused unpaused resumed deleted archived verification maintenance building deploying processing progress syncing waiting enqueued initializing',
)
/** Says only that something has ended: a run that is completed may have failed. */
const spent = list('complete completed finished done ended')
/** What is opened and ended as an alert is; other things are made and end all day long. */
const matters = list('alert alarm incident issue problem event case violation outage anomaly notification ticket item')
const endings = list('end ended')
const created = list('created')
/** What turns the meaning of the word behind it round. */
const not = list('not no un non never failed cannot without isn wasn yet', states.not)

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
  if (has(over) || (has(endings) && has(matters)) || words.join() === 'reset') return 'resolved'
  // `WorkbookCreated` is no trouble.
  if (has(created) && words.length > 1 && !has(matters)) return 'info'
  if (has(firing)) return 'firing'
  if (has(well) || turned.some((word) => firing.has(word))) return 'resolved'
  return has(neutral) ? 'info' : null
}

/** Whether a state tells of an end without telling whether it was a good one. */
export function isSpent(text: string): boolean {
  const words = text.length > 120 ? [] : wordsOf(text)
  return (
    words.some((word) => spent.has(word)) &&
    !words.some((word) => firing.has(word) || (well.has(word) && !spent.has(word)))
  )
}

/** What a mail program puts before a subject. */
const mailPrefix = /^\s*(?:(?:re|fwd?|aw|wg|tr|sv)\s*:\s*){1,5}/i

const titleOver =
  /^[^\p{L}]{0,8}(?:resolved|recovered|recovery|ok|closed|cleared|fixed|solved|up|behoben|gelöst|résolu|resuelto|resolvido|risolto|opgelost)\b(?![ -](?:to|and|for))|\b(?:has|have|is|was|been) (?:recovered|resolved|cleared)\b|\brecovered from\b|\bback to normal\b|\b(?:alert|alarm|incident|problem|issue) (?:is )?(?:resolved|recovered|closed|cleared)\b|➛ SUCCESS|\ball (?:\d{1,9} )?(?:tests?|checks?|expectations?|validations?) (?:have )?passed\b|\bsucceeded\b|\bcompleted success/iu
const titleFiring =
  /^[^\p{L}]{0,8}(?:firing|alerting|triggered|alarm|problem|critical|error|warning|down|fail(?:ed|ure)?)\b|\bfail(?:ed|ures?|s|ing)?\b|\berrors?\b|\bis down\b/iu
const titleTest =
  /\bthis is (?:only )?a test\b|\btest (?:notification|message|webhook|ping)\b|\btest from\b|^verification of\b/i

/** `0 failures`: it says of none that there are. */
const noFailures = /\b(?:0|no|zero|without) (?:fail(?:ed|ures?)|errors?)\b/gi

/** What a title says about the state, where no field does: `[OK] Disk`, `Host has recovered`. Null when nothing. */
export function readTitleStatus(title: string): AlertStatus | null {
  const head = title.slice(0, 300).replace(mailPrefix, '').replace(noFailures, '')
  if (titleTest.test(head)) return 'info'
  if (titleOver.test(head) && !/\b(?:not|un)[ -]?(?:been )?(?:recovered|resolved|cleared|succeeded)/i.test(head))
    return 'resolved'
  return titleFiring.test(head) ? 'firing' : null
}
