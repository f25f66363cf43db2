import { loadSystems } from '../../connectors/gathering/systems.ts'
import { type DueKind, schedule } from '../../domain/schedule.ts'
import { toAppError } from '../../lib/errors.ts'
import { tellDigest } from '../digest.ts'
import { purgeableBefore, retain, retentionOf } from '../retention.ts'
import { projectsIn, syncProject } from '../sync-projects.ts'
import { syncTables, warehousesIn } from '../sync-tables.ts'
import type { Work } from '../work.ts'

const minuteMs = 60_000
const hourMs = 3_600_000

/** What is done at its time whatever incidents there are. */
export const upkeep = {
  async digest(store, { subject }, { settings }) {
    await tellDigest(store, subject, settings)
    return {}
  },

  /** One system that can't be read costs the others nothing; what was kept of it stays. */
  async sync(store, { subject }, { settings, log }) {
    const systems = await loadSystems(settings)
    const isWarehouses = subject === 'warehouses'
    const what = isWarehouses ? 'its tables' : 'its project'
    for (const system of isWarehouses ? warehousesIn(systems) : projectsIn(systems)) {
      try {
        const seen = await (isWarehouses ? syncTables(store, system, settings, new Date()) : syncProject(store, system))
        if (seen) log('info', `${system.name}: ${what} changed; that was kept.`)
      } catch (thrown) {
        const { code, message, hint } = toAppError(thrown)
        if (code === 'E_STORE_UNAVAILABLE') throw thrown
        log('warn', `${system.name}: ${what} can't be read: ${code}: ${message} ${hint}`)
      }
    }
    return { againInMs: schedule.syncMs }
  },

  async purge(store, _due, { settings }) {
    const { executions } = await retentionOf(settings)
    try {
      return { purgeBefore: await purgeableBefore(store, settings, executions, new Date()), againInMs: hourMs }
    } catch (thrown) {
      // A Kestra that does not answer was told of in this turn already, by whoever takes in what failed.
      if (toAppError(thrown).code.startsWith('E_HTTP_')) return { againInMs: minuteMs }
      throw thrown
    }
  },

  /** A batch at a time: what is left waits for the next turn, and nothing else waits for it. */
  async retention(store, _due, { settings, log }) {
    const { removed, more } = await retain(store, await retentionOf(settings))
    if (removed > 0) log('info', `${removed} rows were older than they are kept`)
    return { againInMs: more ? minuteMs : hourMs }
  },
} satisfies Partial<Record<DueKind, Work>>
