import { allowRuleFor, environmentIn } from '../domain/permission.ts'
import type { Settings } from '../lib/config.ts'
import { AppError } from '../lib/errors.ts'
import { remediationRow } from '../remediation/index.ts'
import { isDeactivated } from '../store/accounts.ts'
import { type Approval, endApproval, grantApproval, loadApproval } from '../store/approvals.ts'
import type { Store } from '../store/connection.ts'
import { loadEvidence } from '../store/evidence.ts'
import { loadIncident } from '../store/incidents.ts'
import { stoppedBy } from '../store/switches.ts'
import { loadKnown, messagesTo } from './messages.ts'
import { policyOf } from './policy.ts'
import { fixAction } from './route.ts'

/** Who approves when `auto_remediate` is started by hand: Kestra asked for the log-in and does not tell whose. */
export const kestraUser = 'kestra-ui'

/** An answer to a fix that waits. `who` is the log-in, the user of the machine, or `kestra-ui`; never from a payload. */
export interface Answer {
  incident: string
  who: string
  why?: string
}

/**
 * Approves the fix that an incident waits with; the clock starts it, or `auto_remediate` that asked. Policy is asked
 * anew: only whom it names for this target now may answer. @throws AppError E_APPROVAL_REFUSED, and nothing is changed
 */
export async function approve(store: Store, { incident: id, who }: Answer, settings: Settings): Promise<Approval> {
  const { incident } = await loadIncident(store, id)
  const asked = await answerable(store, id, who, settings)
  const stopped = await stoppedBy(store, asked.remediation.template)
  if (stopped) throw refused(stopped)
  return grantApproval(store, { incident: id, who, fix: fixAction(incident, asked.remediation) })
}

/**
 * What `auto_remediate` started by hand means: an approval where one is waited for, else nothing. The task that runs
 * twice finds it given. @throws AppError E_APPROVAL_REFUSED when policy names `kestra-ui` as no approver of it
 */
export async function approveByHand(store: Store, incident: string, settings: Settings): Promise<void> {
  const { state } = (await loadIncident(store, incident)).incident
  if (state === 'awaiting_approval') await approve(store, { incident, who: kestraUser }, settings)
}

/** Refuses it: the incident is people's, and they are told by whom. @throws AppError E_APPROVAL_REFUSED */
export async function refuse(store: Store, answer: Answer, settings: Settings): Promise<Approval> {
  const { incident, who, why } = answer
  const asked = await answerable(store, incident, who, settings)
  return end(store, asked, settings, 'refused', who, `was refused by ${who}${why ? `: ${why}` : ''}`)
}

/** Nobody is left who could approve it: it is people's now. Nothing, when it was answered meanwhile. */
export async function withdrawApproval(
  store: Store,
  { incident, who, why }: { incident: string; who: string; why: string },
  settings: Settings,
): Promise<void> {
  const asked = await loadApproval(store, incident)
  if (asked?.state !== 'asked') return
  await end(store, asked, settings, 'refused', who, `was withdrawn: ${why}`)
}

/** Nobody answered in time: it is people's now. @throws AppError E_APPROVAL_REFUSED when somebody has, or it has ended */
export async function expireApproval(store: Store, incident: string, settings: Settings): Promise<void> {
  const asked = await loadApproval(store, incident)
  if (asked?.state === 'asked') await end(store, asked, settings, 'expired', 'clock', 'was not approved in time')
}

/** The approval, when `who` may answer it. */
async function answerable(store: Store, id: string, who: string, settings: Settings): Promise<Approval> {
  const { incident } = await loadIncident(store, id)
  const asked = await loadApproval(store, id)
  if (!asked || asked.revision !== incident.revision) throw refused(`Nothing of ${id} asks for approval.`)
  const { remediation } = asked
  const environment = environmentIn(await loadEvidence(store, id, asked.revision))
  const policy = await policyOf(incident.source, settings)
  const name = remediationRow(remediation.template).policyName(remediation)
  const approvers = allowRuleFor(policy, remediation.template, name, environment)?.approvers ?? []
  if (!approvers.some((one) => one.toLowerCase() === who.trim().toLowerCase())) {
    throw refused(`Policy names ${who} as no approver of ${remediation.template} on ${remediation.target}.`)
  }
  if (await isDeactivated(store, who)) throw refused(`The account ${who} has been deactivated.`)
  return asked
}

async function end(
  store: Store,
  { incident, remediation }: Approval,
  settings: Settings,
  state: 'refused' | 'expired',
  who: string,
  what: string,
): Promise<Approval> {
  const why = `${remediation.template} on ${remediation.target} ${what}`
  const known = { ...(await loadKnown(store, incident)), tried: [why] }
  const messages = await messagesTo(settings, known, { occasion: 'escalated' })
  return endApproval(store, { incident, state, who, why, messages })
}

function refused(message: string): AppError {
  return new AppError(
    'E_APPROVAL_REFUSED',
    message,
    'Nothing was changed. config/policy.yaml names who may approve what.',
  )
}
