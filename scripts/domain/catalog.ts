import { z } from 'zod'
import { AssetKind } from './alert.ts'
import { MaintenanceWindow } from './silence.ts'
import { isTimeZone } from './sla.ts'

const Sla = z.strictObject({
  /** How long a run or a refresh may take. */
  minutes: z.number().positive().optional(),
  /** The time of day by which it must be there, `HH:MM`, in `zone`. */
  deadline: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must read HH:MM')
    .optional(),
  /** Default UTC. */
  zone: z.string().max(64).refine(isTimeZone, 'must be an IANA time zone, such as Europe/Berlin').optional(),
})

const CatalogAsset = z.strictObject({
  name: z.string().min(1).max(512),
  kind: AssetKind,
  owner: z.string().max(200).optional(),
  /** 1 is the highest, 4 the lowest. */
  tier: z.int().min(1).max(4),
  environment: z.string().max(64).optional(),
  system: z.string().max(64).optional(),
  sla: Sla.optional(),
  /** The assets that it is made from: when one of them fails, this one does as well. */
  upstream: z.array(z.string().min(1).max(512)).max(500).optional(),
  /** Who reads it. Those that are entries of the catalogue are made from it. */
  consumers: z.array(z.string().max(300)).max(500).optional(),
  revenue_per_hour: z.number().min(0).optional(),
  runbook: z.url({ protocol: /^https?$/ }).optional(),
  channel: z.string().max(100).optional(),
  /** Load that is known and harmless: metric, its highest normal value, what it is. */
  expected: z
    .array(z.strictObject({ metric: z.string().max(200), up_to: z.number(), pattern: z.string().max(200) }))
    .max(50)
    .optional(),
})
export type CatalogAsset = z.infer<typeof CatalogAsset>

/** What a team says about its own world: `config/catalog.yaml`. */
export const Catalog = z.strictObject({
  assets: z.array(CatalogAsset).max(20_000),
  maintenance: z.array(MaintenanceWindow).max(1000).optional(),
})
export type Catalog = z.infer<typeof Catalog>
