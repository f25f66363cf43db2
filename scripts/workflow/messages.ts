import { type Destination, distinct } from '../domain/destination.ts'
import type { Incident } from '../domain/incident.ts'
import type { Occasion } from '../domain/message.ts'
import { buildMessage, type MessageParts } from '../domain/message-build.ts'
import { schedule } from '../domain/schedule.ts'
import type { Settings } from '../lib/config.ts'
import { type PlannedAction, toldWhere } from '../store/actions.ts'
import type { Access } from '../store/connection.ts'
import { loadDecision } from '../store/decisions.ts'
import { loadEvidence } from '../store/evidence.ts'
import { loadIncident } from '../store/incidents.ts'
import { routingFor } from './routing.ts'

/** What a message is made from, but for its occasion. */
export type Known = Omit<MessageParts, 'occasion' | 'incident'> & {
  incident: Incident
  /** Where people were told of it before. */
  told: readonly Destination[]
}

/** All that is known about an incident at its current revision. */
export async function loadKnown(access: Access, id: string): Promise<Known> {
  const { incident, alerts } = await loadIncident(access, id)
  const evidence = await loadEvidence(access, id, incident.revision)
  const decision = await loadDecision(access, id, incident.revision)
  return { incident, alerts, evidence, decision, told: await toldWhere(access, id) }
}

/**
 * Whom each occasion reaches. `routed`: those whom the routing names now. `told`: those who know of it: an end is no
 * news to others. A first message always goes where the routing says.
 */
const audiences: Record<Occasion, 'routed' | 'told' | 'both'> = {
  raw: 'routed',
  decision: 'both',
  reminder: 'both',
  escalated: 'both',
  acknowledged: 'told',
  fixed: 'told',
  resolved: 'told',
  merged: 'told',
  still_broken: 'both',
  reopened: 'both',
  digest: 'routed',
}

/**
 * One message to each place that is to be told. The key names incident, revision, channel and place, and the message by
 * its occasion unless `name` does: planned again it is the same message.
 */
export async function messagesTo(
  settings: Settings,
  known: Known,
  {
    occasion,
    name = occasion,
    only,
    what,
  }: { occasion: Occasion; name?: string; only?: readonly Destination[]; what?: string },
): Promise<PlannedAction[]> {
  const routing = await routingFor(settings, known, new Date())
  const audience = { routed: routing.destinations, told: known.told, both: [...routing.destinations, ...known.told] }
  const heard = audience[audiences[occasion]]
  const destinations = only ?? distinct(heard.length > 0 ? heard : routing.destinations)
  const fault = routing.fault ? `Told by default: ${routing.fault}` : null
  const message = buildMessage({
    ...known,
    occasion,
    note: known.note ?? fault,
    ...(what === undefined ? {} : { what }),
  })
  return destinations.map(({ kind, target }) => ({
    kind,
    target,
    key: messageKey(known.incident, { kind, target }, name),
    message,
    ...(message.dry_run ? { holdMs: schedule.dryRunMs } : {}),
  }))
}

/** `incident:revision:channel:name`, and the place where there is one. */
export function messageKey({ id, revision }: { id: string; revision: number }, where: Destination, name: string) {
  const key = `${id}:${revision}:${where.kind}:${name}`
  return where.target === null ? key : `${key}:${where.target}`
}

/** The name that `messageKey` put into a key. */
export function nameIn(key: string): string {
  return key.split(':')[3] ?? ''
}
