import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { channels } from '../channels/index.ts'
import { type Destination, distinct } from '../domain/destination.ts'
import type { Incident } from '../domain/incident.ts'
import type { MessageParts } from '../domain/message-build.ts'
import { ownersOf, tierOf } from '../domain/owners.ts'
import { fallbackOf, type Routed, RoutingFile, routeTo } from '../domain/routing.ts'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { readYamlFile } from '../lib/yaml-file.ts'

/** Stands in DIM_CHANNELS beside `slack` when it is a bot that posts: only it can choose a channel. */
export const botMark = 'slack_bot'

/** What of an incident a route can speak of, but for the time. */
export type RoutedKnown = Pick<MessageParts, 'evidence' | 'decision'> & {
  incident: Pick<Incident, 'severity' | 'category' | 'source' | 'asset' | 'environment'>
}

/** Who is told, why, and what is wrong with the file where it could not be used. */
export interface Routing extends Routed {
  fallback: Destination[]
  /** Named by the file, and not set up. */
  leftOut: Destination[]
  /** True where no route told of anybody that can be reached. */
  isDefault: boolean
  fault: string | null
}

/** The file, or null when there is none. @throws AppError E_CONFIG_INVALID naming each fault with its line */
export async function readRouting(settings: Settings): Promise<RoutingFile | null> {
  const path = settings.DIM_CONFIG_DIR ? join(settings.DIM_CONFIG_DIR, 'routing.yaml') : null
  return path && existsSync(path) ? readYamlFile(path, RoutingFile) : null
}

/**
 * Who is told of an incident now. Nobody is ever told nothing: with no file, with one that can't be read, or where no
 * route leads anywhere, it is Slack when it is set up, else whatever is, else a ticket.
 */
export async function routingFor(settings: Settings, known: RoutedKnown, now: Date): Promise<Routing> {
  let file: RoutingFile | null = null
  let fault: string | null = null
  try {
    file = await readRouting(settings)
  } catch (thrown) {
    fault = toAppError(thrown).message
  }
  const setUp = channelsSetUp(settings)
  const routed = file ? routeTo(file, factsOf(known, now)) : { destinations: [], escalation: [], because: [] }
  const reached = (list: readonly Destination[]) => distinct(list.flatMap((one) => reachable(one, setUp)))
  const destinations = reached(routed.destinations)
  const isDefault = destinations.length === 0
  return {
    destinations: isDefault ? defaultDestinations(setUp) : destinations,
    escalation: routed.escalation.map(({ afterMs, destinations: list }) => ({
      afterMs,
      destinations: reached(list),
    })),
    because: routed.because,
    fallback: file ? reached(fallbackOf(file)) : [],
    leftOut: routed.destinations.filter((one) => reachable(one, setUp).length === 0),
    isDefault,
    fault,
  }
}

/** The channels that can be used: those that the flow says have their secrets, else those whose settings are here. */
export function channelsSetUp(settings: Settings): ReadonlySet<string> {
  if (settings.DIM_CHANNELS) return new Set(['ticket', ...settings.DIM_CHANNELS.split(/[\s,]+/).filter(Boolean)])
  const names = channels.filter((channel) => channel.isConfigured(settings)).map((channel) => channel.name)
  return new Set(settings.SLACK_BOT_TOKEN ? [...names, botMark] : names)
}

function factsOf({ incident, decision, evidence }: RoutedKnown, now: Date) {
  return {
    severity: decision?.severity ?? incident.severity,
    category: decision?.category ?? incident.category,
    tier: tierOf(evidence),
    source: incident.source,
    asset: incident.asset?.name ?? null,
    environment: incident.environment,
    owners: ownersOf(incident.asset, evidence),
    now,
  }
}

/** Itself where its channel is set up. An incoming webhook has one channel, whatever is asked. */
export function reachable(destination: Destination, setUp: ReadonlySet<string>): Destination[] {
  if (!setUp.has(destination.kind)) return []
  return destination.kind === 'slack' && !setUp.has(botMark) ? [{ kind: 'slack', target: null }] : [destination]
}

function defaultDestinations(setUp: ReadonlySet<string>): Destination[] {
  const others = [...setUp].filter((name) => name !== botMark && name !== 'ticket').sort()
  const names = setUp.has('slack') ? ['slack'] : others.length > 0 ? others : ['ticket']
  return names.map((kind) => ({ kind, target: null }))
}
