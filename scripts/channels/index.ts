import type { Channel } from './channel.ts'
import { slack } from './slack.ts'

/** Every way to reach people. A channel that is not configured is left out without a word. */
export const channels: readonly Channel[] = [slack]

/** The channel of that name, or undefined. */
export function findChannel(name: string): Channel | undefined {
  return channels.find((channel) => channel.name === name)
}
