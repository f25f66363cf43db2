import { openArtifacts } from '../connectors/dbt/artifacts.ts'
import { readProject } from '../connectors/dbt/built.ts'
import { dbt } from '../connectors/dbt.ts'
import type { System, Systems } from '../domain/system.ts'
import type { Store } from '../store/connection.ts'
import { dbtStamp, keepDbtProject } from '../store/dbt.ts'

/** For one project: its manifest may have to come from far away. */
const limitMs = 30_000

/** The instances whose projects are kept. */
export function projectsIn(systems: Systems): System[] {
  return systems.all.filter(({ kind }) => Object.hasOwn(dbt.kinds, kind))
}

/**
 * Reads an instance's manifest, and its catalogue, where it may be another one than what is kept. Answers whether it was.
 * @throws AppError as the connector; what was kept stays
 */
export async function syncProject(store: Store, system: System): Promise<boolean> {
  const artifacts = openArtifacts(system, AbortSignal.timeout(limitMs))
  const stamp = await artifacts.stamp()
  if (stamp === (await dbtStamp(store, system.name))) return false
  const project = await readProject(artifacts)
  return project === null ? false : keepDbtProject(store, system.name, stamp, project)
}
