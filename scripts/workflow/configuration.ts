import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ZodType } from 'zod'
import { z } from 'zod'
import { fileSchema } from '../connectors/gathering/systems.ts'
import { allConnectors } from '../connectors/index.ts'
import { Catalog } from '../domain/catalog.ts'
import { MonitorMappings } from '../domain/monitor-mapping.ts'
import { PolicyFile } from '../domain/policy.ts'
import { Retention } from '../domain/retention.ts'
import { RoutingFile } from '../domain/routing.ts'
import type { Settings } from '../lib/config.ts'
import { toAppError } from '../lib/errors.ts'
import { loadJsonPaths } from '../lib/json-path.ts'
import { redact } from '../lib/redact.ts'
import { readYamlFile } from '../lib/yaml-file.ts'

/** A file that a team writes, and what it is to be. */
interface Known {
  /** `catalog` for `catalog.yaml`. */
  name: string
  what: string
  schema: () => ZodType | Promise<ZodType>
  optional: boolean
}

const known: readonly Known[] = [
  { name: 'policy', what: 'What the product may do by itself', schema: () => PolicyFile, optional: false },
  { name: 'catalog', what: 'Your assets, and planned maintenance', schema: () => Catalog, optional: true },
  { name: 'routing', what: 'Who is told about what', schema: () => RoutingFile, optional: true },
  { name: 'systems', what: 'Further systems to ask', schema: systemsSchema, optional: true },
  { name: 'monitors', what: 'Shapes of your own monitors', schema: monitorsSchema, optional: true },
  { name: 'retention', what: 'How long what is kept', schema: () => Retention, optional: true },
]

async function systemsSchema(): Promise<ZodType> {
  return fileSchema(await allConnectors())
}

async function monitorsSchema(): Promise<ZodType> {
  const paths = await loadJsonPaths()
  return MonitorMappings((path) => paths.faultOf(path))
}

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
    known.map(async ({ name: stem, what, schema, optional }) => {
      const name = `${stem}.yaml`
      const path = join(folder, name)
      const text = await readFile(path, 'utf8').then(redact, () => null)
      const fault = text === null && optional ? null : await faultOf(path, await schema())
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

/**
 * The JSON Schema of each file, by name (`catalog`), for editors. What a schema can't say, such as that two keys need
 * each other, is checked when the file is read.
 */
export async function configurationSchemas(): Promise<Map<string, object>> {
  const all = await Promise.all(
    known.map(async ({ name, what, schema }) => {
      const made = z.toJSONSchema(await schema(), { io: 'input', unrepresentable: 'any', target: 'draft-7' })
      return [name, { title: `${name}.yaml`, description: `${what}.`, ...made }] as const
    }),
  )
  return new Map(all)
}
