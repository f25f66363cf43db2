import { reminderMs } from '../domain/schedule.ts'
import { oneLine } from '../domain/text.ts'
import { acknowledge, withdrawAcknowledgement } from '../store/acknowledgements.ts'
import { planAction, toldWhere } from '../store/actions.ts'
import type { Store } from '../store/connection.ts'
import { loadKnown, messagesTo } from './messages.ts'

/** Channels that show who has an incident. One that only sends would add a message that nobody needs. */
const showing: ReadonlySet<string> = new Set(['slack', 'jira', 'pagerduty'])

/**
 * Somebody takes the incident on: reminders and escalation end, and the channels that show it say so. Again it changes
 * nothing. False when it is over, or is theirs already.
 * @param who The log-in, the user of the machine, or a name from PagerDuty; shown as plain text.
 * @param from The channel that it was said in: it needs no telling. @throws AppError E_INCIDENT_UNKNOWN
 */
export async function acknowledgeIncident(
  store: Store,
  incident: string,
  who: string,
  { from, why = 'acknowledged' }: { from?: string; why?: string } = {},
): Promise<boolean> {
  return store.transaction(async (query) => {
    const name = oneLine(who, 100) || 'somebody'
    if (!(await acknowledge(query, incident, name, why))) return false
    const known = await loadKnown(query, incident)
    const only = (await toldWhere(query, incident)).filter(({ kind }) => showing.has(kind) && kind !== from)
    const messages = await messagesTo({}, known, { occasion: 'acknowledged', name: `acknowledged-${Date.now()}`, only })
    for (const message of messages) await planAction(query, incident, known.incident.revision, message)
    return true
  })
}

/** Nobody has it any more: reminders and escalation go on. False when nobody had it, or it is over. */
export async function giveBackIncident(
  store: Store,
  incident: string,
  who: string,
  why = 'no longer acknowledged',
): Promise<boolean> {
  return withdrawAcknowledgement(store, incident, oneLine(who, 100) || 'somebody', {
    why,
    remindInMs: reminderMs(null),
  })
}
