import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { MonitorMappings } from '../domain/monitor-mapping.ts'
import { toAppError } from '../lib/errors.ts'
import { loadJsonPaths } from '../lib/json-path.ts'
import { readYamlFile } from '../lib/yaml-file.ts'
import { mappedMonitor } from '../monitors/mapped.ts'
import type { Monitor } from '../monitors/monitor.ts'

/**
 * The monitors that `monitors.yaml` in the configuration folder teaches; none without such a file.
 * @throws AppError E_CONFIG_INVALID naming each fault with its line, a path that is none included.
 */
export async function readTaughtMonitors(folder: string | undefined): Promise<Monitor[]> {
  if (!folder) return []
  const file = join(folder, 'monitors.yaml')
  try {
    await access(file)
  } catch {
    return []
  }
  const paths = await loadJsonPaths()
  const { monitors } = await readYamlFile(
    file,
    MonitorMappings((path) => paths.faultOf(path)),
  )
  return monitors.map((mapping) => mappedMonitor(mapping, paths))
}

/** As `readTaughtMonitors`, for where alerts arrive: a file with a fault must not cost an alert, so it is logged. */
export async function taughtMonitorsOr(folder: string | undefined, fault: (text: string) => void): Promise<Monitor[]> {
  try {
    return await readTaughtMonitors(folder)
  } catch (thrown) {
    const { message, hint } = toAppError(thrown)
    fault(`Bodies are read without it: ${message} ${hint}`)
    return []
  }
}
