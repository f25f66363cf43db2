import type { Settings } from '../lib/config.ts'
import { kestraApi } from '../lib/kestra-api.ts'
import { knownExecutions } from '../store/books.ts'
import type { Store } from '../store/connection.ts'
import { loadMark, saveMark } from '../store/marks.ts'
import { handedOver, takeBacklog } from './backlog.ts'
import { takeOrKeep } from './dead-letter.ts'
import { taughtMonitorsOr } from './taught-monitors.ts'

/** How far back the clock looks for executions that failed; further back, `npm run audit` does. */
const lookBackMs = 48 * 3_600_000
/** An execution fails some time after it was started, and is found by its start: retries included, well within this. */
const overlapMs = 2 * 3_600_000
const markName = 'executions'
const pageSize = 10
const flow = 'alert_ingestion'
/** An execution that waits longer than a storm takes waits for a place in Kestra's queue that may never come free. */
const stuckAfterMs = 300_000
const stuckLimit = 1_000

/**
 * Takes in again what Kestra accepted and `alert_ingestion` could not: executions of which the store knows nothing and
 * which failed, or wait for too long. Answers how many bodies were taken in. @throws AppError E_STORE_…, E_HTTP_… when Kestra does not answer
 */
export async function reconcile(
  store: Store,
  {
    settings,
    namespace,
    log,
    stop,
  }: {
    settings: Settings
    namespace: string
    log(level: 'warn', text: string): void
    stop(): boolean
  },
): Promise<number> {
  const api = kestraApi(settings)
  const taught = await taughtMonitorsOr(settings.DIM_CONFIG_DIR, (text) => log('warn', text))
  const begun = new Date()
  const mark = await loadMark(store, markName)
  const since = new Date(Math.max((mark?.at.getTime() ?? 0) - overlapMs, begun.getTime() - lookBackMs))
  let taken = 0
  for (let page = 1; !stop(); page += 1) {
    const { results, total } = await api.executions({
      namespace,
      flow,
      states: ['FAILED', 'KILLED', 'CANCELLED', 'WARNING'],
      since,
      page,
      size: pageSize,
    })
    const bodies = results.map(handedOver)
    const known = await knownExecutions(
      store,
      bodies.map(({ originalId }) => originalId),
    )
    for (const body of bodies) {
      if (known.has(body.originalId)) continue
      if ((await takeOrKeep(store, flow, body, taught, settings)) === 'dead_letter') {
        log('warn', `The body of execution ${body.executionId} can't be taken in; it is a dead letter.`)
      }
      taken += 1
    }
    if (page * pageSize >= total) {
      await saveMark(store, markName, begun)
      break
    }
  }
  const before = new Date(begun.getTime() - stuckAfterMs)
  const stuck = await takeBacklog(store, { settings, namespace, taught, before, limit: stuckLimit, stop })
  if (stuck.count > 0)
    log('warn', `${stuck.count} executions of ${flow} wait since long; the store has their bodies now.`)
  return taken + stuck.count
}
