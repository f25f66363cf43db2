import { join } from 'node:path'
import { type Policy, PolicyFile, policyFor } from '../domain/policy.ts'
import type { Settings } from '../lib/config.ts'
import { readYamlFile } from '../lib/yaml-file.ts'

/** The policy in force for a source, from `policy.yaml`. @throws AppError E_CONFIG_INVALID */
export async function policyOf(source: string, settings: Settings): Promise<Policy> {
  return policyFor(await readYamlFile(join(configFolder(settings), 'policy.yaml'), PolicyFile), source)
}

/** The folder of catalog.yaml and policy.yaml: as set, or config/ beside the bundled tasks. */
export function configFolder(settings: Settings): string {
  return settings.DIM_CONFIG_DIR ?? join(import.meta.dirname, '..', '..', 'config')
}
