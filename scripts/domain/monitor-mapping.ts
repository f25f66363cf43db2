import { z } from 'zod'
import { AlertStatus, AssetKind, Category, Severity } from './alert.ts'

/** The fields of an alert that a path can lead to. `check` names what is checked, whatever the title says this time. */
export const mappedFields = [
  'title',
  'description',
  'status',
  'severity',
  'category',
  'environment',
  'asset',
  'check',
  'external_id',
  'started_at',
  'ended_at',
  'url',
] as const
export type MappedField = (typeof mappedFields)[number]

/** Answers what is wrong with a JSONPath, or null. */
export type PathFault = (path: string) => string | null

const Mapping = (path: z.ZodType<string>) => {
  const paths = z.union([path, z.array(path).min(1).max(10)])
  const fields = z.partialRecord(z.enum(mappedFields), paths)
  return z.strictObject({
    name: z
      .string()
      .max(50)
      .regex(/^[a-z][a-z0-9_-]*$/, 'must be lower case letters, digits, - and _'),
    /** All must hold: a path and the text it leads to, `*` for any. */
    when: z
      .record(path, z.string().max(300))
      .refine((when) => Object.keys(when).length > 0, 'must name at least one path that tells this body from others'),
    /** Leads to the alerts of a body that carries several; without it the body is one. */
    alerts: path.optional(),
    /** Paths from an alert. */
    fields,
    /** Paths from the whole body, for what its alerts have in common. */
    common: fields.optional(),
    asset_kind: AssetKind.optional(),
    severities: z.record(z.string().max(100), Severity).optional(),
    statuses: z.record(z.string().max(100), AlertStatus).optional(),
    categories: z.record(z.string().max(100), Category).optional(),
  })
}
export type MonitorMapping = z.infer<ReturnType<typeof Mapping>>

/** `config/monitors.yaml`: shapes that a team teaches without code. Each path is checked when the file is read. */
export function MonitorMappings(faultOf: PathFault) {
  const path = z
    .string()
    .max(500)
    .superRefine((text, context) => {
      const fault = faultOf(text)
      if (fault !== null) context.addIssue({ code: 'custom', message: `"${text}" is no JSONPath: ${fault}` })
    })
  return z.strictObject({
    monitors: z
      .array(Mapping(path))
      .max(200)
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'must name each monitor once'),
  })
}
