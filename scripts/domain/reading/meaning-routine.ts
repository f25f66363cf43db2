import { findLeaf, type Leaf, ranked } from './leaves.ts'
import { readOutcome } from './meaning-outcome.ts'
import { readSaid, type Said } from './meaning-said.ts'
import { readSeverity } from './severity.ts'

/**
 * What happens all day long, planned or made by somebody: a rule or a schedule was changed, a scan has ended, work is
 * announced, whatever its text says of what may fail meanwhile.
 */
export function isRoutine(leaves: readonly Leaf[]): boolean {
  const said = readSaid(leaves)
  if ((said !== null && said.status === 'firing' && !isMild(said)) || readOutcome(leaves)?.status === 'firing')
    return false
  if (leaves.some(isGrave)) return false
  const isPlanned = said?.status === 'info' && /^(?:planned|scheduled|upcoming)$/i.test(said.leaf.text)
  return (
    (isPlanned &&
      leaves.some(({ key, text }) => announced.test(key) && /maintenance|\bwindow\b/i.test(text.slice(0, 200)))) ||
    (isMild(said) && happened(leaves, routine))
  )
}

/** Said to be grave by the body itself, and not by a rule in it. */
export function isGrave({ key, parents, text }: Leaf): boolean {
  return (
    parents.length === 0 && /^(?:alert)?severity$/.test(key) && /^(?:CRITICAL|HIGH)$/.test(readSeverity(text) ?? '')
  )
}

const announced = /^(?:type|eventtype|event|title|name|summary|subject|description|category|kind)$/

const routine = new RegExp(
  [
    '(?:^|[._ :-])(?:rule|policy|user|member|schedule|monitor|check|dashboard|maintenance|window|comment|webhook|subscription|channel|token|tag|artifact|image|repository|contract|glossary|term|role|group)s?[._ :-](?:was[._ -])?(?:created|deleted|updated|edited|modified|changed|added|removed|renamed|enabled|disabled|planned|scheduled|archived|published|invited)$',
    '(?:^|[._ :-])(?:scan|scanning|upload|maintenance|invitation|export[._ ]report)s?[._ :-](?:created|planned|scheduled|started|begun|completed|complete|finished|ended|closed)$',
    '[._ :-](?:uploaded|downloaded|viewed|shared|mentioned|invited|subscribed|starred|forked|merged|renamed|labell?ed|planned|scheduled|login|logged[._ -]in|logout)$',
  ].join('|'),
  'i',
)

/** Keys that name what happened, and to what. */
const happenings = /^(?:event|eventtype|eventname|type|action|objectkind|kind|resource|category|webhookevent)$/

function happened(leaves: readonly Leaf[], what: RegExp): boolean {
  return leaves.some(({ key, parents, text, value }) => {
    return (
      typeof value === 'string' && parents.length <= 2 && happenings.test(key) && text.length <= 80 && what.test(text)
    )
  })
}

/** What somebody said of an alert, or a button that was pressed: `incident.notes.created`, `block_actions`. */
export function isRemark(leaves: readonly Leaf[]): boolean {
  return (
    happened(
      leaves,
      /(?:^|[._ -])comment(?:s|ed)?(?:[._ -]|$)|[._ -]notes?[._ -]|(?:^|[._ -])note[._ -](?:added|created)/i,
    ) || leaves.some(({ key, parents, text }) => key === 'type' && parents.length === 0 && interactions.test(text))
  )
}

/** https://docs.slack.dev/reference/interaction-payloads */
const interactions =
  /^(?:block_actions|block_suggestion|view_submission|view_closed|interactive_message|message_action|shortcut)$/

/** Whether nothing worse is said than that something is open or has begun. */
export function isMild(said: Said | null): boolean {
  return (
    said === null ||
    said.status !== 'firing' ||
    /^(?:[\w ]+[._])?(?:open|opened|new|created|active|triggered|started|activated)$/i.test(said.leaf.text)
  )
}

