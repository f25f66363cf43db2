import { channels } from '../channels/index.ts'
import type { Incident } from '../domain/incident.ts'
import { buildMessage, type MessageParts } from '../domain/message-build.ts'
import type { Settings } from '../lib/config.ts'
import type { PlannedAction } from '../store/actions.ts'
import type { Access } from '../store/connection.ts'
import { loadDecision } from '../store/decisions.ts'
import { loadEvidence } from '../store/evidence.ts'
import { loadIncident } from '../store/incidents.ts'

/** What a message is made from, but for its occasion. */
export type Known = Omit<MessageParts, 'occasion' | 'incident'> & { incident: Incident }

/** All that is known about an incident at its current revision. */
export async function loadKnown(access: Access, id: string): Promise<Known> {
  const { incident, alerts } = await loadIncident(access, id)
  const evidence = await loadEvidence(access, id, incident.revision)
  const decision = await loadDecision(access, id, incident.revision)
  return { incident, alerts, evidence, decision }
}

/**
 * One message to each channel that is set up. The key names incident, revision and channel, and the message by its
 * occasion unless `name` does: planned again it is the same message.
 */
export function messagesTo(
  settings: Settings,
  known: Known,
  { occasion, name = occasion }: { occasion: MessageParts['occasion']; name?: string },
): PlannedAction[] {
  const message = buildMessage({ ...known, occasion })
  const { id, revision } = known.incident
  return configuredChannels(settings).map((kind) => ({ kind, key: `${id}:${revision}:${kind}:${name}`, message }))
}

/** The channels that are set up; the store's own ticket when there is none, so that nothing is told to nobody. */
function configuredChannels(settings: Settings): string[] {
  const names = channels.filter((channel) => channel.isConfigured(settings)).map((channel) => channel.name)
  return names.length > 0 ? names : ['ticket']
}
