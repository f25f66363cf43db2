import { z } from 'zod'
import { Category } from './alert.ts'
import { oneLine } from './text.ts'

/** A value that is given as it stands, or what is known of the trouble. */
const FlowInput = z.union([
  z.string().max(1000),
  z.number(),
  z.boolean(),
  z.strictObject({ from: z.enum(['asset', 'environment', 'category', 'incident_began']) }),
])

/** A Kestra flow of the team's own, as `config/policy.yaml` names it for a fix. */
export const FlowFix = z.strictObject({
  /** What entries of `allow` and people call it. */
  name: z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be lower case letters, digits, _ and -, at most 63'),
  /** `namespace.flow` in Kestra. */
  flow: z
    .string()
    .max(250)
    .regex(/^[a-z0-9][a-z0-9._-]*\.[a-zA-Z0-9][a-zA-Z0-9_-]*$/, 'must read namespace.flow, such as company.team.reload')
    .refine((flow) => !flow.startsWith('incident_management.'), 'is one of the product’s own flows'),
  /** What it does, in one sentence that people and the model read. */
  what: z.string().trim().min(1).max(300),
  /** For which assets, by the name that their own system spells, `*` as wildcard. */
  assets: z.array(z.string().min(1).max(300)).min(1).max(100),
  /** What is wrong with them when it helps. */
  mends: z.array(Category).min(1),
  inputs: z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_-]{0,99}$/), FlowInput).optional(),
})
export type FlowFix = z.infer<typeof FlowFix>

/** What a fix by a flow is for: `reload_orders(shop.public.orders)`. */
export function flowTarget(name: string, asset: string): string {
  return `${name}(${oneLine(asset, 400)})`
}

/** The flow's name of such a target; the target itself where it is none. */
export function flowNameIn(target: string): string {
  return partsOf(target)?.[1] ?? target
}

/** The asset in such a target; the target itself where it is none. */
export function flowAssetIn(target: string): string {
  return partsOf(target)?.[2] ?? target
}

function partsOf(target: string): RegExpExecArray | null {
  return /^([a-z][a-z0-9_-]{0,62})\((.+)\)$/.exec(target)
}
