import { join } from 'node:path'
import type { Settings } from '../lib/config.ts'
import { AppError } from '../lib/errors.ts'
import { readFlows } from '../lib/flow-files.ts'
import { kestraApi } from '../lib/kestra-api.ts'

/** The flows of this release. */
export const flowFolder = join(import.meta.dirname, '..', '..', 'flows')

/**
 * Validates every flow, then deploys them into a namespace; deletes none. Answers their ids.
 * @throws AppError E_CONFIG_INVALID in Kestra's words, and then nothing was deployed.
 */
export async function deployFlows(options: {
  settings: Settings
  namespace: string
  /** Validate only. */
  check?: boolean
}): Promise<string[]> {
  const api = kestraApi(options.settings)
  const flows = await readFlows(flowFolder, options.namespace)
  const faults: string[] = []
  for (const { path, source } of flows) {
    for (const fault of await api.validate(source)) faults.push(`${path}: ${fault}`)
  }
  if (faults.length > 0) {
    throw new AppError(
      'E_CONFIG_INVALID',
      `Kestra refuses what is in flows/:\n  ${faults.join('\n  ')}`,
      'Mend the flow; nothing was deployed.',
    )
  }
  if (options.check) return flows.map(({ id }) => id)
  return api.deploy(
    options.namespace,
    flows.map(({ source }) => source),
  )
}
