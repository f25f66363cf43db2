import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ZodType } from 'zod'
import { Catalog } from '../domain/catalog.ts'
import { PolicyFile } from '../domain/policy.ts'
import { RoutingFile } from '../domain/routing.ts'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { redact } from '../lib/redact.ts'
import { readYamlFile } from '../lib/yaml-file.ts'

/** The files that a team writes, and what each of them is to be. */
const files: readonly { name: string; what: string; schema: ZodType; optional: boolean }[] = [
  { name: 'policy.yaml', what: 'What the product may do by itself', schema: PolicyFile, optional: false },
  { name: 'catalog.yaml', what: 'Your assets, and planned maintenance', schema: Catalog, optional: true },
  { name: 'routing.yaml', what: 'Who is told about what', schema: RoutingFile, optional: true },
]

/** A configuration file as it is loaded. */
export interface ConfigurationFile {
  name: string
  what: string
  /** Without secrets; null when the file is not there. */
  text: string | null
  /** What is wrong with it, each fault with its line; null when nothing is. */
  fault: string | null
  /** The lines that the faults name, from 1. */
  faultLines: ReadonlySet<number>
}

/** The configuration as the tasks would read it now, with its faults. */
export function readConfiguration({ DIM_CONFIG_DIR: folder }: Settings): Promise<ConfigurationFile[]> {
  if (!folder) return Promise.resolve([])
  return Promise.all(
    files.map(async ({ name, what, schema, optional }) => {
      const path = join(folder, name)
      const text = await readFile(path, 'utf8').then(redact, () => null)
      const fault = text === null && optional ? null : await faultOf(path, schema)
      const lines = [...(fault ?? '').matchAll(/^ {2}line (\d+),/gm)].map(([, line]) => Number(line))
      // Where on this machine the file lies is nobody's business.
      return { name, what, text, fault: fault?.replaceAll(path, name) ?? null, faultLines: new Set(lines) }
    }),
  )
}

async function faultOf(path: string, schema: ZodType): Promise<string | null> {
  try {
    await readYamlFile(path, schema)
    return null
  } catch (thrown) {
    return toAppError(thrown).message
  }
}
