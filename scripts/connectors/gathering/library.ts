import { type DbtChange, type DbtNode, type DbtProject, dbtLineage, namesOf } from '../../domain/dbt.ts'
import type { Baseline, TableChange, TableName } from '../../domain/warehouse.ts'

/** Names up and down, with their distance (1: directly), nearest first. */
export interface Lineage {
  up: Map<string, number>
  down: Map<string, number>
}

/** What was read of a dbt project before, so that a question about one node does not read all of them. */
export interface DbtLibrary {
  /** Whether this instance's project is here. */
  has(system: string): Promise<boolean>
  /** The nodes that one of these names may mean, in any of the ways that `nodeNamed` compares. */
  named(system: string, names: readonly string[]): Promise<DbtNode[]>
  nodes(system: string, ids: readonly string[]): Promise<DbtNode[]>
  /** The tests that look at one of these nodes. */
  testsOf(system: string, ids: readonly string[]): Promise<DbtNode[]>
  /** Names up and down the lineage, with their distance, nearest first. */
  lineage(system: string, name: string): Promise<Lineage>
  /** What became of these nodes lately, newest first. */
  changesOf(system: string, ids: readonly string[], since: Date): Promise<{ id: string; at: Date; change: DbtChange }[]>
}

/** How the tables of a warehouse were when the clock last looked. */
export interface WarehouseLibrary {
  /** A table by its full name, as the warehouse spells it; compared with its rows a day before `now`. */
  before(system: string, table: string, now: Date): Promise<Baseline | null>
  /** The full names of tables that were kept, or that something became of since then, and that a name may mean. */
  namesLike(system: string, name: TableName, since: Date): Promise<string[]>
  /** What became of a table, newest first. */
  changesOf(system: string, table: string, since: Date): Promise<{ at: Date; change: TableChange }[]>
  /** Whether a suspended one may be woken to be asked: only where what that costs is counted, or somebody said so. */
  readonly mayWake: boolean
  /** Counts what asking may cost to what was spent on it that day; false, and not counted, when `limit` would be passed. */
  spend(system: string, cost: { credits: number; limit: number; now: Date }): Promise<boolean>
}

/** What connectors may know from before. */
export interface Library {
  dbt: DbtLibrary
  /** What stands above and below an asset, whoever says so, with its distance, nearest first. */
  lineage(name: string): Promise<Lineage>
  /** The files that make what is called like this, in whichever dbt project; a few at most. */
  files(names: readonly string[]): Promise<string[]>
  warehouse: WarehouseLibrary
}

/** Knows nothing, and counts nothing: what is asked is read anew, and a limit holds for one question alone. */
export const noLibrary: Library = {
  dbt: libraryOf(null),
  lineage: async () => ({ up: new Map(), down: new Map() }),
  files: async () => [],
  warehouse: {
    mayWake: false,
    before: async () => null,
    namesLike: async () => [],
    changesOf: async () => [],
    spend: async (_, { credits, limit }) => credits <= limit,
  },
}

const depth = 10

/** A project that was just read, as a library. */
export function libraryOf(project: DbtProject | null): DbtLibrary {
  const nodes = project?.nodes ?? []
  const edges = project ? dbtLineage(project) : []
  const walk = (name: string, from: 'upstream' | 'downstream', to: 'upstream' | 'downstream') => {
    const found = new Map<string, number>()
    let edge = new Set([name])
    for (let distance = 1; distance <= depth && edge.size > 0; distance += 1) {
      const reached = edges.flatMap((one) => (edge.has(one[from]) ? [one[to]] : []))
      edge = new Set(reached.filter((one) => one !== name && !found.has(one)))
      for (const one of edge) found.set(one, distance)
    }
    return found
  }
  return {
    has: async () => project !== null,
    named: async (_, names) => {
      const wanted = new Set(names.map((name) => name.trim().toLowerCase()))
      return nodes.filter((node) => namesOf(node).some((name) => wanted.has(name)))
    },
    nodes: async (_, ids) => nodes.filter(({ id }) => ids.includes(id)),
    testsOf: async (_, ids) =>
      nodes.filter(({ kind, parents }) => kind === 'test' && parents.some((id) => ids.includes(id))),
    lineage: async (_, name) => ({
      up: walk(name, 'downstream', 'upstream'),
      down: walk(name, 'upstream', 'downstream'),
    }),
    changesOf: async () => [],
  }
}
