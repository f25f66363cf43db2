import { type Destination, nameOfDestination } from '../domain/destination.ts'
import type { IncidentState } from '../domain/incident.ts'
import type { Settings } from '../lib/config.ts'
import { planAction } from '../store/actions.ts'
import type { Query, Store } from '../store/connection.ts'
import { lockIncident } from '../store/incidents.ts'
import { loadKnown, messagesTo } from './messages.ts'
import { routingFor } from './routing.ts'

/** While an incident is in one of these, somebody should have taken it on. */
const waiting: ReadonlySet<IncidentState> = new Set(['open', 'analyzing', 'notified', 'escalated', 'awaiting_approval'])

/** While it may be fixed by itself, nobody is woken; should that fail, it is looked at again. */
const working: ReadonlySet<IncidentState> = new Set(['fixing', 'verifying'])

const lookAgainMs = 60_000

/**
 * Tells the next ones when nobody has acknowledged in time, as the routing says; where PagerDuty is told, that is its
 * own part. Again it changes nothing. Answers when to look again, or null when there is nothing more to do.
 */
export function escalate(store: Store, id: string, settings: Settings, now: Date): Promise<number | null> {
  return store.transaction(async (query) => {
    const incident = await lockIncident(query, id)
    if (incident.closed_at || incident.acknowledged_by !== null || !incident.told_at) return null
    if (working.has(incident.state)) return lookAgainMs
    if (!waiting.has(incident.state)) return null
    const known = await loadKnown(query, id)
    const { escalation, destinations } = await routingFor(settings, known, now)
    if ([...destinations, ...known.told].some(({ kind }) => kind === 'pagerduty')) return null
    // What was decided anew has its time anew.
    const since = Math.max(incident.told_at.getTime(), incident.decided_at?.getTime() ?? 0)
    const waitedMs = now.getTime() - since
    let nextMs: number | null = null
    for (const [index, step] of escalation.entries()) {
      if (step.afterMs > waitedMs) {
        nextMs = step.afterMs - waitedMs
        break
      }
      await tell(query, settings, id, { index, ...step })
    }
    return nextMs
  })
}

async function tell(
  query: Query,
  settings: Settings,
  id: string,
  { index, afterMs, destinations }: { index: number; afterMs: number; destinations: readonly Destination[] },
): Promise<void> {
  const known = await loadKnown(query, id)
  const first = known.told.map(nameOfDestination).join(', ')
  const note = `Nobody has acknowledged this within ${Math.round(afterMs / 60_000)} min of telling ${first}`
  const step = { occasion: 'reminder' as const, name: `escalation-${index + 1}`, only: destinations }
  for (const action of await messagesTo(settings, { ...known, note }, step)) {
    await planAction(query, id, known.incident.revision, action)
  }
}
