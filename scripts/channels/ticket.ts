import type { Channel } from './channel.ts'
import { needless } from './shared/outcome.ts'

/** The store's own ticket, one an incident: for what no other channel brings to people. */
export const ticket: Channel = {
  name: 'ticket',
  settings: [],
  pace: null,
  isConfigured: () => true,
  repeats: () => 'again',
  async send(message, { openTicket }) {
    if (message.silent || message.occasion === 'acknowledged' || message.occasion === 'digest')
      return needless('a ticket says it already')
    return { outcome: 'sent', reference: await openTicket() }
  },
}
