import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { channels } from '../channels/index.ts'
import { Catalog, type CatalogAsset } from '../domain/catalog.ts'
import { type Destination, destinationOf, nameOfDestination } from '../domain/destination.ts'
import type { RoutingFile } from '../domain/routing.ts'
import { isCalled, type Systems } from '../domain/system.ts'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { readYamlFile } from '../lib/yaml-file.ts'
import { readConfiguration } from './configuration.ts'
import { channelsSetUp, readRouting } from './routing.ts'
import { type Surveyed, surveySystems } from './survey.ts'

/** For all channels together. */
const channelsMs = 30_000

/** What is wrong with what a team wrote down, and what could not be looked into. */
export interface CatalogCheck {
  /** One a fault, in words that say where. */
  wrong: string[]
  /** What nobody could be asked about, and why. */
  unchecked: string[]
}

/** The catalogue of the configuration; an empty one where there is none. @throws AppError E_CONFIG_INVALID */
export async function readCatalog({ DIM_CONFIG_DIR: folder }: Settings): Promise<Catalog> {
  const path = folder ? join(folder, 'catalog.yaml') : ''
  return existsSync(path) ? readYamlFile(path, Catalog) : { assets: [] }
}

/**
 * Holds the configuration against itself and against the world: faults with their lines, owners who listen nowhere,
 * systems and DAGs that are not there, channels that are gone.
 */
export async function checkCatalog(settings: Settings, systems: Systems): Promise<CatalogCheck> {
  const files = await readConfiguration(settings)
  const faults = files.flatMap(({ fault }) => (fault === null ? [] : [fault]))
  if (systems.fault && !faults.some((fault) => fault.startsWith('systems.yaml'))) faults.push(systems.fault.message)
  if (faults.some((fault) => /^(?:catalog|routing|systems)\.yaml/.test(fault))) return { wrong: faults, unchecked: [] }
  const { assets } = await readCatalog(settings)
  const routing = await readRouting(settings)
  const [surveyed, channelsOf] = await Promise.all([
    surveySystems(systems.all),
    checkChannels(settings, destinations(assets, routing)),
  ])
  return {
    wrong: [
      ...faults,
      ...ownersNowhere(assets, routing),
      ...ownersWithout(assets, routing, surveyed),
      ...assets.flatMap((entry) => systemOf(entry, systems)),
      ...dagsGone(assets, surveyed),
      ...channelsOf.wrong,
    ],
    unchecked: [
      ...surveyed.flatMap(({ system, fault, leftOut }) => {
        if (fault) return [`${system.name}: ${fault.message} ${fault.hint}`]
        return leftOut ? [`${system.name}: ${leftOut}: whether others are there is not said`] : []
      }),
      ...channelsOf.unchecked,
    ],
  }
}

function ownersNowhere(assets: readonly CatalogAsset[], routing: RoutingFile | null): string[] {
  const listening = new Set([
    ...Object.keys(routing?.owners ?? {}),
    ...assets.flatMap(({ owner, channel }) => (owner && channel ? [owner] : [])),
  ])
  return ownersIn(assets)
    .filter((owner) => !listening.has(owner))
    .map((owner) => {
      const theirs = assets.filter((entry) => entry.owner === owner)
      return `owner ${owner} of ${listed(theirs)} listens nowhere: give an entry a channel, or name the team under owners in routing.yaml`
    })
}

/** Teams of the routing that own nothing any more, as far as anybody says. */
function ownersWithout(assets: readonly CatalogAsset[], routing: RoutingFile | null, surveyed: Surveyed[]): string[] {
  const known = new Set([
    ...ownersIn(assets),
    ...surveyed.flatMap(({ findings }) => findings.flatMap(({ says }) => says.owner ?? [])),
  ])
  // Whoever can't be asked may know them.
  if (!surveyed.every(isWhole)) return []
  return Object.keys(routing?.owners ?? {})
    .filter((owner) => !known.has(owner))
    .map((owner) => `owner ${owner} in routing.yaml owns nothing: not in catalog.yaml, and no system names it`)
}

function systemOf({ name, system }: CatalogAsset, systems: Systems): string[] {
  if (system === undefined || systems.all.some((one) => isCalled(one, system))) return []
  return [`${name} names the system ${system}, which is not configured`]
}

function isWhole({ fault, leftOut }: Surveyed): boolean {
  return fault === null && leftOut === null
}

/** A DAG that no Airflow runs; said only where all of them told of all that they have. */
function dagsGone(assets: readonly CatalogAsset[], surveyed: readonly Surveyed[]): string[] {
  const airflows = surveyed.filter(({ system }) => system.kind === 'airflow')
  if (airflows.length === 0 || !airflows.every(isWhole)) return []
  const running = new Set(
    airflows.flatMap(({ findings }) => findings.flatMap(({ asset }) => asset.native?.dag_id?.toLowerCase() ?? [])),
  )
  return assets.flatMap(({ name, kind, dag }) => {
    const named = [...(kind === 'dag' ? [name] : []), ...(dag ? [dag] : [])]
    return named
      .filter((id) => !running.has(id.toLowerCase()))
      .map(
        (id) => `${id}${id === name ? '' : `, which is to make ${name},`} is no DAG that Airflow runs: paused, or gone`,
      )
  })
}

function destinations(assets: readonly CatalogAsset[], routing: RoutingFile | null): Destination[] {
  const isName = (name: string) => name !== 'owner' && name !== 'sla_owner'
  const told = (routing?.routes ?? []).flatMap(({ tell, escalate = [] }) => [
    ...tell,
    ...escalate.flatMap((one) => one.tell),
  ])
  const names = [
    ...told.filter(isName),
    ...Object.values(routing?.owners ?? {}).flat(),
    ...(routing?.fallback ?? []),
    ...assets.flatMap(({ channel }) => (channel ? [`slack:${/^[#CG]/.test(channel) ? channel : `#${channel}`}`] : [])),
  ]
  return [...new Set(names)].map(destinationOf)
}

async function checkChannels(settings: Settings, named: readonly Destination[]): Promise<CatalogCheck> {
  const setUp = channelsSetUp(settings)
  const signal = AbortSignal.timeout(channelsMs)
  const found = await Promise.all(
    channels.map(async ({ name, gone }): Promise<CatalogCheck> => {
      const theirs = named.filter(({ kind }) => kind === name)
      if (theirs.length === 0) return { wrong: [], unchecked: [] }
      if (!setUp.has(name)) return { wrong: [], unchecked: [`${name} is named and not set up: it is left out`] }
      const targets = theirs.flatMap(({ target }) => target ?? [])
      if (targets.length === 0) return { wrong: [], unchecked: [] }
      try {
        const asked = await gone?.(targets, settings, signal)
        if (!asked) return { wrong: [], unchecked: [`${name} can't be asked whether ${targets.join(', ')} is there`] }
        return {
          wrong: asked.map(({ target, why }) => `${nameOfDestination({ kind: name, target })} ${why}`),
          unchecked: [],
        }
      } catch (thrown) {
        return { wrong: [], unchecked: [toAppError(thrown).message] }
      }
    }),
  )
  return { wrong: found.flatMap(({ wrong }) => wrong), unchecked: found.flatMap(({ unchecked }) => unchecked) }
}

function ownersIn(assets: readonly CatalogAsset[]): string[] {
  return [...new Set(assets.flatMap(({ owner }) => owner ?? []))]
}

function listed(entries: readonly CatalogAsset[]): string {
  const [first, ...rest] = entries.map(({ name }) => name)
  return rest.length === 0 ? (first ?? '') : `${first} and ${rest.length} more`
}
