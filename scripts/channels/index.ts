import type { Channel } from './channel.ts'
import { slack } from './slack.ts'
import { ticket } from './ticket.ts'

/** Every way to reach people. One that is not configured is left out without a word; the ticket always is. */
export const channels: readonly Channel[] = [slack, ticket]

/** The channel of that name, or undefined. */
export function findChannel(name: string): Channel | undefined {
  return channels.find((channel) => channel.name === name)
}
