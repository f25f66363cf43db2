import { z } from 'zod'
import { type Alert, type Asset, dagIdOf, isRelation } from './alert.ts'
import { fingerprint } from './fingerprint.ts'
import { plainKey } from './reading/value.ts'

/** A configured instance of a system as far as alerts tell of one. It holds no secret, and is kept in the store. */
export const Instance = z.object({
  name: z.string(),
  kind: z.string(),
  environment: z.string().nullable(),
  aliases: z.array(z.string()),
  /** Where links into it begin; null where its kind has none. */
  url: z.string().nullable(),
  /** The one database that it is configured for; null for all of them, and where its kind has none. */
  database: z.string().nullable(),
})
export type Instance = z.infer<typeof Instance>

/** What `policy.yaml` says of where the alerts of a source come from. */
export const sourcePlaceKeys = {
  /** For its alerts that name none themselves. */
  environment: z.string().min(1).max(64).optional(),
  /** The instance of `systems.yaml` that its alerts are about, where they do not tell it themselves. */
  system: z.string().min(1).max(64).optional(),
}
const SourcePlace = z.object(sourcePlaceKeys)
export type SourcePlace = z.infer<typeof SourcePlace>

/** All that configuration says of where an alert belongs. */
export interface Places {
  instances: readonly Instance[]
  /** Whether every instance is known: with a broken file nobody can say that there is only one. */
  isWhole: boolean
  /** By `sourceKey`. */
  source(alert: Alert): SourcePlace
  /** The one environment that the catalogue names for an asset; null where it names none, or several. */
  environmentOf(asset: Asset, instance: string | null): string | null
}

/** The kinds of system that an asset may live in, so that `system` names one of them. */
function kindsOf(asset: Asset): readonly string[] {
  if (dagIdOf(asset) !== null) return ['airflow']
  if (isRelation(asset.kind)) return ['postgres', 'snowflake']
  return asset.native?.connection_id === undefined ? [] : ['airbyte']
}

/**
 * Says of an alert which instance its asset lives in and of which environment it is, where its payload leaves that open,
 * and makes both part of its identity. What `read` holds is the identity by the payload alone.
 */
export function placeAlert(alert: Alert, places: Places): Alert {
  const { asset, check } = alert
  if (asset === null) return withEnvironment(alert, places.source(alert).environment)
  const said = places.source(alert)
  const { instance, isOne } = instanceOf(alert, asset, places, said)
  const named = instance?.name ?? (isOne ? undefined : (asset.system ?? undefined))
  const environment = (
    alert.environment ??
    instance?.environment ??
    said.environment ??
    places.environmentOf(asset, named ?? null)
  )?.toLowerCase()
  const { system: _, ...rest } = asset
  const placed = { ...rest, ...(named !== undefined && !isOne ? { system: named } : {}) }
  const at = { ...alert, environment: environment ?? null, ...(named === undefined ? {} : { instance: named }) }
  const read = alert.read ?? { fingerprint: alert.fingerprint, environment: alert.environment }
  // A key that is one by itself stays the identity, wherever the asset lives.
  const identity =
    check === undefined
      ? alert.fingerprint
      : fingerprint({ source: alert.source, check, asset: placed, environment: at.environment })
  return { ...at, asset: placed, fingerprint: identity, read }
}

function withEnvironment(alert: Alert, environment: string | undefined): Alert {
  return environment === undefined ? alert : { ...alert, environment: alert.environment ?? environment.toLowerCase() }
}

/**
 * The instance that is meant: by name, by a link into it, by what is configured of the source, by the environment, or
 * because there is no other. `isOne`: the asset's name alone tells it, and the identity needs no more.
 */
