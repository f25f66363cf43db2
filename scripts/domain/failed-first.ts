import { z } from 'zod'

/** A DAG's run that failed before the DAG that it feeds was in trouble. */
export const FailedFirst = z.object({
  dag_id: z.string(),
  run_id: z.string(),
  failed_at: z.string(),
  /** The DAG that is fed, and by which assets. */
  feeds: z.string(),
  by: z.array(z.string()),
  /** When that one failed in turn; null while it has not. */
  before: z.string().nullable(),
})
export type FailedFirst = z.infer<typeof FailedFirst>

const namedAssets = 3

/** `Ingest failed at 02:10 UTC, before Load at 02:31 UTC, and feeds it by raw.orders`. */
export function spellFailedFirst({ dag_id, failed_at, feeds, by, before }: FailedFirst): string {
  const assets = by.slice(0, namedAssets).join(', ')
  const failed = `${dag_id} failed at ${spellTime(failed_at, before)}`
  if (before === null) return `${failed} and feeds ${feeds} by ${assets}`
  return `${failed}, before ${feeds} at ${spellTime(before, failed_at)}, and feeds it by ${assets}`
}

/** The time of day, and the day too where the other time is of another. */
function spellTime(text: string, other: string | null): string {
  const [at, beside] = [text, other].map((one) => (one === null ? null : new Date(one)))
  if (!at || Number.isNaN(at.getTime())) return text
  const [day, time = ''] = at.toISOString().split('T')
  const isSameDay = beside && !Number.isNaN(beside.getTime()) && beside.toISOString().startsWith(`${day}T`)
  return `${isSameDay ? '' : `${day} `}${time.slice(0, 5)} UTC`
}
