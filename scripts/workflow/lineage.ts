import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Catalog } from '../domain/catalog.ts'
import { catalogLineage } from '../domain/lineage.ts'
import type { Settings } from '../lib/config.ts'
import { readYamlFile } from '../lib/yaml-file.ts'
import type { Store } from '../store/connection.ts'
import { lineageVersion, replaceLineage } from '../store/lineage.ts'

/** Changes when the same catalogue is to be read as other edges. */
const reading = '1'

/**
 * Keeps the lineage that `catalog.yaml` tells in the store, where folding finds it. A file that has not changed since
 * is not parsed. Whether it had changed. @throws AppError E_CONFIG_INVALID; what was kept before stays.
 */
export async function keepCatalogLineage(store: Store, { DIM_CONFIG_DIR: folder }: Settings): Promise<boolean> {
  if (!folder) return false
  const path = join(folder, 'catalog.yaml')
  const contents = await readFile(path).catch(() => null)
  if (!contents) return false
  const version = `${reading}:${createHash('sha256').update(contents).digest('hex')}`
  if ((await lineageVersion(store, 'catalog')) === version) return false
  return replaceLineage(store, 'catalog', version, catalogLineage(await readYamlFile(path, Catalog)))
}
