import { z } from 'zod'

const text = z.string().nullish().catch(null)
const number = z.number().nullish().catch(null)

/** `run_results.json`, v4 to v6. */
export const RunResults = z.object({
  metadata: z.object({ generated_at: z.string(), invocation_id: text }),
  args: z.object({ which: text }).nullish().catch(null),
  results: z.array(
    z.object({
      unique_id: z.string(),
      status: z.string(),
      message: text,
      failures: number,
      execution_time: number,
      compiled_code: text,
    }),
  ),
})
export type RunResults = z.infer<typeof RunResults>
export type RunResult = RunResults['results'][number]

const Period = z.object({ count: number, period: text }).nullish().catch(null)

/** `sources.json`, v3. */
export const SourceResults = z.object({
  metadata: z.object({ generated_at: z.string() }),
  results: z.array(
    z.object({
      unique_id: z.string(),
      status: z.string(),
      max_loaded_at: text,
      snapshotted_at: text,
      max_loaded_at_time_ago_in_s: number,
      error: text,
      criteria: z.object({ warn_after: Period, error_after: Period }).nullish().catch(null),
    }),
  ),
})
export type SourceResults = z.infer<typeof SourceResults>
export type SourceResult = SourceResults['results'][number]

const hoursIn: Record<string, number> = { minute: 1 / 60, hour: 1, day: 24 }

/** `{ count: 2, period: 'day' }` in hours. */
export function hoursOf(period: z.infer<typeof Period>): number | null {
  const factor = hoursIn[period?.period ?? '']
  return period?.count == null || factor === undefined ? null : period.count * factor
}

/** `dbt docs generate` overwrites the results of a build with rows that all say success. */
export function saysNothing(results: RunResults): boolean {
  return results.args?.which === 'generate'
}
