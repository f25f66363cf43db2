import { z } from 'zod'
import { type KeyPeriod, KeyState, keyState } from '../domain/webhook-keys.ts'
import type { Settings } from '../lib/config.ts'
import type { Store } from '../store/connection.ts'
import { SourceFigures, sourceFigures } from '../store/source-figures.ts'
import { listSources, previousKeyUsed, SourceHeard } from '../store/sources.ts'
import { keyPeriods } from '../store/webhook-keys.ts'
import { policyModes } from './policy.ts'

/** A source as people see it: when it was heard, how much it brings, and what policy makes of it. */
export const SourceStanding = SourceHeard.extend({
  ...SourceFigures.shape,
  /** Null while policy.yaml can't be read. */
  mode: z.string().nullable(),
  /** What the webhook key that it last came with is today; null where that is not known. */
  key: KeyState.nullable(),
  /** Since when, where the webhook's keys were changed after it last came. */
  key_since: z.date().nullable(),
})
export type SourceStanding = z.infer<typeof SourceStanding>

const nothing = { alerts_last_hour: 0, alerts_last_day: 0, ignored_last_day: 0, agreed: 0, compared: 0 }

/** Every source that was ever heard or expected, by name, and when the webhook's previous key was last used by any. */
export async function sourceStandings(
  store: Store,
  settings: Settings,
): Promise<{ items: SourceStanding[]; previous_key_used_at: Date | null }> {
  const { sources, figures, periods, previous_key_used_at } = await store.transaction(async (query) => ({
    sources: await listSources(query),
    figures: await sourceFigures(query),
    periods: await keyPeriods(query),
    previous_key_used_at: await previousKeyUsed(query),
  }))
  const known = new Map(figures.map((one) => [one.source, one]))
  const names = sources.map(({ source }) => source)
  const modes = await policyModes(settings, names).catch(() => null)
  const items = sources.map((source) => ({
    ...nothing,
    ...known.get(source.source),
    ...source,
    mode: modes?.get(source.source) ?? null,
    ...keyOf(source, periods),
  }))
  return { items, previous_key_used_at }
}

/** By the delivery that named one last. */
function keyOf(
  { current_key_at: current, previous_key_at: previous }: SourceHeard,
  periods: readonly KeyPeriod[],
): Pick<SourceStanding, 'key' | 'key_since'> {
  const isPrevious = previous !== null && (current === null || previous > current)
  const at = isPrevious ? previous : current
  const known = at && keyState(periods, { as: isPrevious ? 'previous' : 'current', at })
  return { key: known?.state ?? null, key_since: known?.since ?? null }
}
