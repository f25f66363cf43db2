import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { DbtProject } from '../../domain/dbt.ts'
import { AppError } from '../../lib/errors.ts'
import type { Artifacts } from './artifacts.ts'
import { readManifest } from './manifest.ts'

const Entry = z.object({ columns: z.record(z.string(), z.object({ name: z.string(), type: z.string() })) })
const Entries = z.record(z.string(), z.unknown()).nullish()

/** `catalog.json`, which `dbt docs generate` asks the warehouse for. https://schemas.getdbt.com/dbt/catalog/v1.json */
const Built = z.object({ metadata: z.object({ generated_at: z.string() }), nodes: Entries, sources: Entries })

/** The project as its manifest and its catalogue tell it; null without a manifest. @throws AppError E_HTTP_ANSWER */
export async function readProject(artifacts: Artifacts): Promise<DbtProject | null> {
  const [manifest, built] = await Promise.all([artifacts.read('manifest.json'), readCatalog(artifacts)])
  return manifest === null ? null : withBuilt(readManifest(manifest), built)
}

/** Null as well where it can not be read: without it less is known, and nothing is wrong. */
async function readCatalog(artifacts: Artifacts): Promise<unknown> {
  try {
    return await artifacts.read('catalog.json')
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code !== 'E_HTTP_TIMEOUT') return null
    throw thrown
  }
}

/** What is wrong with the catalogue, for people; null where it is well, or not there. */
export async function catalogFault(artifacts: Artifacts): Promise<string | null> {
  try {
    const document = await artifacts.read('catalog.json')
    if (document === null || Built.safeParse(document).success) return null
  } catch (thrown) {
    if (thrown instanceof AppError) return `catalog.json can not be read: ${thrown.message}`
    throw thrown
  }
  return 'catalog.json has a shape that is not known'
}

/** Adds the columns as they really are to the nodes of a project. What is no catalogue adds nothing. */
export function withBuilt(project: DbtProject, document: unknown): DbtProject {
  const parsed = Built.safeParse(document)
  if (!parsed.success) return project
  const { metadata, nodes, sources } = parsed.data
  const entries: Readonly<Record<string, unknown>> = { ...nodes, ...sources }
  const version = createHash('sha256').update(`${project.version}|${metadata.generated_at}`).digest('hex').slice(0, 32)
  return {
    ...project,
    version,
    nodes: project.nodes.map((node) => {
      const entry = Entry.safeParse(entries[node.id])
      return entry.success ? { ...node, built: { at: metadata.generated_at, columns: columnsOf(entry.data) } } : node
    }),
  }
}

function columnsOf({ columns }: z.infer<typeof Entry>): Record<string, string> {
  return Object.fromEntries(Object.values(columns).map(({ name, type }) => [name.toLowerCase(), type]))
}
