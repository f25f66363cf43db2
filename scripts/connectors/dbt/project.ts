import { AppError } from '../../lib/errors.ts'
import type { ConnectorContext } from '../connector.ts'
import { type DbtLibrary, libraryOf } from '../gathering/library.ts'
import type { Artifacts } from './artifacts.ts'
import { readProject } from './built.ts'
import type { RunResults, SourceResults } from './results.ts'

/** What is known of a project: its nodes, and how its last run and its last look at sources ended. */
export interface Project {
  book: DbtLibrary
  /** Of which job's run the artifacts are, where that is known. */
  origin: Awaited<ReturnType<Artifacts['origin']>>
  system: string
  runs: RunResults | null
  sources: SourceResults | null
}

/** The project as it was kept; read anew where it was not. @throws AppError E_HTTP_ANSWER without a manifest */
export async function bookOf({ library, system }: ConnectorContext, artifacts: Artifacts): Promise<DbtLibrary> {
  if (await library.dbt.has(system.name)) return library.dbt
  return libraryOf((await readProject(artifacts)) ?? absent())
}

/** @throws AppError E_HTTP_ANSWER: without it nothing of the project is known. */
export function absent(): never {
  throw new AppError(
    'E_HTTP_ANSWER',
    'There is no manifest.json.',
    'Run dbt there, or correct where its artifacts lie (DBT_ARTIFACTS, or config/systems.yaml).',
  )
}

/** Null when the file is missing. @throws AppError E_HTTP_ANSWER when it is another thing than its name says */
export async function readAs<T>(
  artifacts: Artifacts,
  file: 'run_results.json' | 'sources.json',
  schema: { safeParse(value: unknown): { success: boolean; data?: T } },
): Promise<T | null> {
  const document = await artifacts.read(file)
  if (document === null) return null
  const parsed = schema.safeParse(document)
  if (parsed.success && parsed.data !== undefined) return parsed.data
  throw new AppError('E_HTTP_ANSWER', `${file} has a shape that is not known.`, 'Use dbt 1.7 or newer.')
}
