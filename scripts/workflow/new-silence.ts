import { MaintenanceWindow, silenceOf } from '../domain/silence.ts'
import { requireCron } from '../lib/cron.ts'
import { toAppError } from '../lib/errors.ts'
import type { NewSilence } from '../store/silences.ts'

/** A silence as somebody asks for it; instants in ISO-8601. */
export interface WantedSilence {
  why: string
  asset?: string | undefined
  source?: string | undefined
  labels?: Record<string, string> | undefined
  /** Default now. */
  from?: string | undefined
  /** A recurring one may go without. */
  until?: string | undefined
  cron?: string | undefined
  minutes?: number | undefined
  zone?: string | undefined
}

/** The silence, or what is wrong with it: each fault names the key that was given. */
export async function readSilence(
  { why, ...wanted }: WantedSilence,
  now: Date,
): Promise<{ silence: Omit<NewSilence, 'by'> } | { faults: { field: string; message: string }[] }> {
  const given = MaintenanceWindow.safeParse({ ...wanted, name: why, from: wanted.from ?? now.toISOString() })
  if (!given.success) {
    const faults = given.error.issues.map(({ path, message }) => ({
      field: path[0] === 'name' ? 'why' : path.join('.'),
      message,
    }))
    return { faults }
  }
  const { name, asset, source, labels, from, until, recurring } = silenceOf(given.data)
  if (until && until <= now) return { faults: [{ field: 'until', message: 'must lie ahead' }] }
  if (recurring) {
    try {
      await requireCron(recurring.cron, 'cron')
    } catch (thrown) {
      return { faults: [{ field: 'cron', message: toAppError(thrown).message }] }
    }
  }
  return {
    silence: {
      name,
      ...(asset && { asset }),
      ...(source && { source }),
      ...(labels && { labels }),
      from: from ?? now,
      until,
      recurring,
    },
  }
}
