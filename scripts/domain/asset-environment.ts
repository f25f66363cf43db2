import { type Asset, type AssetKind, dagIdOf, isRelation } from './alert.ts'
import type { Catalog } from './catalog.ts'
import { lineageName } from './lineage.ts'

/** What one entry of the catalogue says of an asset's environment; '' for an instance or environment it does not name. */
export interface AssetEnvironment {
  family: string
  name: string
  system: string
  environment: string
}

/** What a catalogue says of environments. An entry without one counts: beside others it leaves open which is meant. */
export function environmentsIn({ assets }: Catalog): AssetEnvironment[] {
  return assets.map(({ kind, name, system = '', environment = '' }) => ({
    family: familyOf(kind),
    name: lineageName(name),
    system: system.toLowerCase(),
    environment: environment.toLowerCase(),
  }))
}

/** The names under which the catalogue may know an asset: its own, and for a task that of its DAG. */
export function namesOf(asset: Asset): string[] {
  const dag = asset.kind === 'task' ? dagIdOf(asset) : null
  return [asset.name, ...(dag === null ? [] : [lineageName(dag)])]
}

/** The one environment that entries name for an asset of an instance; null where they name none, or several. */
export function environmentOf(
  entries: readonly AssetEnvironment[],
  asset: Asset,
  instance: string | null,
): string | null {
  const own = (family: string, name: string | undefined) =>
    entries.filter((one) => one.family === family && one.name === name && mayBeOf(one, instance))
  const [name, dag] = namesOf(asset)
  const found = own(familyOf(asset.kind), name)
  const named = new Set((found.length > 0 ? found : own('dag', dag)).map(({ environment }) => environment))
  const [only = ''] = named
  return named.size === 1 ? only || null : null
}

function mayBeOf({ system }: AssetEnvironment, instance: string | null): boolean {
  return system === '' || instance === null || system === instance.toLowerCase()
}

function familyOf(kind: AssetKind): string {
  return isRelation(kind) ? 'table' : kind
}
