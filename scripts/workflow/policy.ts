import { join } from 'node:path'
import { type Policy, PolicyFile, policyFor } from '../domain/policy.ts'
import type { Settings } from '../lib/config.ts'
import { AppError } from '../lib/errors.ts'
import { readYamlFile } from '../lib/yaml-file.ts'

/** The policy in force for a source, from `policy.yaml`. @throws AppError E_CONFIG_INVALID */
export async function policyOf(source: string, settings: Settings): Promise<Policy> {
  return policyFor(await policyFile(settings), source)
}

/** Who may release a switch. @throws AppError E_CONFIG_INVALID */
export async function adminsOf(settings: Settings): Promise<readonly string[]> {
  return (await policyFile(settings)).admins ?? []
}

function policyFile(settings: Settings): Promise<PolicyFile> {
  return readYamlFile(join(configFolder(settings), 'policy.yaml'), PolicyFile)
}

/** The mode in force for each of these sources, from `policy.yaml`. @throws AppError E_CONFIG_INVALID */
export async function policyModes(settings: Settings, sources: readonly string[]): Promise<Map<string, string>> {
  const file = await readYamlFile(join(configFolder(settings), 'policy.yaml'), PolicyFile)
  return new Map(sources.map((source) => [source, policyFor(file, source).mode]))
}

/** @throws AppError E_SETTING_MISSING when the start scripts have not set it */
function configFolder({ DIM_CONFIG_DIR: folder }: Settings): string {
  if (folder) return folder
  throw new AppError(
    'E_SETTING_MISSING',
    'DIM_CONFIG_DIR is not set: the folder of policy.yaml and catalog.yaml.',
    'npm start and compose set it; where Kestra is started otherwise, define ENV_DIM_CONFIG_DIR.',
  )
}