function instanceOf(
  alert: Alert,
  asset: Asset,
  { instances, isWhole }: Places,
  said: SourcePlace,
): { instance: Instance | null; isOne: boolean } {
  const kinds = kindsOf(asset)
  const alike = instances.filter(({ kind }) => kinds.includes(kind))
  const possible = possibleOf(alike, asset, alert.labels.platform)
  const [only] = possible
  const isSole = isWhole && possible.length === 1
  const found = (instance: Instance) => ({ instance, isOne: isSole && instance === only })
  const told = calledIn(alike, alert, asset) ?? linkedIn(alike, alert)
  if (told) return found(told)
  // It names one that is not configured: that is none of those that are.
  if (asset.system != null) return { instance: null, isOne: false }
  const bySource = said.system === undefined ? undefined : alike.find((one) => isCalled(one, said.system ?? ''))
  if (bySource) return found(bySource)
  const environment = (alert.environment ?? said.environment)?.toLowerCase() ?? null
  const fits = possible.filter((one) => !one.environment || !environment || isSame(one.environment, environment))
  const [fit] = fits
  const isNamed = fit?.environment != null && environment !== null
  return isWhole && fit && fits.length === 1 && (possible.length === 1 || isNamed)
    ? found(fit)
    : { instance: null, isOne: false }
}

/** Of instances of a kind those that may hold an asset: a table's platform and database say more than its name. */
function possibleOf(alike: readonly Instance[], asset: Asset, label: string | undefined): readonly Instance[] {
  if (!isRelation(asset.kind)) return alike
  const platform = (asset.platform ?? label)?.toLowerCase()
  const ofKind = alike.filter(({ kind }) => kind === platform)
  const among = ofKind.length > 0 ? ofKind : alike
  const database = /^([^.]+)\.[^.]+\./.exec(asset.name)?.[1]
  if (database === undefined) return among
  const own = among.filter((one) => one.database !== null && isSame(one.database, database))
  return own.length > 0 ? own : among.filter((one) => one.database === null)
}

/** Keys under which a payload names an instance. Only a name that is configured counts. */
const namingKeys = new Set([
  ...['system', 'systemname', 'instance', 'instancename', 'deployment', 'cluster', 'platform'],
  ...['airflow', 'airflowinstance', 'airflowsystem', 'airflowname', 'warehouse', 'database', 'connection'],
])

function calledIn(alike: readonly Instance[], { labels }: Alert, asset: Asset): Instance | undefined {
  const system = asset.system ?? undefined
  const own = system === undefined ? undefined : alike.find((one) => isCalled(one, system))
  if (own) return own
  for (const [key, value] of Object.entries(labels)) {
    if (!namingKeys.has(plainKey(key.slice(key.lastIndexOf('.') + 1)))) continue
    const named = alike.find((one) => isCalled(one, value))
    if (named) return named
  }
  return undefined
}

/** The instance that a link of the alert leads into: its own first, then those of its labels. */
function linkedIn(alike: readonly Instance[], { url, labels }: Alert): Instance | undefined {
  if (alike.length === 0) return undefined
  for (const link of [url, ...Object.values(labels)]) {
    if (link === null || !/^https?:\/\//i.test(link)) continue
    const found = leadsInto(alike, link)
    if (found) return found
  }
  return undefined
}

/** By the longest beginning that fits; undefined where two fit alike. */
function leadsInto(alike: readonly Instance[], link: string): Instance | undefined {
  const fits = alike
    .map((instance) => ({ instance, length: Math.max(...basesOf(instance).map((base) => fitOf(base, link))) }))
    .filter(({ length }) => length > 0)
    .toSorted((a, b) => b.length - a.length)
  return fits[0]?.length === fits[1]?.length ? undefined : fits[0]?.instance
}

/** What links into an instance begin with: its URL, and those of its aliases that are hosts or URLs. */
function basesOf({ url, aliases }: Instance): string[] {
  const hosts = aliases.filter((alias) => /[.:/]/.test(alias))
  return [...(url === null ? [] : [url]), ...hosts.map((host) => (host.includes('://') ? host : `http://${host}`))]
}

/** How much of a link a base fits, 0 when not at all: the host, its port where the base names one, whole steps of the path. */
function fitOf(base: string, link: string): number {
  if (!URL.canParse(base) || !URL.canParse(link)) return 0
  const [from, to] = [new URL(base), new URL(link)]
  if (from.hostname !== to.hostname || (from.port !== '' && from.port !== to.port)) return 0
  const path = from.pathname.replace(/\/+$/, '')
  if (path !== '' && to.pathname !== path && !to.pathname.startsWith(`${path}/`)) return 0
  return 1 + 2 * path.length + (from.host === to.host ? 1 : 0)
}

function isCalled({ name, aliases }: Instance, called: string): boolean {
  return [name, ...aliases].some((one) => isSame(one, called))
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
