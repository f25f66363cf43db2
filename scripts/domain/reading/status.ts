import type { AlertStatus } from '../alert.ts'
import { states } from './other-languages.ts'
import { textOf, wordsOf } from './value.ts'

export { readTitleStatus } from './title-status.ts'

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
    'insufficient blocked retry raised rejected investigating identified degradation anomaly broken mismatch overdue stuck corrupt incomplete unsuccessful bad red ko nok ng missed lost expired ' +
    'unresponsive disconnected exceeded violation hung stalled lagging denied refused invalid evicted throttled',
  states.firing,
)
const well = list(
  'ok okay up normal healthy success succeeded successful succeed pass passed passing complete completed finished fixed inactive online done reachable good green ' +
    'available responding reporting operational alive fine correct',
  states.well,
)
const neutral = list(
  'info informational test planned upcoming started start running queued scheduled heartbeat ping pending updated skipped cancelled canceled ' +
    'paused unpaused resumed deleted archived verification maintenance building deploying processing progress syncing waiting enqueued initializing ' +
    'starting preparing',
)
/** Says only that something has ended: a run that is completed may have failed. */
const spent = list('complete completed finished done ended')
/** What is opened and ended as an alert is; other things are made and end all day long. */
const matters = list('alert alarm incident issue problem event case violation outage anomaly notification ticket item')
/** Words for an alert that say nothing of it where another word does. */
const named = list('alert alarm problem')
const endings = list('end ended')
const created = list('created')
/** What is begun is no trouble where these begin: `sync.triggered`, `deploy_request.opened`. */
const begun = list('triggered trigger opened new activated started')
const runs = list('sync job run pipeline build dag task flow workflow deploy deployment request release query refresh')
/** What turns the meaning of the word behind it round, also over the words between: `failed_to_be_resolved`. */
const not = list('not no un non never failed cannot without isn wasn yet zero 0', states.not)
const between = list('to be been being yet fully longer of')
/** Behind a word that it is over they say that it is not: `recovery_failed`, `succeeded_with_issues`. */
const failures = list(
  'failed failure failures fail failing error errors errored exception issues issue warnings timeout aborted incomplete',
)
const partly = list('partial partially partly incomplete')

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
  if (/^on[ _-]?(?:time|schedule)$/i.test(said)) return 'resolved'
  const words = wordsOf(said)
  const turned = words.filter((_, index) => isTurned(words, index))
  const has = (set: ReadonlySet<string>) => words.some((word) => set.has(word) && !turned.includes(word))
  if (turned.some((word) => over.has(word) || well.has(word))) return 'firing'
  if (has(partly) || isFailedEnd(words, turned)) return 'firing'
  if (has(over) || (has(endings) && has(matters)) || words.join() === 'reset') return 'resolved'
  // `WorkbookCreated` is no trouble.
  if (words.length > 1 && !has(matters) && (has(created) || (has(begun) && has(runs) && !has(failures)))) return 'info'
  // `alert.deployment.success` is an alert that tells of a success.
  if (has(firing) && !(has(well) && words.every((word) => named.has(word) || !firing.has(word)))) return 'firing'
  if (has(well) || turned.some((word) => firing.has(word))) return 'resolved'
  return has(neutral) ? 'info' : null
}

/** Whether a word says the contrary, for the one before it: `not_ok`, `no_longer_failing`. */
function isTurned(words: readonly string[], index: number): boolean {
  let before = index - 1
  while (before > 0 && between.has(words[before] ?? '')) before -= 1
  return not.has(words[before] ?? '')
}

/** Whether a word of failure stands behind one of the end: `RecoveryFailed`, but not `error_resolved`. */
function isFailedEnd(words: readonly string[], turned: readonly string[]): boolean {
  const end = words.findIndex((word) => over.has(word) || well.has(word))
  return end >= 0 && words.slice(end + 1).some((word) => failures.has(word) && !turned.includes(word))
}

/** Whether a state tells of an end without telling whether it was a good one. */
export function isSpent(text: string): boolean {
  const words = text.length > 120 ? [] : wordsOf(text)
  return (
    words.some((word) => spent.has(word)) &&
    !words.some((word) => firing.has(word) || (well.has(word) && !spent.has(word)))
  )
}
