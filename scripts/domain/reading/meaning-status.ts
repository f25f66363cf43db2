import type { AlertStatus } from '../alert.ts'
import { findLeaf, isBefore, isPast, type Leaf, ranked, rankOf } from './leaves.ts'
import { readOutcome } from './meaning-outcome.ts'
import { readSeverity } from './severity.ts'
import { isSpent, readStatus, readTitleStatus } from './status.ts'
import { isAnnouncement } from './title-status.ts'

/** Where a body says what became of it; what says the outcome of a run before what says how far the run is. */
const statuses = ranked(`
  conclusion outcome verdict alerttransition eventaction alertaction monitorcondition transition newstatevalue newstate currentstate statenow statusnow statecurrent statusnew statenew alertstatus alertstate
  alertevent actiongroup actiongroupname incidentstate resolutionstate notificationtype messagetype alerttype triggertype eventtype state status monitorstatus checkstatus phase
  action event eventname trigger result type currentstatus statusname executionstatus alerttypefriendlyname reason severity level alertlevel currentlevel severitylevel`)

/** Keys that tell what an alert is about as often as what became of it: `FailureAlertRule`. */
const kinds = new Set(['alerttype', 'triggertype', 'type'])

/** Keys that say how bad or of what kind it is, or why, far more often than whether it is over. */
const weak = new Set(
  'type trigger action alerttype triggertype eventtype event eventname result reason severity level notificationtype messagetype'.split(
    ' ',
  ),
)

/** What is said of the alert's state, and where. `isSpent`: only that something has ended, not how. */
export interface Said {
  leaf: Leaf
  status: AlertStatus
  isSpent: boolean
}

/**
 * A field that says it, then how it went, then the title and the description; what says nothing is firing: nobody is
 * woken for silence.
 */
export function readAnyStatus(leaves: readonly Leaf[], title: string, description: string | null = null): AlertStatus {
  const spoken = readTitleStatus(title)
  if (spoken === 'info' || leaves.some(isTestFlag) || isRecordChange(leaves) || isQuietLog(leaves) || isRemark(leaves))
    return 'info'
  const said = readSaid(leaves)
  if (isRoutine(leaves)) return 'info'
  // A neutral word (`running`, `created`) decides only when nothing else speaks.
  const outcome = readOutcome(leaves)
  if (
    outcome?.status !== 'firing' &&
    isMild(said) &&
    (isRequest(leaves) || (spoken !== 'firing' && isWork(leaves, title)))
  )
    return 'info'
  if (said !== null && said.status !== 'info' && !said.isSpent) {
    if (said.status === 'resolved' && !isOfWhole(said.leaf) && failedEvent(leaves)) return 'firing'
    // A run that says it went well and then that it did not has failed; of an alert that is resolved it tells what was.
    const isFailed =
      said.status === 'resolved' && outcome?.status === 'firing' && !/resol|recover|clos|clear/i.test(said.leaf.text)
    return isFailed && (failedRun.test(outcome.leaf.key) || isOuterCode(outcome.leaf)) ? 'firing' : said.status
  }
  const ticket = said === null || said.status === 'info' ? ticketState(leaves) : null
  if (ticket !== null) return ticket
  if (outcome !== null && (outcome.isSure || spoken !== 'firing')) return outcome.status
  if (said?.isSpent === true && leaves.some(isBadResult)) return 'firing'
  const begun = said?.status === 'info' && /^(?:started|queued|pending)$/i.test(said.leaf.text) && isIncident(leaves)
  if (begun) return 'firing'
  const told = spoken ?? said?.status
  if (told !== undefined && told !== null) return told
  if (readTitleStatus(description?.slice(0, 200) ?? '') === 'resolved') return 'resolved'
  if (leaves.some(isGreen)) return 'resolved'
  if (isPlainLog(leaves)) return 'info'
  return isAnnouncement(`${title}. ${description ?? ''}`) && !leaves.some(isGrave) ? 'info' : 'firing'
}

/** How a chat draws what is well. */
function isGreen({ key, text }: Leaf): boolean {
  return /^colou?r$/.test(key) && /^(?:good|green|success)$/i.test(text)
}

