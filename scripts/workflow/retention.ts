import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Retention } from '../domain/retention.ts'
import type { Settings } from '../lib/config.ts'
import { kestraApi } from '../lib/kestra-api.ts'
import { readYamlFile } from '../lib/yaml-file.ts'
import { knownExecutions } from '../store/books.ts'
import type { Store } from '../store/connection.ts'
import { clearBodies, dropEvidence, retireDeliveries, retireIncidents, retireMessages } from '../store/retention.ts'

/** Rows of a kind at once: other work of the turn is not held up. */
const batch = 200
const pageSize = 10
const dayMs = 86_400_000

/** How long what is kept; the defaults where there is no such file. @throws AppError E_CONFIG_INVALID */
export async function retentionOf({ DIM_CONFIG_DIR: folder }: Settings): Promise<Retention> {
  const file = folder ? join(folder, 'retention.yaml') : ''
  return file !== '' && existsSync(file) ? readYamlFile(file, Retention) : Retention.parse({})
}

/** One batch of each kind. Whether there may be more. */
export async function retain(store: Store, retention: Retention): Promise<{ removed: number; more: boolean }> {
  const counts = [
    await clearBodies(store, retention.raw, batch),
    await dropEvidence(store, retention.evidence, batch),
    await retireIncidents(store, retention.decisions, batch),
    await retireDeliveries(store, retention.decisions, batch),
    await retireMessages(store, retention.decisions, batch),
  ]
  return { removed: counts.reduce((sum, count) => sum + count, 0), more: counts.some((count) => count >= batch) }
}

/**
 * Until when Kestra's executions may go: their time is over, and what they accepted is in the store. The first one that
 * the store does not know holds back all that came after it. @throws AppError E_HTTP_… when Kestra does not answer
 */
export async function purgeableBefore(store: Store, settings: Settings, days: number, now: Date): Promise<Date> {
  const before = new Date(now.getTime() - days * dayMs)
  if (!settings.KESTRA_URL) return before
  const api = kestraApi(settings)
  for (let page = 1; ; page += 1) {
    const { results, total } = await api.executions({
      namespace: store.tenant,
      flow: 'alert_ingestion',
      states: ['FAILED', 'KILLED', 'CANCELLED', 'WARNING'],
      since: new Date(0),
      page,
      size: pageSize,
    })
    const old = results.filter(({ state }) => state.startDate && new Date(state.startDate) < before)
    const known = await knownExecutions(
      store,
      old.map(({ id, originalId }) => originalId ?? id),
    )
    const unknown = old.find(({ id, originalId }) => !known.has(originalId ?? id))
    if (unknown?.state.startDate) return new Date(unknown.state.startDate)
    if (old.length < results.length || page * pageSize >= total) return before
  }
}
