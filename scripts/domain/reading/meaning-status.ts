import type { AlertStatus } from '../alert.ts'
import type { Leaf } from './leaves.ts'
import { readOutcome } from './meaning-outcome.ts'
import {
  isGrave,
  isIncident,
  isMild,
  isPlainLog,
  isQuietLog,
  isRecordChange,
  isRemark,
  isRequest,
  isRoutine,
  isTestFlag,
  isWork,
} from './meaning-routine.ts'
import { ofTrouble, readSaid } from './meaning-said.ts'
import { readTitleStatus } from './status.ts'
import { isAnnouncement } from './title-status.ts'

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

/** `error: 137` beside the state; one further in may be of what is over. */
function isOuterCode({ parents, text }: Leaf): boolean {
  return parents.length === 0 && /^[1-9]\d*$/.test(text)
}

/** What says of a run that it failed: `success: false`, `exit_code: 3`; a count of failures does as well. */
const failedRun = /^(?:is)?(?:success|succeeded|successful|ok|passed|rc|retcode|returncode|exitcode|exitstatus)$/
