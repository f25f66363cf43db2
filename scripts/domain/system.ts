import { z } from 'zod'

/** What an instance may be called: in evidence, in an asset's `system`, in credentials. */
export const SystemName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be lower case letters, digits, _ and -, at most 63')

/** What every instance in `config/systems.yaml` may say, whatever its kind. */
export const systemKeys = {
  name: SystemName,
  /** `production`, `staging`: an alert of another environment does not ask it. */
  environment: z.string().min(1).max(64).optional(),
  /** What monitors call it in an alert, where that is not its name. */
  aliases: z.array(z.string().min(1).max(64)).max(20).optional(),
  /** The longest that one question to it may take, in seconds. Default 5. */
  limit_seconds: z.number().positive().max(12).optional(),
}

/** One configured instance of a system, such as one of two Airflows. */
export interface System {
  /** Unique among all instances; what evidence and fixes call it. */
  readonly name: string
  /** `airflow`, `github`, `prometheus`: one of the kinds that connectors name. */
  readonly kind: string
  readonly environment: string | null
  readonly aliases: readonly string[]
  readonly limitMs: number | null
  /** What its kind needs beyond that, in the shape of the connector's schema for it. */
  readonly options: Readonly<Record<string, unknown>>
  /** Its secrets by what they are (`username`, `token`). Never part of evidence, errors or messages. */
  readonly credentials: Readonly<Record<string, string>>
}

/** All that is configured. With a `fault` the file is broken: nobody can say which instance an asset belongs to. */
export interface Systems {
  readonly all: readonly System[]
  readonly fault: { code: string; message: string; hint: string } | null
}

/** What of an instance's credentials says who asks. That stands in logs and names everywhere, and opens nothing. */
const openCredentials: ReadonlySet<string> = new Set(['username', 'client_id'])

/**
 * The values that are hidden wherever a system's answers are free text. One that is part of a word that stands there
 * anyway is not: to hide the password `airflow` would take that word out of everything that Airflow tells, and whoever
 * reads the gap next to the name would have learned it.
 * @param words what is named openly: the kind, the instance, the asset that is asked about
 */
export function secretsOf(credentials: System['credentials'], words: readonly string[]): string[] {
  const parts = Object.entries(credentials)
  const open = parts.flatMap(([what, value]) => (openCredentials.has(what) ? [value] : placesIn(value)))
  const known = [...words, ...open].map((word) => word.toLowerCase())
  return parts.flatMap(([what, value]) =>
    openCredentials.has(what) || known.some((word) => word.includes(value.toLowerCase())) ? [] : [value],
  )
}

/** What an instance is called openly. */
export function openWordsOf({ name, kind, aliases, options }: Omit<System, 'credentials'>): string[] {
  return [name, kind, ...aliases, ...Object.values(options).filter((value) => typeof value === 'string')]
}

/** Who asks, where and for what, in a credential that is an address: only its password is secret. */
function placesIn(value: string): string[] {
  const url = URL.canParse(value) ? new URL(value) : null
  return url ? [url.username, url.hostname, url.pathname] : []
}

/** What people write for short. */
const environmentNames: Readonly<Record<string, string>> = {
  prod: 'production',
  prd: 'production',
  stage: 'staging',
  stg: 'staging',
  dev: 'development',
}

/** Whether two say the same environment: `prod` and `Production` do. */
export function isSameEnvironment(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => text.trim().toLowerCase()).map((text) => environmentNames[text] ?? text)
  return a === b
}

/** Whether an instance is the one that is meant by a name. */
export function isCalled({ name, aliases }: System, called: string): boolean {
  return name === called || aliases.includes(called)
}

/**
 * The one instance of a kind that an asset or a plan means. Without a name only where exactly one is configured; null
 * when that is not certain, and then nothing is changed there.
 */
export function certainSystem(systems: Systems, kind: string, called: string | null | undefined): System | null {
  const alike = systems.all.filter((system) => system.kind === kind)
  if (called != null) return alike.find((system) => isCalled(system, called)) ?? null
  return systems.fault === null && alike.length === 1 ? (alike[0] ?? null) : null
}

/**
 * The instances of some kinds that may know about an asset. Reading the wrong one does no harm, so all of the alert's
 * environment are candidates while it is not certain which one it is.
 */
export function candidateSystems(
  systems: Systems,
  kinds: readonly string[],
  called: string | null | undefined,
  environment: string | null,
): System[] {
  const alike = systems.all.filter((system) => kinds.includes(system.kind))
  const named = called == null ? undefined : alike.find((system) => isCalled(system, called))
  if (named) return [named]
  return alike.filter(
    (system) => !system.environment || !environment || isSameEnvironment(system.environment, environment),
  )
}
