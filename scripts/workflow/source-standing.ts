import { z } from 'zod'
import type { Settings } from '../lib/config.ts'
import type { Store } from '../store/connection.ts'
import { SourceFigures, sourceFigures } from '../store/source-figures.ts'
import { listSources, previousKeyUsed, SourceHeard, WebhookKey } from '../store/sources.ts'
import { policyModes } from './policy.ts'

/** A source as people see it: when it was heard, how much it brings, and what policy makes of it. */
export const SourceStanding = SourceHeard.extend({
  ...SourceFigures.shape,
  /** Null while policy.yaml can't be read. */
  mode: z.string().nullable(),
  /** The webhook key that it last came with; null where none is known. */
  key: WebhookKey.nullable(),
})
export type SourceStanding = z.infer<typeof SourceStanding>

const nothing = { alerts_last_hour: 0, alerts_last_day: 0, ignored_last_day: 0, agreed: 0, compared: 0 }

/** Every source that was ever heard or expected, by name, and when the webhook's previous key was last used by any. */
export async function sourceStandings(
  store: Store,
  settings: Settings,
): Promise<{ items: SourceStanding[]; previous_key_used_at: Date | null }> {
  const [sources, figures, previous_key_used_at] = await store.transaction(
    async (query) => [await listSources(query), await sourceFigures(query), await previousKeyUsed(query)] as const,
  )
  const known = new Map(figures.map((one) => [one.source, one]))
  const names = sources.map(({ source }) => source)
  const modes = await policyModes(settings, names).catch(() => null)
  const items = sources.map((source) => ({
    ...nothing,
    ...known.get(source.source),
    ...source,
    mode: modes?.get(source.source) ?? null,
    key: keyOf(source),
  }))
  return { items, previous_key_used_at }
}

function keyOf({ current_key_at: current, previous_key_at: previous }: SourceHeard): WebhookKey | null {
  if (!current) return previous && 'previous'
  return previous && previous > current ? 'previous' : 'current'
}
