import { Catalog } from '../domain/catalog.ts'
import { PolicyFile } from '../domain/policy.ts'
import type { MaintenanceWindow } from '../domain/silence.ts'
import { requireCron } from '../lib/cron.ts'
import { readYamlFile } from '../lib/yaml-file.ts'

/**
 * What `policy.yaml` and `catalog.yaml` say about keeping quiet; nothing where there is no file.
 * @throws AppError E_CONFIG_INVALID naming each fault
 */
export async function readQuietFiles(files: {
  policy: string | null
  catalog: string | null
}): Promise<{ policy: PolicyFile; windows: MaintenanceWindow[] }> {
  const policy = files.policy ? await readYamlFile(files.policy, PolicyFile) : {}
  const { maintenance: windows = [] } = files.catalog ? await readYamlFile(files.catalog, Catalog) : {}
  for (const { name, cron } of windows) if (cron) await requireCron(cron, `maintenance "${name}"`)
  return { policy, windows }
}
