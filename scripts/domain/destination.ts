import { z } from 'zod'

/** Where people are told: a channel, and where in it. `target` null: the channel's own default. */
export interface Destination {
  kind: string
  target: string | null
}

/** What may stand behind the colon of each channel, and how to say so. */
const targets: Record<string, { shape: RegExp; says: string } | null> = {
  slack: { shape: /^(?:#[^\s#:,]{1,80}|[CG][A-Z0-9]{6,20})$/, says: 'slack:#channel or slack:C0123456789' },
  email: { shape: /^[^\s@,;<>:"]{1,64}@[^\s@,;<>:"]{1,190}$/, says: 'email:name@example.com' },
  jira: { shape: /^[A-Z][A-Z0-9_]{1,20}$/, says: 'jira:PROJECT' },
  pagerduty: null,
  webhook: null,
  ticket: null,
}

/** `slack`, `slack:#data`, `email:a@example.com`, `jira:DATA`, `pagerduty`, `webhook`, `ticket`. */
export const DestinationName = z
  .string()
  .max(300)
  .superRefine((name, context) => {
    const { kind, target } = split(name)
    const shape = Object.hasOwn(targets, kind) ? targets[kind] : undefined
    if (shape === undefined) {
      context.addIssue(`must begin with one of ${Object.keys(targets).join(', ')}`)
    } else if (target !== null && !shape?.shape.test(target)) {
      context.addIssue(shape ? `must read ${shape.says}` : `takes nothing behind ${kind}`)
    }
  })

/** The destination of a name that `DestinationName` accepts. */
export function destinationOf(name: string): Destination {
  return split(name)
}

/** The other way: `slack:#data`. */
export function nameOfDestination({ kind, target }: Destination): string {
  return target === null ? kind : `${kind}:${target}`
}

/** Each destination once, in its first place. */
export function distinct(destinations: readonly Destination[]): Destination[] {
  return [...new Map(destinations.map((one) => [nameOfDestination(one), one])).values()]
}

function split(name: string): Destination {
  const colon = name.indexOf(':')
  return colon < 0 ? { kind: name, target: null } : { kind: name.slice(0, colon), target: name.slice(colon + 1) }
}
