import type { Settings } from '../lib/config.ts'
import { kestraApi } from '../lib/kestra-api.ts'
import { knownExecutions } from '../store/books.ts'
import type { Store } from '../store/connection.ts'
import { releaseDispatch } from '../store/dispatch.ts'
import { ingest } from './ingest.ts'

/** How far back the clock looks for executions that failed; further back, `npm run audit` does. */
const lookBackMs = 48 * 3_600_000
const pageSize = 10

/**
 * Takes in again what Kestra accepted and `alert_ingestion` could not: failed executions without a row in the store.
 * Answers how many bodies were taken in.
 */
export async function reconcile(
  store: Store,
  settings: Settings,
  namespace: string,
  stop: () => boolean,
): Promise<number> {
  const api = kestraApi(settings)
  let taken = 0
  for (let page = 1; !stop(); page += 1) {
    const { results, total } = await api.executions({
      namespace,
      flow: 'alert_ingestion',
      states: ['FAILED', 'KILLED', 'CANCELLED', 'WARNING'],
      since: new Date(Date.now() - lookBackMs),
      page,
      size: pageSize,
    })
    const known = await knownExecutions(
      store,
      results.map(({ id, originalId }) => originalId ?? id),
    )
    for (const found of results) {
      const originalId = found.originalId ?? found.id
      if (known.has(originalId)) continue
      const variables = found.trigger?.variables ?? {}
      const received = await ingest(store, {
        executionId: found.id,
        originalId,
        body: JSON.stringify(variables.body ?? found.inputs?.alert ?? ''),
        headers: JSON.stringify(variables.headers ?? {}),
        receivedAt: found.state.startDate ? new Date(found.state.startDate) : new Date(),
      })
      // No flow was told of them: the next claim is free to start their analysis.
      for (const incident of received.incidents) await releaseDispatch(store, incident)
      taken += 1
    }
    if (page * pageSize >= total) break
  }
  return taken
}
