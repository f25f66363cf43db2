import { z } from 'zod'
import type { Settings } from '../lib/config.ts'
import type { Store } from '../store/connection.ts'
import { SourceFigures, sourceFigures } from '../store/source-figures.ts'
import { listSources, SourceHeard } from '../store/sources.ts'
import { policyModes } from './policy.ts'

/** A source as people see it: when it was heard, how much it brings, and what policy makes of it. */
export const SourceStanding = SourceHeard.extend({
  ...SourceFigures.shape,
  /** Null while policy.yaml can't be read. */
  mode: z.string().nullable(),
})
export type SourceStanding = z.infer<typeof SourceStanding>

const nothing = { alerts_last_hour: 0, alerts_last_day: 0, ignored_last_day: 0, agreed: 0, compared: 0 }

/** Every source that was ever heard or expected, by name. */
export async function sourceStandings(store: Store, settings: Settings): Promise<SourceStanding[]> {
  const [sources, figures] = await store.transaction(
    async (query) => [await listSources(query), await sourceFigures(query)] as const,
  )
  const known = new Map(figures.map((one) => [one.source, one]))
  const names = sources.map(({ source }) => source)
  const modes = await policyModes(settings, names).catch(() => null)
  return sources.map((source) => ({
    ...nothing,
    ...known.get(source.source),
    ...source,
    mode: modes?.get(source.source) ?? null,
  }))
}
