import { z } from 'zod'
import type { Settings } from '../../lib/config.ts'
import { AppError } from '../../lib/errors.ts'
import type { GoneTarget } from '../channel.ts'
import { type CallSlack, connectSlack, faultOf } from './web-api.ts'

/** Of a workspace's channels, so many pages of a thousand are looked through. */
const mostPages = 5

const Channels = z.object({
  channels: z.array(z.object({ id: z.string(), name: z.string(), is_archived: z.boolean().optional() })).default([]),
  response_metadata: z.object({ next_cursor: z.string().default('') }).default({ next_cursor: '' }),
})
type SlackChannel = z.infer<typeof Channels>['channels'][number]

/** The channels that the bot may see, those with archived ones only if asked for; ends early when `isIt` is found. */
async function channelsOf(
  call: CallSlack,
  withArchived: boolean,
  isIt: (channel: SlackChannel) => boolean,
): Promise<{ found: SlackChannel[]; isWhole: boolean }> {
  const found: SlackChannel[] = []
  let cursor = ''
  for (let page = 0; page < mostPages; page += 1) {
    const answer = Channels.parse(
      await call('conversations.list', {
        types: 'public_channel,private_channel',
        exclude_archived: !withArchived,
        limit: 1000,
        ...(cursor ? { cursor } : {}),
      }),
    )
    found.push(...answer.channels)
    cursor = answer.response_metadata.next_cursor
    if (!cursor) return { found, isWhole: true }
    if (answer.channels.some(isIt)) break
  }
  return { found, isWhole: false }
}

/** Messages are read by a channel's id only; what has no such id is left as it is. */
export async function channelId(call: CallSlack, channel: string): Promise<string> {
  if (!channel.startsWith('#')) return channel
  const isIt = ({ name }: SlackChannel) => name === channel.slice(1).toLowerCase()
  const { found } = await channelsOf(call, false, isIt)
  return found.find(isIt)?.id ?? channel
}

/**
 * The channels, by `#name` or id, that are archived or that the bot can't see.
 * @throws AppError E_CHANNEL_REFUSED when Slack can't be asked
 */
export async function goneChannels(
  targets: readonly string[],
  settings: Settings,
  signal: AbortSignal,
): Promise<GoneTarget[]> {
  const call = await connectSlack(settings, signal)
  try {
    const { found, isWhole } = await channelsOf(call, true, () => false)
    return targets.flatMap((target): GoneTarget[] => {
      const own = found.find(({ id, name }) => id === target || `#${name}` === target.toLowerCase())
      if (own?.is_archived) return [{ target, why: 'is archived' }]
      return own || !isWhole ? [] : [{ target, why: 'is not there, or is private and the bot not in it' }]
    })
  } catch (thrown) {
    const fault = faultOf(thrown, call.last())
    const reason = 'reason' in fault ? fault.reason : 'it did not answer'
    throw new AppError(
      'E_CHANNEL_REFUSED',
      `Slack can't be asked for its channels: ${reason}.`,
      'Check its token and the scope channels:read.',
    )
  }
}