/** What asks others to look at a change; its title is what the change is about: `Fix failed load`. */
export function isRequest(leaves: readonly Leaf[]): boolean {
  return happened(leaves, /^(?:pull|merge)[._ -]request(?:[._ -]\w{1,20})?$/i)
}

/** Work that people do: a deployment, a push, a request to merge. */
export function isWork(leaves: readonly Leaf[], title: string): boolean {
  const isWork = happened(
    leaves,
    /^(?:\w{1,20}[._ -])?(?:deploy(?:ment)?|deploy[._ -]request|pull[._ -]request|merge[._ -]request|(?:tag[._ -])?push|release)(?:[._ -](?:created|opened|closed|merged|started|finished|completed|succeeded|success|successful|published|synchronize|updated|approved|queued|pending))?$/i,
  )
  return (
    isWork ||
    (happened(leaves, /^(?:change|presence)$/i) &&
      /\bdetected change\b|\b(?:re)?deployed\b|\b(?:up|down)graded\b|\breleased\b|\bcame online\b/i.test(title))
  )
}

/** A line of a log that is below a warning: https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry */
export function isQuietLog(leaves: readonly Leaf[]): boolean {
  const outer = (name: string) => leaves.find(({ key, parents }) => parents.length === 0 && key === name)
  return outer('logname') !== undefined && /^(?:DEFAULT|DEBUG|INFO|NOTICE)$/.test(outer('severity')?.text ?? 'DEFAULT')
}

/** A line of a program's log that is below a warning: `{level: "info", msg: …}`. */
export function isPlainLog(leaves: readonly Leaf[]): boolean {
  const has = (name: RegExp, text: RegExp) =>
    leaves.some(({ key, parents, text: value }) => parents.length === 0 && name.test(key) && text.test(value))
  return has(/^(?:log)?level(?:name)?$/, /^(?:info|debug|trace)$/i) && has(/^(?:msg|logger|loggername)$/, /./)
}

/**
 * `{event: created, model: site}`: an inventory, or a monitor's own settings, were changed by somebody;
 * `{kind: pod, reason: created}`: an object of Kubernetes was.
 */
export function isRecordChange(leaves: readonly Leaf[]): boolean {
  const has = (name: RegExp, text: RegExp) =>
    leaves.some(({ key, parents, text: value }) => parents.length <= 1 && name.test(key) && text.test(value))
  if (has(/^kind$/, /./) && has(/^reason$/, /^(?:created|updated|deleted)$/i)) return true
  if (!has(/^(?:event|action)$/, /^(?:created|updated|deleted|edited|paused|unpaused|resumed)$/i)) return false
  return (
    has(/^(?:model|objecttype)$/, /./) ||
    has(/^type$/, /^(?:monitor|check|rule|policy)$/i) ||
    has(/^(?:entity|entitytype|resourcetype)$/, records)
  )
}

/** What is made, changed and deleted all day long. */
const records =
  /^(?:(?:registered[._ -]?)?model(?:[._ -]?version)?(?:[._ -](?:tag|alias))?|experiment|run|user|dashboard|report|workbook|monitor|rule|policy|project|document|page|view|schedule)$/i

/** Somebody pressed a button to see what comes: `test: true`, `triggered_by_user_test: true`. */
export function isTestFlag({ key, parents, value }: Leaf): boolean {
  return (
    value === true &&
    parents.length <= 1 &&
    /^(?:is|triggeredby)?(?:user)?test(?:alert|event|message|notification|mode)?$/.test(key)
  )
}

/** Whether what has begun is an incident, and no run. */
export function isIncident(leaves: readonly Leaf[]): boolean {
  const type = findLeaf(leaves, objects)?.text ?? ''
  return /incident|alert|outage|issue/i.test(type) || leaves.some(({ parent }) => parent === 'incident')
}

const objects = ranked('type objecttype eventtype')
