import { gatherEvidence } from '../connectors/gathering/gather.ts'
import { loadSystems } from '../connectors/gathering/systems.ts'
import type { Settings } from '../lib/config.ts'
import type { Looking } from '../remediation/remediation.ts'
import type { Store } from '../store/connection.ts'
import { libraryIn } from './library.ts'

/** What a fix's row is given to see what came of it. */
export function lookingAt(store: Store, settings: Settings, key: string | null, since: Date): Looking {
  return {
    key,
    since,
    async ask({ asset, category, environment }) {
      const question = { asset, category, environment, alerts: [], now: new Date() }
      // Asked anew: what others were answered a moment ago is of before the fix.
      const options = { systems: await loadSystems(settings), library: libraryIn(store) }
      return (await gatherEvidence(question, options)).evidence
    },
  }
}
