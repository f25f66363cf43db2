import type { Failure, FailureFeed } from '../connectors/connector.ts'
import { loadSystems } from '../connectors/gathering/systems.ts'
import { failureFeeds } from '../connectors/index.ts'
import { certainSystem, type System } from '../domain/system.ts'
import { toAppError } from '../lib/errors.ts'
import type { Store } from '../store/connection.ts'
import { loadMark, saveMark } from '../store/marks.ts'
import { type Reported, reportedSince } from '../store/reported.ts'
import { takeAllOrKeep } from './dead-letter.ts'
import type { HandedOver } from './ingest.ts'
import { libraryIn } from './library.ts'
import { taughtMonitorsOr } from './taught-monitors.ts'
import type { WorkOptions } from './work.ts'

const minute = 60_000
/** A callback may still be on its way. */
const graceMs = 2 * minute
/** What ended just before the mark may have been written just after it was read. */
const overlapMs = 5 * minute
/** A system that is asked for the first time tells of the last hour, not of its whole past. */
const firstLookMs = 60 * minute
/** After an outage longer than this, what failed before is left to people. */
const longestOutageMs = 7 * 24 * 60 * minute
const mostAtOnce = 500
/** So many are taken in by one transaction. */
const togetherAtMost = 25
const askMs = 15_000

/**
 * Asks each system that can tell what failed for what nobody reported, since the mark of the last time, and takes it in
 * as its own callback: the same alert, the same incident. Answers how many were taken in.
 */
export async function takeUnreported(store: Store, options: WorkOptions & { stop(): boolean }): Promise<number> {
  const { settings, log, stop } = options
  const systems = await loadSystems(settings)
  let taken = 0
  for (const system of systems.all) {
    const feed = await failureFeeds[system.kind]?.()
    if (!feed || stop()) continue
    // What two instances may call alike is only known of one of them when the report says so.
    const isOnly = certainSystem(systems, system.kind, null) !== null
    const speaks = ({ instance }: Reported) =>
      !feed.areNamesShared || instance === system.name || (isOnly && instance === null)
    try {
      taken += await readFeed(store, { system, feed, speaks }, options)
    } catch (thrown) {
      const { code, message } = toAppError(thrown)
      if (code.startsWith('E_STORE')) throw thrown
      log('warn', `${system.name} was not asked what failed: ${code}: ${message}`)
    }
  }
  return taken
}

/** `speaks`: whether an alert may be of this system. */
async function readFeed(
  store: Store,
  { system, feed, speaks }: { system: System; feed: FailureFeed; speaks(one: Reported): boolean },
  options: WorkOptions & { stop(): boolean },
): Promise<number> {
  const now = Date.now()
  const name = `failures/${system.name}`
  const mark = await loadMark(store, name)
  const behindMs = overlapMs + (feed.lateMs ?? 0)
  const from = mark ? Math.max(mark.at.getTime() - behindMs, now - longestOutageMs) : now - firstLookMs
  const found = await feed.failuresSince(new Date(from), mostAtOnce, {
    system,
    signal: AbortSignal.timeout(askMs),
    library: libraryIn(store),
  })
  const settled = found.filter(({ at }) => at.getTime() <= now - graceMs)
  const since = new Date(from - 24 * 60 * minute)
  const reported = settled.length > 0 ? (await reportedSince(store, since, feed.monitor)).filter(speaks) : []
  const taught = settled.length > 0 ? await taughtMonitorsOr(options.settings.DIM_CONFIG_DIR, () => {}) : []
  let taken = 0
  for (let from = 0; from < settled.length; from += togetherAtMost) {
    // The mark stands before what this turn had no time for.
    if (options.stop()) return taken
    const some = settled.slice(from, from + togetherAtMost)
    const untold = some.filter((failure) => !reported.some((one) => speaksOf(one, failure)))
    const bodies = untold.map((failure) => bodyOf(system, failure, reported))
    await takeAllOrKeep(store, 'alert_ingestion', bodies, taught, options.settings)
    taken += untold.length
    const last = some.at(-1)
    if (last) await advance(store, name, last.at, mark?.at)
  }
  if (found.length < mostAtOnce) await advance(store, name, new Date(now - graceMs), mark?.at)
  return taken
}

/** What the system's own callback would have posted, from this very instance. */
function bodyOf(system: System, failure: Failure, reported: readonly Reported[]): HandedOver {
  const environment = environmentOf(system, failure, reported)
  return {
    executionId: 'reconcile',
    originalId: `reconcile/${system.name}/${failure.id}`,
    body: JSON.stringify({ ...failure.body, system: system.name, environment }),
    headers: '{}',
    receivedAt: new Date(),
  }
}

/** A mark only ever moves forward. */
async function advance(store: Store, name: string, at: Date, before: Date | undefined): Promise<void> {
  if (!before || at > before) await saveMark(store, name, at)
}

/** Whether an alert told of this very failure: of the task, or of the whole pipeline, in this run. */
function speaksOf({ pipeline, task, run, receivedAt }: Reported, { about, at }: Failure): boolean {
  if (pipeline !== about.pipeline || (task !== null && task !== about.task)) return false
  if (run !== null) return run === about.run
  return Math.abs(receivedAt.getTime() - at.getTime()) < 60 * minute
}

/** As the pipeline's own callbacks say it, else as the configuration does: it is part of the condition's identity. */
function environmentOf(system: System, { about }: Failure, reported: readonly Reported[]): string | null {
  return reported.find(({ pipeline }) => pipeline === about.pipeline)?.environment ?? system.environment
}
