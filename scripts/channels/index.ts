import type { Channel } from './channel.ts'
import { email } from './email.ts'
import { jira } from './jira.ts'
import { pagerduty } from './pagerduty.ts'
import { slack } from './slack.ts'
import { ticket } from './ticket.ts'
import { webhook } from './webhook.ts'

/** Every way to reach people. One that is not configured is left out without a word; the ticket always is. */
export const channels: readonly Channel[] = [email, jira, pagerduty, slack, ticket, webhook]

/** The channel of that name, or undefined. */
export function findChannel(name: string): Channel | undefined {
  return channels.find((channel) => channel.name === name)
}
