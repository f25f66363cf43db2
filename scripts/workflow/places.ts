import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Alert } from '../domain/alert.ts'
import { sourceKey } from '../domain/alert.ts'
import { type AssetEnvironment, environmentOf, namesOf } from '../domain/asset-environment.ts'
import { Instance, type Places, placeAlert, type SourcePlace, sourcePlaceKeys } from '../domain/instance.ts'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import type { Query, Store } from '../store/connection.ts'
import { loadMark, saveMark } from '../store/marks.ts'
import { assetEnvironments, replaceAssetEnvironments } from '../store/places.ts'

/** What the configuration said when it was last read, kept so that a task need not parse it. */
const Kept = z.object({
  stamp: z.string(),
  /** Those of the settings; only the clock is handed them all. */
  defaults: z.array(Instance),
  further: z.array(Instance),
  /** False when the files could never be read: then nobody can say that there is only one instance. */
  isWhole: z.boolean(),
  sources: z.record(z.string(), z.object(sourcePlaceKeys)),
})
type Kept = z.infer<typeof Kept>

const markName = 'places'

/**
 * Says of alerts where they belong, by what configuration says now. The files are only parsed when they have changed;
 * a fault in them keeps no alert from being taken in, and leaves what was last read well in force. @throws AppError E_STORE_…
 */
export async function placeAlerts(store: Store, alerts: readonly Alert[], settings: Settings): Promise<Alert[]> {
  if (alerts.length === 0) return []
  const open = alerts.flatMap(({ asset, environment }) => (asset && environment === null ? namesOf(asset) : []))
  const { kept, entries } = await keptPlaces(store, settings, [...new Set(open)])
  const byName = Map.groupBy(entries, ({ name }) => name)
  const places: Places = {
    instances: [...kept.defaults, ...kept.further],
    isWhole: kept.isWhole,
    source: (alert): SourcePlace => kept.sources[sourceKey(alert)] ?? {},
    environmentOf: (asset, instance) =>
      environmentOf(
        namesOf(asset).flatMap((name) => byName.get(name) ?? []),
        asset,
        instance,
      ),
  }
  return alerts.map((alert) => placeAlert(alert, places))
}

/**
 * Keeps what settings and files say of instances, sources and assets where taking alerts in finds it. `settings` are all
 * that there are: an instance that they name no more is one no more. @throws AppError E_STORE_…
 */
export async function keepPlaces(store: Store, settings: Settings): Promise<void> {
  const { kept } = await keptPlaces(store, settings)
  const { defaultInstances } = await import('./place-files.ts')
  const defaults = await defaultInstances(settings)
  if (JSON.stringify(defaults) === JSON.stringify(kept.defaults)) return
  await store.transaction((query) => keep(query, { ...kept, defaults }))
}

/** What is kept, brought up to date with the files, and what the catalogue says of assets of these names. */
async function keptPlaces(
  store: Store,
  settings: Settings,
  names: readonly string[] = [],
): Promise<{ kept: Kept; entries: AssetEnvironment[] }> {
  const read = (query: Query) => (names.length === 0 ? [] : assetEnvironments(query, names))
  const { kept, entries } = await store.transaction(async (query) => ({
    kept: Kept.safeParse((await loadMark(query, markName))?.detail).data,
    entries: await read(query),
  }))
  const stamp = await stampOf(settings.DIM_CONFIG_DIR)
  if (kept?.stamp === stamp) return { kept, entries }
  try {
    // What reads the files is loaded when they have changed.
    const { defaultInstances, readPlaceFiles } = await import('./place-files.ts')
    const { environments, ...said } = await readPlaceFiles(settings)
    const own = await defaultInstances(settings)
    const known = new Map([...(kept?.defaults ?? []), ...own].map((one) => [one.name, one]))
    const fresh = { stamp, isWhole: true, defaults: [...known.values()], ...said }
    return await store.transaction(async (query) => {
      await keep(query, fresh)
      await replaceAssetEnvironments(query, environments)
      return { kept: fresh, entries: await read(query) }
    })
  } catch (thrown) {
    if (toAppError(thrown).code.startsWith('E_STORE')) throw thrown
    return { kept: kept ?? { stamp, defaults: [], further: [], isWhole: false, sources: {} }, entries }
  }
}

function keep(query: Query, kept: Kept): Promise<void> {
  return saveMark(query, markName, new Date(), kept)
}

const files = ['systems.yaml', 'policy.yaml', 'catalog.yaml']

/** Changes with any of the files. */
async function stampOf(folder: string | undefined): Promise<string> {
  if (!folder) return ''
  const found = await Promise.all(files.map((name) => stat(join(folder, name)).catch(() => null)))
  return found.map((one) => (one ? `${one.mtimeMs}:${one.size}:${one.ino}` : '')).join(' ')
}
