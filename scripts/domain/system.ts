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
  return alike.filter((system) => !system.environment || !environment || system.environment === environment)
}
