import { z } from 'zod'

/** How one DAG hangs on another: what stands in `by` are the assets between them, or the tasks that tie them. */
export const DagTie = z.enum([
  /** It reads the assets that the other one makes. */
  'reads',
  /** Its task waits for the other one. */
  'waits',
  /** Its task started the other one, and waits for its end. */
  'started',
  /** The other one's task started it. */
  'started_by',
])
export type DagTie = z.infer<typeof DagTie>

/** A DAG's run that failed before the DAG that hangs on it was in trouble. */
export const FailedFirst = z.object({
  dag_id: z.string(),
  run_id: z.string(),
  failed_at: z.string(),
  /** The DAG that hangs on it, how, and by what. */
  feeds: z.string(),
  tie: DagTie.default('reads'),
  by: z.array(z.string()),
  /** When that one failed in turn; null while it has not. */
  before: z.string().nullable(),
})
export type FailedFirst = z.infer<typeof FailedFirst>

const mostNamed = 3

/** What ties the one that failed to the other, told of it with that other's name, or right after that name. */
const told: Readonly<Record<DagTie, { of: (dag: string) => string; after: string }>> = {
  reads: { of: (dag) => `and feeds ${dag} by`, after: 'and feeds it by' },
  waits: { of: (dag) => `and ${dag} waits for it in`, after: 'which waits for it in' },
  started: { of: (dag) => `and ${dag} started it and waits for it in`, after: 'which started it and waits for it in' },
  started_by: { of: (dag) => `and started ${dag} by`, after: 'which it started by' },
}

/** `Ingest failed at 02:10 UTC, before Load at 02:31 UTC, and feeds it by raw.orders`. */
export function spellFailedFirst({ dag_id, failed_at, feeds, tie, by, before }: FailedFirst): string {
  const names = by.slice(0, mostNamed).join(', ')
  const failed = `${dag_id} failed at ${spellTime(failed_at, before)}`
  const { of, after } = told[tie]
  if (before === null) return `${failed} ${of(feeds)} ${names}`
  return `${failed}, before ${feeds} at ${spellTime(before, failed_at)}, ${after} ${names}`
}

/** The time of day, and the day too where the other time is of another. */
function spellTime(text: string, other: string | null): string {
  const [at, beside] = [text, other].map((one) => (one === null ? null : new Date(one)))
  if (!at || Number.isNaN(at.getTime())) return text
  const [day, time = ''] = at.toISOString().split('T')
  const isSameDay = beside && !Number.isNaN(beside.getTime()) && beside.toISOString().startsWith(`${day}T`)
  return `${isSameDay ? '' : `${day} `}${time.slice(0, 5)} UTC`
}
