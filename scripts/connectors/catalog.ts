import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { dagIdOf } from '../domain/alert.ts'
import { Catalog, type CatalogAsset } from '../domain/catalog.ts'
import { findCatalogAsset, maintenanceAt } from '../domain/catalog-lookup.ts'
import { catalogLineage, lineageName } from '../domain/lineage.ts'
import type { System } from '../domain/system.ts'
import { readYamlFile } from '../lib/yaml-file.ts'
import { entryEvidence, expectedEvidence, maintenanceEvidence, makerEvidence } from './catalog/evidence.ts'
import type { Connector } from './connector.ts'
import type { Library } from './gathering/library.ts'

/** What the team wrote down about its own world: `catalog.yaml` in the folder DIM_CONFIG_DIR. */
export const catalog: Connector = {
  name: 'catalog',
  kinds: {},
  settings: ['DIM_CONFIG_DIR'],
  fromSettings(settings) {
    const file = fileOf(settings)
    return file ? { kind: 'catalog', options: { file }, credentials: {} } : null
  },
  topics: ['business'],
  concerns: ({ asset }) => asset !== null,
  owns: () => false,
  // A file on this machine: nothing is gained by sharing.
  shared: () => null,

  async gather({ asset, category, environment, alerts, now }, { system, library }) {
    if (!asset) return []
    const contents = await contentsOf(system)
    const entry = findCatalogAsset(contents, asset, environment)
    const about = { catalog: contents, category, now }
    const dagId = dagIdOf(asset)
    const made = dagId === null ? [] : contents.assets.filter(({ dag }) => dag === dagId)
    const promised = await promisedBelow(contents, entry ? [asset.name, entry.name] : [asset.name], library)
    return [
      ...(entry ? [entryEvidence(entry, about), ...expectedEvidence(entry, alerts, now)] : []),
      ...makerEvidence(asset, entry?.dag && entry.dag !== dagId ? [entry.dag] : [], made, now),
      ...promised
        .filter((one) => agrees(one, environment))
        .slice(0, mostPromised)
        .map((one) => entryEvidence(one, about, asset)),
      ...maintenanceAt(contents, asset, now).map((window) => maintenanceEvidence(window, now)),
    ]
  },

  async check({ system }) {
    const { assets } = await contentsOf(system)
    return { version: `${assets.length} assets`, missingRights: [] }
  },
}

/** Of what suffers below an asset, so many promises are told, the highest tier first. */
const mostPromised = 5

/**
 * The entries with a promise that are made from an asset, however far below: by the lineage that the store keeps, and
 * by what the catalogue itself says.
 */
async function promisedBelow(contents: Catalog, names: readonly string[], library: Library): Promise<CatalogAsset[]> {
  const kept = await Promise.all(names.map((name) => library.lineage(name)))
  const own = new Set(names.map(lineageName))
  const reached = new Set([...own, ...kept.flatMap(({ down }) => [...down.keys()])])
  const edges = catalogLineage(contents)
  for (let before = 0; before < reached.size; ) {
    before = reached.size
    for (const { upstream, downstream } of edges) if (reached.has(upstream)) reached.add(downstream)
  }
  return contents.assets
    .filter(({ name, sla }) => sla && reached.has(lineageName(name)) && !own.has(lineageName(name)))
    .toSorted((a, b) => a.tier - b.tier)
}

/** Whether an entry may be of the alert's environment. */
function agrees(entry: CatalogAsset, environment: string | null): boolean {
  return !entry.environment || !environment || entry.environment.toLowerCase() === environment.toLowerCase()
}

const Options = z.object({ file: z.string() })

function contentsOf({ options }: System): Promise<Catalog> {
  return readYamlFile(Options.parse(options).file, Catalog)
}

function fileOf(settings: Readonly<Record<string, string | undefined>>): string | null {
  const file = settings.DIM_CONFIG_DIR ? join(settings.DIM_CONFIG_DIR, 'catalog.yaml') : null
  return file && existsSync(file) ? file : null
}
