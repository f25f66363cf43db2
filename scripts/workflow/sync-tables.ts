import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { watchTables as watchPostgres } from '../connectors/postgres.ts'
import { watchTables as watchSnowflake } from '../connectors/snowflake.ts'
import { isRelation } from '../domain/alert.ts'
import { Catalog, deadlineOf } from '../domain/catalog.ts'
import { isCalled, type System, type Systems } from '../domain/system.ts'
import { isSeen, type Sight, type TableName, type TableState, tableName } from '../domain/warehouse.ts'
import type { Settings } from '../lib/config.ts'
import { readYamlFile } from '../lib/yaml-file.ts'
import type { Store } from '../store/connection.ts'
import { dropTable, keepTable, keptTables } from '../store/warehouses.ts'

/** How a kind of warehouse tells how many tables are at once, in the order of their names. */
type Watch = (
  names: readonly TableName[],
  context: { system: System; signal: AbortSignal },
) => Promise<Sight<TableState>[]>

const watches: Readonly<Record<string, Watch>> = { postgres: watchPostgres, snowflake: watchSnowflake }

const limitMs = 8_000
/** Only what the business waits for is watched, and no more tables than this. */
const lowestTier = 2
const mostTables = 500

/** The instances whose tables are watched. */
export function warehousesIn(systems: Systems): System[] {
  return systems.all.filter(({ kind }) => Object.hasOwn(watches, kind))
}

/**
 * Keeps how the catalogue's tables of tier 1 and 2 are in one warehouse, so that a later look has a before. Whether
 * columns of any had changed, or one was gone: one that is only out of sight stays as it was kept. @throws AppError as the connector; what was kept stays
 */
export async function syncTables(store: Store, system: System, settings: Settings, now: Date): Promise<boolean> {
  const watched = (await tablesOf(settings)).filter(
    ({ asset }) => asset.system === undefined || isCalled(system, asset.system),
  )
  const wanted = watched.flatMap(({ asset, promised }) => {
    const name = tableName(asset.name)
    return name ? [{ name, promised }] : []
  })
  const watch = watches[system.kind]
  if (!watch || wanted.length === 0) return false
  // By its full name what is kept is found for certain, whatever else has come to be called like it.
  const kept = (await keptTables(store, system.name)).flatMap((full) => {
    const name = tableName(full)
    return name ? [{ full, name }] : []
  })
  const names = [...wanted, ...kept].map(({ name }) => name)
  const states = await watch(names, { system, signal: AbortSignal.timeout(limitMs) })
  let isChanged = false
  for (const [index, { promised }] of wanted.entries()) {
    const state = states[index]
    if (state === undefined || !isSeen(state)) continue
    isChanged = (await keepTable(store, system.name, state, { promised, now })).length > 0 || isChanged
  }
  for (const [index, { full }] of kept.entries()) {
    if (states[wanted.length + index] !== 'absent') continue
    isChanged = (await dropTable(store, system.name, full, now)) || isChanged
  }
  return isChanged
}

async function tablesOf({ DIM_CONFIG_DIR: folder }: Settings) {
  const path = folder ? join(folder, 'catalog.yaml') : ''
  if (!existsSync(path)) return []
  const catalog = await readYamlFile(path, Catalog)
  return catalog.assets
    .filter(({ kind, tier }) => isRelation(kind) && tier <= lowestTier)
    .toSorted((a, b) => a.tier - b.tier)
    .slice(0, mostTables)
    .map((asset) => ({ asset, promised: deadlineOf(catalog, asset) }))
}