/** A line of a program's log that is below a warning: `{level: "info", msg: …}`. */
function isPlainLog(leaves: readonly Leaf[]): boolean {
  const has = (name: RegExp, text: RegExp) =>
    leaves.some(({ key, parents, text: value }) => parents.length === 0 && name.test(key) && text.test(value))
  return has(/^(?:log)?level(?:name)?$/, /^(?:info|debug|trace)$/i) && has(/^(?:msg|logger|loggername)$/, /./)
}

/** Somebody pressed a button to see what comes: `test: true`, `triggered_by_user_test: true`. */
function isTestFlag({ key, parents, value }: Leaf): boolean {
  return (
    value === true &&
    parents.length <= 1 &&
    /^(?:is|triggeredby)?(?:user)?test(?:alert|event|message|notification|mode)?$/.test(key)
  )
}

/**
 * A ticket's state as a number, as ServiceNow sends it: 6 and more are resolved, closed and cancelled.
 * https://www.servicenow.com/docs/bundle/zurich-it-service-management/page/product/incident-management/reference/r_IncidentManagementStateModel.html
 */
function ticketState(leaves: readonly Leaf[]): AlertStatus | null {
  const outer = (name: RegExp) => leaves.find(({ key, parents }) => parents.length <= 1 && name.test(key))?.text ?? ''
  if (!/^[A-Z]{3,8}\d{4,12}$/.test(outer(/^(?:number|ticketnumber)$/))) return null
  const state = outer(/^(?:incident)?state$/)
  return /^[1-5]$/.test(state) ? 'firing' : /^[678]$/.test(state) ? 'resolved' : null
}

/** Whether a state is that of the whole, and not of a part beside others: at the top, or of the alert itself. */
function isOfWhole({ parents, parent }: Leaf): boolean {
  return parent === '' || parents.length === 0 || ofTrouble.test(parent)
}

/** Whether the event that the body tells of is a failure: `event: pipeline.failed`. */
function failedEvent(leaves: readonly Leaf[]): boolean {
  return leaves.some(
    ({ key, parents, value, text }) =>
      parents.length === 0 &&
      typeof value === 'string' &&
      /^(?:event|eventtype|eventname|type)$/.test(key) &&
      text.length <= 60 &&
      /(?:^|[._ -])(?:failed|failure|error|errored|crashed|aborted|timed_?out|down|broken|breached)$/i.test(text),
  )
}

