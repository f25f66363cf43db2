import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { type KestraExecution, kestraApi } from '../lib/kestra-api.ts'
import type { Monitor } from '../monitors/monitor.ts'
import { knownExecutions } from '../store/books.ts'
import type { Store } from '../store/connection.ts'
import { holdMark } from '../store/marks.ts'
import { type HandedOver, ingestLate } from './ingest.ts'

/** An alert that waited so long for its turn in Kestra's queue has others behind it. */
export const backlogAfterMs = 3_000
/** Longer than one task takes to work the backlog; a task that died holds it no longer than this. */
const leaseMs = 30_000
const leaseName = 'backlog'
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
 * Whether whoever received this delivery is to take in what waits behind it: it waited long itself, and nobody else is
 * at it. One at a time, by a lease in the store.
 */
export async function isToCatchUp(store: Store, startedAt: string, now = Date.now()): Promise<boolean> {
  const waitedMs = now - Date.parse(startedAt)
  return waitedMs > backlogAfterMs && (await holdMark(store, leaseName, leaseMs))
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
    before = new Date(),
    limit,
    stop,
  }: {
    settings: Settings
    namespace: string
    taught: readonly Monitor[]
    /** Only executions that were started before this. */
    before?: Date
    limit: number
    stop(): boolean
  },
): Promise<Backlog> {
  const api = kestraApi(settings)
  const since = new Date(before.getTime() - 24 * 3_600_000)
  const backlog: Backlog = { taken: [], count: 0 }
  for (let page = 1; !stop() && (page - 1) * pageSize < limit; page += 1) {
    const { results } = await api.executions({ namespace, flow, states: waitingStates, since, page, size: pageSize })
    const bodies = results.map(handedOver).filter(({ receivedAt }) => receivedAt <= before)
    const known = await knownExecutions(
      store,
      bodies.map(({ originalId }) => originalId),
    )
    const taken = await takeIn(
      store,
      bodies.filter(({ originalId }) => !known.has(originalId)),
      taught,
      settings,
    )
    backlog.taken.push(...known, ...taken)
    backlog.count += taken.length
    if (bodies.length < pageSize) break
  }
  return backlog
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
    receivedAt: state.startDate ? new Date(state.startDate) : new Date(),
  }
}
