import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Alert } from '../domain/alert.ts'
import { reasonOf } from '../domain/quiet.ts'
import { QuietFile, type QuietRules, quietRules } from '../domain/quiet-rules.ts'
import { type ActiveSilence, activeSilences, MaintenanceWindow, silencedBy, silenceOf } from '../domain/silence.ts'
import type { Settings } from '../lib/config.ts'
import { loadCron } from '../lib/cron.ts'
import { toAppError } from '../lib/errors.ts'
import type { Store } from '../store/connection.ts'
import { loadMark, saveMark } from '../store/marks.ts'
import { asSilence, listSilences } from '../store/silences.ts'

/** What is in force now: the rules of policy.yaml, and every silence that is on. */
export interface InForce {
  rules: QuietRules
  active: ActiveSilence[]
  /** What can't be read of the configuration; then what was last read well counts. */
  fault: string | null
}

/** What the files said when they were last read, kept so that a task need not parse them. */
const Kept = z.object({
  stamp: z.string(),
  policy: QuietFile,
  windows: z.array(MaintenanceWindow),
})
type Kept = z.infer<typeof Kept>

const markName = 'quiet rules'

/**
 * Reads what is in force. The files are only parsed when they have changed. A fault in them keeps no alert from being
 * taken in. @throws AppError E_STORE_…
 */
export async function quietInForce(store: Store, settings: Settings, now = new Date()): Promise<InForce> {
  const { kept, silences } = await store.transaction(async (query) => ({
    kept: Kept.safeParse((await loadMark(query, markName))?.detail).data,
    silences: await listSilences(query),
  }))
  const { read, fault } = await readRules(store, settings, kept)
  const all = [...read.windows.map(silenceOf), ...silences.map(asSilence)]
  // What reads cron expressions costs a task's start something, and few have any.
  const lastStart = all.some(({ recurring }) => recurring) ? await loadCron() : () => null
  return { rules: quietRules(read.policy), active: activeSilences(all, now, lastStart), fault }
}

/** The silence that covers what an incident's latest firing speaks of, as a mark for it; null when none does. */
export async function silencing(store: Store, alerts: readonly Alert[], settings: Settings) {
  const latest = alerts.findLast(({ status }) => status === 'firing')
  if (!latest) return null
  const { active } = await quietInForce(store, settings)
  const silence = silencedBy(latest, active)
  return silence && ({ kind: 'silence', reason: reasonOf(silence), until: silence.until } as const)
}

async function readRules(
  store: Store,
  { DIM_CONFIG_DIR: folder }: Settings,
  kept: Kept | undefined,
): Promise<{ read: Omit<Kept, 'stamp'>; fault: string | null }> {
  const nothing = { policy: {}, windows: [] }
  if (!folder) return { read: nothing, fault: null }
  const files = { policy: join(folder, 'policy.yaml'), catalog: join(folder, 'catalog.yaml') }
  const stamps = [await stampOf(files.policy), await stampOf(files.catalog)]
  const stamp = stamps.join(' ')
  if (kept?.stamp === stamp) return { read: kept, fault: null }
  try {
    // What reads the files is loaded when they have changed.
    const { readQuietFiles } = await import('./quiet-files.ts')
    const said = await readQuietFiles({
      policy: stamps[0] ? files.policy : null,
      catalog: stamps[1] ? files.catalog : null,
    })
    const read = Kept.parse({ stamp, ...said })
    await saveMark(store, markName, new Date(), read)
    return { read, fault: null }
  } catch (thrown) {
    const { code, message } = toAppError(thrown)
    if (code.startsWith('E_STORE')) throw thrown
    return { read: kept ?? nothing, fault: `${code}: ${message}` }
  }
}

/** Changes with the file; empty when there is none. */
async function stampOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => null)
  return found ? `${path}:${found.mtimeMs}:${found.size}:${found.ino}` : ''
}
