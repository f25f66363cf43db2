import { z } from 'zod'

const hours = z
  .number()
  .positive()
  .max(24 * 366)

/** What `policy.yaml` says of a source about keeping quiet. */
export const sourceQuietKeys = {
  /** It should be heard this often, in minutes; when it is not, that is an alert. Any alert of it counts as heard. */
  heartbeat_minutes: z
    .number()
    .min(1)
    .max(60 * 24 * 31)
    .optional(),
  /** An alert that began longer ago is logged, unless a fresh look shows that it is still true. */
  max_age_hours: hours.optional(),
}

/** What `policy.yaml` says of all sources. */
export const quietKeys = {
  max_age_hours: hours.optional(),
  /** For how long a failure waits while its system has retries left; 0: not at all. */
  hold_minutes: z.number().min(0).max(45).optional(),
  /** More new incidents than this within the window are kept and folded, and told of in one summary. */
  limits: z
    .strictObject({
      window_minutes: z.number().min(1).max(1440).optional(),
      per_source: z.int().min(1).max(100_000).optional(),
      per_tenant: z.int().min(1).max(100_000).optional(),
    })
    .optional(),
}

/** Those keys of `policy.yaml`; what else stands there is left out. */
export const QuietFile = z.object({
  ...quietKeys,
  sources: z.record(z.string(), z.object(sourceQuietKeys)).optional(),
})
export type QuietFile = z.infer<typeof QuietFile>

/** The rules in force. */
export interface QuietRules {
  maxAgeHours: number
  holdMinutes: number
  limits: { windowMinutes: number; perSource: number; perTenant: number }
  /** By `sourceKey`. */
  sources: ReadonlyMap<string, { heartbeatMinutes: number | null; maxAgeHours: number | null }>
}

/** The file's words, with what counts where it says nothing. */
export function quietRules(file: QuietFile): QuietRules {
  const { limits = {}, sources = {} } = file
  return {
    maxAgeHours: file.max_age_hours ?? 24,
    holdMinutes: file.hold_minutes ?? 15,
    limits: {
      windowMinutes: limits.window_minutes ?? 10,
      perSource: limits.per_source ?? 100,
      perTenant: limits.per_tenant ?? 300,
    },
    sources: new Map(
      Object.entries(sources).map(([name, own]) => [
        name,
        { heartbeatMinutes: own.heartbeat_minutes ?? null, maxAgeHours: own.max_age_hours ?? null },
      ]),
    ),
  }
}
