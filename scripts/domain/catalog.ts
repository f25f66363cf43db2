import { z } from 'zod'
import { AssetKind } from './alert.ts'
import { MaintenanceWindow } from './silence.ts'
import { type Deadline, isTimeZone, weekdays } from './sla.ts'

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must read HH:MM')
const zone = z.string().max(64).refine(isTimeZone, 'must be an IANA time zone, such as Europe/Berlin')
const days = z.array(z.enum(weekdays)).min(1).max(7)
const holiday = z.string().regex(/^(\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'must read YYYY-MM-DD, or MM-DD')

/** The one calendar that need not be written down: Monday to Friday. */
const workingDays: z.infer<typeof Calendar> = { name: 'weekdays', days: ['mon', 'tue', 'wed', 'thu', 'fri'] }

/** Which days count. */
const Calendar = z.strictObject({
  name: z.string().min(1).max(64),
  /** Default all. */
  days: days.optional(),
  /** Days that do not count; `MM-DD` in every year. */
  holidays: z.array(holiday).max(1000).optional(),
})

/** What is promised of an asset. */
export const Sla = z
  .strictObject({
    /** How long a run or a refresh may take. */
    minutes: z.number().positive().optional(),
    /** The time of day by which it must be there, `HH:MM`, in `zone`. */
    deadline: time.optional(),
    /** Default UTC. */
    zone: zone.optional(),
    /** The calendar whose days count; default every day. `weekdays` is Monday to Friday. */
    calendar: z.string().max(64).optional(),
    /** Only on the last day of each month that counts. */
    month_end: z.boolean().optional(),
  })
  .refine(({ deadline, calendar, month_end }) => deadline !== undefined || !(calendar || month_end), {
    message: 'calendar and month_end need a deadline',
  })

export const CatalogAsset = z.strictObject({
  name: z.string().min(1).max(512),
  kind: AssetKind,
  owner: z.string().max(200).optional(),
  /** 1 is the highest, 4 the lowest. */
  tier: z.int().min(1).max(4),
  environment: z.string().max(64).optional(),
  /** The instance of `systems.yaml` that it lives in. */
  system: z.string().max(64).optional(),
  /** The DAG that makes it, as Airflow spells it. */
  dag: z.string().min(1).max(250).optional(),
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
export const Catalog = z
  .strictObject({
    assets: z.array(CatalogAsset).max(20_000),
    calendars: z.array(Calendar).max(100).optional(),
    maintenance: z.array(MaintenanceWindow).max(1000).optional(),
  })
  .superRefine(({ assets, calendars = [] }, context) => {
    const known = new Set([workingDays, ...calendars].map(({ name }) => name))
    for (const [index, { sla }] of assets.entries()) {
      if (sla?.calendar === undefined || known.has(sla.calendar)) continue
      const message = `there is no calendar ${sla.calendar}; there are ${[...known].join(', ')}`
      context.addIssue({ code: 'custom', path: ['assets', index, 'sla', 'calendar'], message })
    }
  })
export type Catalog = z.infer<typeof Catalog>

/** By when an entry is promised, its calendar's days included; null when no time of day is. */
export function deadlineOf(
  { calendars = [] }: Pick<Catalog, 'calendars'>,
  { sla }: Pick<CatalogAsset, 'sla'>,
): Deadline | null {
  if (sla?.deadline === undefined) return null
  const calendar = [...calendars, workingDays].find(({ name }) => name === sla.calendar)
  return {
    deadline: sla.deadline,
    zone: sla.zone ?? 'UTC',
    ...(calendar?.days ? { days: calendar.days } : {}),
    ...(calendar?.holidays ? { holidays: calendar.holidays } : {}),
    ...(sla.month_end ? { month_end: true } : {}),
  }
}
