import { setTimeout as delay } from 'node:timers/promises'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { type KestraExecution, kestraApi } from '../lib/kestra-api.ts'
import type { Monitor } from '../monitors/monitor.ts'
import { knownExecutions } from '../store/books.ts'
import type { Store } from '../store/connection.ts'
import { type HandedOver, ingestLate } from './ingest.ts'

/** So long before the newest that was seen, one may have been accepted that is shown only now. */
const overlapMs = 5_000
const againMs = 500
/** Bodies are up to 1 MiB and stand in an execution more than once. */
const pageSize = 20
const flow = 'alert_ingestion'
/** The states in which an execution has not begun its first task. */
const waitingStates = ['CREATED', 'QUEUED']

export interface Backlog {
  /** Executions (by originalId) that wait and need no turn of their own any more: the store has their bodies. */
  taken: string[]
  /** How many bodies were taken in just now. */
  count: number
}

/**
 * Takes in the bodies of executions that wait for their turn, oldest first, at most `limit`: one process for all, where
 * a turn of their own would cost a process each. Each is keyed by its execution, so one that gets its turn meanwhile
 * changes nothing. What can't be taken in here is left to its own turn, which says why.
 * @throws AppError E_STORE_…, E_HTTP_… when Kestra does not answer
 */
export async function takeBacklog(
  store: Store,
  {
    settings,
    namespace,
    taught,
    before = new Date(Date.now() + 60_000),
    limit,
    again = false,
    stop,
  }: {
    settings: Settings
    namespace: string
    taught: readonly Monitor[]
    /** Only executions that were started before this. */
    before?: Date
    limit: number
    /** Whether to look again, until nothing more comes. */
    again?: boolean
    stop(): boolean
  },
): Promise<Backlog> {
  const api = kestraApi(settings)
  const taken = new Set<string>()
  let since = new Date(before.getTime() - 24 * 3_600_000)
  let count = 0
  for (let idle = 0; !stop() && taken.size < limit && idle < (again ? 2 : 1); ) {
    const { newest, found } = await takePass(since)
    count += found
    // Kestra shows what it accepted in the order of its acceptance, but not all of it at once.
    since = new Date(newest.getTime() - overlapMs)
    idle = found > 0 ? 0 : idle + 1
    if (again && idle === 1 && !stop()) await delay(againMs)
  }
  return { taken: [...taken], count }

  async function takePass(from: Date): Promise<{ newest: Date; found: number }> {
    let newest = from
    let found = 0
    for (let page = 1; !stop() && taken.size < limit; page += 1) {
      const query = { namespace, flow, states: waitingStates, since: from, page, size: pageSize }
      const { results } = await api.executions(query)
      const bodies = results.map(handedOver).filter(({ receivedAt }) => receivedAt <= before)
      const unseen = bodies.filter(({ originalId }) => !taken.has(originalId))
      const known = await knownExecutions(
        store,
        unseen.map(({ originalId }) => originalId),
      )
      const missing = unseen.filter(({ originalId }) => !known.has(originalId))
      const added = await takeIn(store, missing, taught, settings)
      for (const id of [...known, ...added]) taken.add(id)
      found += added.length
      newest = bodies.at(-1)?.receivedAt ?? newest
      if (bodies.length < pageSize) break
    }
    return { newest, found }
  }
}

/** All of them together, or, where one can't be, one by one. */
async function takeIn(
  store: Store,
  bodies: readonly HandedOver[],
  taught: readonly Monitor[],
  settings: Settings,
): Promise<string[]> {
  if (bodies.length === 0) return []
  try {
    await ingestLate(store, bodies, taught, settings)
    return bodies.map(({ originalId }) => originalId)
  } catch (thrown) {
    const error = toAppError(thrown)
    if (error.code !== 'E_UNEXPECTED') throw error
    if (bodies.length === 1) return []
    const taken: string[] = []
    for (const body of bodies) taken.push(...(await takeIn(store, [body], taught, settings)))
    return taken
  }
}

/** What the flow would have handed to its task. */
export function handedOver({ id, originalId, trigger, inputs, state }: KestraExecution): HandedOver {
  const variables = trigger?.variables ?? {}
  return {
    executionId: id,
    originalId: originalId ?? id,
    body: JSON.stringify(variables.body ?? inputs?.alert ?? ''),
    headers: JSON.stringify(variables.headers ?? {}),
    webhookKey: String(inputs?.webhook_key ?? ''),
    receivedAt: state.startDate ? new Date(state.startDate) : new Date(),
  }
}
