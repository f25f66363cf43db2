import { z } from 'zod'
import type { Settings } from '../lib/config.ts'
import type { Store } from '../store/connection.ts'
import { listSources, SourceHeard } from '../store/sources.ts'
import { policyModes } from './policy.ts'

/** A source as people see it: when it was heard, and what policy makes of it. */
export const SourceStanding = SourceHeard.extend({
  /** Null while policy.yaml can't be read. */
  mode: z.string().nullable(),
})
export type SourceStanding = z.infer<typeof SourceStanding>

/** Every source that was ever heard or expected, by name. */
export async function sourceStandings(store: Store, settings: Settings): Promise<SourceStanding[]> {
  const sources = await listSources(store)
  const names = sources.map(({ source }) => source)
  const modes = await policyModes(settings, names).catch(() => null)
  return sources.map((source) => ({ ...source, mode: modes?.get(source.source) ?? null }))
}