/** A number says which end it was where a word only says that it has ended: `{event: finished, results: 2}`. */
function isBadResult({ key, parents, text }: Leaf): boolean {
  return parents.length <= 1 && /^(?:results?|resultcode|statuscode|outcomecode)$/.test(key) && /^[1-9]$/.test(text)
}

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
function isGrave({ key, parents, text }: Leaf): boolean {
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

/** `error: 137` beside the state; one further in may be of what is over. */
function isOuterCode({ parents, text }: Leaf): boolean {
  return parents.length === 0 && /^[1-9]\d*$/.test(text)
}

/** What says of a run that it failed: `success: false`, `exit_code: 3`; a count of failures does as well. */
const failedRun = /^(?:is)?(?:success|succeeded|successful|ok|passed|rc|retcode|returncode|exitcode|exitstatus)$/

/** The field that says most clearly what became of it; null when none does. */
export function readSaid(leaves: readonly Leaf[]): Said | null {
  let known = lastSaid.get(leaves)
  if (known === undefined) {
    known = findSaid(leaves)
    lastSaid.set(leaves, known)
  }
  return known
}

/** It is asked of one body whether it is an alert, what it is called, and how it is. */
const lastSaid = new WeakMap<readonly Leaf[], Said | null>()

function findSaid(leaves: readonly Leaf[]): Said | null {
  let best: Said | null = null
  let lowest = Number.POSITIVE_INFINITY
  for (const leaf of leaves) {
    const rank =
      rankOf(leaf, statuses) ??
      (stateKey.test(leaf.compound) && !formerKey.test(leaf.key) && !formerKey.test(leaf.compound)
        ? leastRank
        : undefined)
    if (rank === undefined || rank + leaf.distance > lowest) continue
    const status = statusOf(leaf)
    if (status === null || isLife(leaf)) continue
    const spent = isSpent(leaf.text)
    const cost =
      rank +
      leaf.distance +
      (status === 'info'
        ? 40
        : spent
          ? 30
          : kinds.has(leaf.key) && status === 'firing'
            ? 25
            : weak.has(leaf.key)
              ? 15
              : 0) +
      (isPast(leaf) ? pastCost : 0)
    if (cost > lowest || (cost === lowest && !isRather({ leaf, status }, best))) continue
    best = { leaf, status, isSpent: spent }
    lowest = cost
  }
  return best
}

/** What was says how it is only where nothing else does. */
const pastCost = 120

/** A rule that is active is no alert that is: `rule: {status: ACTIVE}`. */
function isLife({ parent, text }: Leaf): boolean {
  return parent !== '' && /^(?:active|enabled|published|deployed)$/i.test(text) && !ofTrouble.test(parent)
}
const ofTrouble =
  /alert|alarm|incident|issue|problem|event|case|violation|outage|anomaly|ticket|condition|finding|status|state/

/** Of two that say it in the same place the one that tells of trouble counts, then the first by its path. */
function isRather(one: Pick<Said, 'leaf' | 'status'>, other: Said | null): boolean {
  if (other === null) return true
  const [isTrouble, wasTrouble] = [one.status === 'firing', other.status === 'firing']
  return isTrouble === wasTrouble ? isBefore(one.leaf, other.leaf) : isTrouble
}

const stateKey = /(?:status|state)(?:name|category)?$/
const formerKey = /^(?:old|previous|prev|last|from|former)/
const leastRank = 60

function statusOf({ key, value, text }: Leaf): AlertStatus | null {
  if (typeof value !== 'string' || (weak.has(key) && text.length > 40)) return null
  // `severity: clear`; a reason is a sentence unless it is written like a name: `ALERT_RESOLVED`.
  if (levels.has(key)) return /^(?:clear|cleared|ok|normal|resolved|recovered)$/i.test(text) ? 'resolved' : null
  if (key === 'reason' && !/^[A-Z]+(?:_[A-Z]+)+$/.test(text)) return null
  const status = readStatus(value)
  return status === 'info' && silentWeak.has(key) ? null : status
}

const levels = new Set(['severity', 'level', 'alertlevel', 'currentlevel', 'severitylevel'])

/** Of these a neutral word tells nothing. */
const silentWeak = new Set(['alerttype', 'triggertype', 'result', 'reason', 'type', 'action'])

/** Whether what has begun is an incident, and no run. */
function isIncident(leaves: readonly Leaf[]): boolean {
  const type = findLeaf(leaves, objects)?.text ?? ''
  return /incident|alert|outage|issue/i.test(type) || leaves.some(({ parent }) => parent === 'incident')
}
const objects = ranked('type objecttype eventtype')

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
function isRemark(leaves: readonly Leaf[]): boolean {
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
function isMild(said: Said | null): boolean {
  return (
    said === null ||
    said.status !== 'firing' ||
    /^(?:[\w ]+[._])?(?:open|opened|new|created|active|triggered|started|activated)$/i.test(said.leaf.text)
  )
}

/** What asks others to look at a change; its title is what the change is about: `Fix failed load`. */
function isRequest(leaves: readonly Leaf[]): boolean {
  return happened(leaves, /^(?:pull|merge)[._ -]request(?:[._ -]\w{1,20})?$/i)
}

/** Work that people do: a deployment, a push, a request to merge. */
function isWork(leaves: readonly Leaf[], title: string): boolean {
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
function isQuietLog(leaves: readonly Leaf[]): boolean {
  const outer = (name: string) => leaves.find(({ key, parents }) => parents.length === 0 && key === name)
  return outer('logname') !== undefined && /^(?:DEFAULT|DEBUG|INFO|NOTICE)$/.test(outer('severity')?.text ?? 'DEFAULT')
}

/**
 * `{event: created, model: site}`: an inventory, or a monitor's own settings, were changed by somebody;
 * `{kind: pod, reason: created}`: an object of Kubernetes was.
 */
function isRecordChange(leaves: readonly Leaf[]): boolean {
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
