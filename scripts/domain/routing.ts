import { z } from 'zod'
import { Category, Severity } from './alert.ts'
import { type Destination, DestinationName, destinationOf, distinct } from './destination.ts'
import type { Owner, Owners } from './owners.ts'
import { matchesPattern } from './pattern.ts'
import { isTimeZone, isWithinHours, weekdays } from './sla.ts'

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must read HH:MM')

const Hours = z.strictObject({
  from: time,
  /** Earlier than `from`: past midnight. */
  to: time,
  /** Default UTC. */
  zone: z.string().max(64).refine(isTimeZone, 'must be an IANA time zone, such as Europe/Berlin').optional(),
  /** The days on which it begins; default every day. */
  days: z.array(z.enum(weekdays)).min(1).max(7).optional(),
})

const names = z.array(z.string().min(1).max(300)).min(1).max(200)

const When = z.strictObject({
  severity: z.array(Severity).min(1).optional(),
  category: z.array(Category).min(1).optional(),
  tier: z.array(z.int().min(1).max(4)).min(1).optional(),
  /** Names; `*` stands for any characters. */
  owner: names.optional(),
  source: names.optional(),
  asset: names.optional(),
  environment: names.optional(),
  hours: Hours.optional(),
})

/** `owner`: of what is in trouble; `sla_owner`: those whose promise suffers with it. */
const Told = z.union([z.enum(['owner', 'sla_owner']), DestinationName])
const told = z.array(Told).min(1).max(20)

const Route = z.strictObject({
  name: z.string().min(1).max(200),
  /** Everything said must hold; without it the route takes all. */
  when: When.optional(),
  tell: told,
  /** When nobody acknowledges in time, counted from when people were first told. */
  escalate: z
    .array(z.strictObject({ after_minutes: z.number().positive().max(10_080), tell: told }))
    .max(10)
    .optional(),
  /** The routes below are looked at too. */
  continue: z.boolean().optional(),
})
type Route = z.infer<typeof Route>

/** Channels that page, or keep things open, are no place for a list. */
const isForLists = (name: string) => ['slack', 'email', 'webhook'].includes(destinationOf(name).kind)

const Digest = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][\w -]{0,59}$/, 'must be a short name of letters, digits and blanks'),
  at: z.array(time).min(1).max(24),
  /** Default UTC. */
  zone: z.string().max(64).refine(isTimeZone, 'must be an IANA time zone, such as Europe/Berlin').optional(),
  /** Default every day. */
  days: z.array(z.enum(weekdays)).min(1).max(7).optional(),
  tell: z.array(DestinationName.refine(isForLists, 'a digest goes to slack, email or webhook')).min(1).max(20),
})
/** What is open and what was kept quiet, told at times of the day. */
export type Digest = z.infer<typeof Digest>

/** Who is told about what: `config/routing.yaml`. */
export const RoutingFile = z.strictObject({
  routes: z.array(Route).max(500),
  /** Where each team listens; a team that is not here is told where its catalogue entry says (`channel`). */
  owners: z.record(z.string(), z.array(DestinationName).min(1).max(20)).optional(),
  /** Told in place of a channel that is down or refuses. */
  fallback: z.array(DestinationName).max(10).optional(),
  digests: z
    .array(Digest)
    .max(20)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'each needs a name of its own')
    .optional(),
})
export type RoutingFile = z.infer<typeof RoutingFile>

/** What a route can speak of. */
export interface RoutingFacts {
  severity: Severity
  category: Category
  tier: number | null
  source: string
  asset: string | null
  environment: string | null
  owners: Owners
  now: Date
}

/** Who is told, and why. */
export interface Routed {
  destinations: Destination[]
  escalation: { afterMs: number; destinations: Destination[] }[]
  /** One sentence a route that was looked at. */
  because: string[]
}

/** Goes down the routes: the first that holds decides, and the ones below only where it says `continue`. Pure. */
export function routeTo(file: RoutingFile, facts: RoutingFacts): Routed {
  const taken: Route[] = []
  const because: string[] = []
  for (const route of file.routes) {
    const against = whyNot(route, facts)
    because.push(`${route.name}: ${against === null ? 'holds' : `no, ${against}`}`)
    if (against !== null) continue
    taken.push(route)
    if (!route.continue) break
  }
  const resolve = (list: readonly string[]) => list.flatMap((name) => named(name, file, facts.owners))
  const steps = taken.flatMap(({ escalate = [] }) => escalate)
  return {
    destinations: distinct(taken.flatMap(({ tell }) => resolve(tell))),
    escalation: steps
      .map(({ after_minutes, tell }) => ({ afterMs: after_minutes * 60_000, destinations: distinct(resolve(tell)) }))
      .sort((a, b) => a.afterMs - b.afterMs),
    because,
  }
}

/** Where a channel's part is taken over. */
export function fallbackOf(file: RoutingFile): Destination[] {
  return distinct((file.fallback ?? []).map(destinationOf))
}

/** The first thing in which a route does not hold; null when it does. */
function whyNot({ when = {} }: Route, facts: RoutingFacts): string | null {
  const owner = facts.owners.cause?.name ?? null
  const checks: [string, string | number | null, boolean][] = [
    ['severity', facts.severity, when.severity?.includes(facts.severity) ?? true],
    ['category', facts.category, when.category?.includes(facts.category) ?? true],
    ['tier', facts.tier, !when.tier || (facts.tier !== null && when.tier.includes(facts.tier))],
    ['owner', owner, holds(when.owner, owner)],
    ['source', facts.source, holds(when.source, facts.source)],
    ['asset', facts.asset, holds(when.asset, facts.asset)],
    ['environment', facts.environment, holds(when.environment, facts.environment)],
  ]
  const failed = checks.find(([, , isMet]) => !isMet)
  if (failed) return `${failed[0]} is ${failed[1] ?? 'not known'}`
  return when.hours && !isWithinHours(facts.now, when.hours) ? 'it is outside its hours' : null
}

function holds(patterns: readonly string[] | undefined, name: string | null): boolean {
  return !patterns || (name !== null && patterns.some((pattern) => matchesPattern(pattern, name)))
}

function named(name: string, file: RoutingFile, owners: Owners): Destination[] {
  if (name === 'owner') return owners.cause ? whereIs(owners.cause, file) : []
  if (name === 'sla_owner') return owners.suffering.flatMap((owner) => whereIs(owner, file))
  return [destinationOf(name)]
}

function whereIs({ name, channel }: Owner, file: RoutingFile): Destination[] {
  const listed = file.owners && Object.hasOwn(file.owners, name) ? file.owners[name] : undefined
  if (listed) return listed.map(destinationOf)
  const own = channel === null ? null : `slack:${channel}`
  return own !== null && DestinationName.safeParse(own).success ? [destinationOf(own)] : []
}
