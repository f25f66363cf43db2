import type { Sending } from '../../scripts/channels/channel.ts'
import type { Settings } from '../../scripts/lib/config.ts'

/** What a channel is told beside the message, for a first message about an incident; override what matters. */
export function exampleSending(settings: Settings, changes: Partial<Sending> = {}): Sending {
  return {
    settings,
    key: 'inc_7f3c21:1:channel:decision',
    subject: 'incident_management/inc_7f3c21',
    target: null,
    opened: null,
    inDoubt: false,
    signal: AbortSignal.timeout(60_000),
    openTicket: async () => 'TCK-1',
    ...changes,
  }
}
