import type { Library } from '../connectors/gathering/library.ts'
import type { Store } from '../store/connection.ts'
import { dbtChangesOf, dbtFiles, dbtNodes, dbtNodesNamed, dbtStamp, dbtTestsOf } from '../store/dbt.ts'
import { lineageOf } from '../store/lineage.ts'
import { spendCredits, tableBefore, tableChangesOf, tablesNamed } from '../store/warehouses.ts'

/** What connectors may know from before, out of the store. */
export function libraryIn(store: Store): Library {
  return {
    dbt: {
      has: async (system) => (await dbtStamp(store, system)) !== null,
      named: (system, names) => dbtNodesNamed(store, system, names),
      nodes: (system, ids) => dbtNodes(store, system, ids),
      testsOf: (system, ids) => dbtTestsOf(store, system, ids),
      // All origins at once: what the catalogue says of an asset goes on where dbt ends.
      lineage: (_, name) => lineageOf(store, name),
      changesOf: (system, ids, since) => dbtChangesOf(store, system, ids, since),
    },
    lineage: (name) => lineageOf(store, name),
    files: (names) => dbtFiles(store, names),
    warehouse: {
      mayWake: true,
      before: (system, table, now) => tableBefore(store, system, table, now),
      namesLike: (system, name, since) => tablesNamed(store, system, name, since),
      changesOf: (system, table, since) => tableChangesOf(store, system, table, since),
      spend: (system, cost) => spendCredits(store, system, cost),
    },
  }
}
