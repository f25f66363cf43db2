import { z } from 'zod'
import type { Query, Store } from '../../scripts/store/connection.ts'
import type { Statement } from '../../scripts/store/sql.ts'

/** A statement that the product asked, and whether what came back held the mark. */
export interface Asked {
  statement: Statement
  hit: boolean
}

/** A store that keeps each statement that is asked of it, a few times with other values. */
export function watched(store: Store, mark: string): { store: Store; asked(): Asked[] } {
  const seen = new Map<string, Asked[]>()
  const note = (statement: Statement, rows: unknown) => {
    const before = seen.get(statement.text) ?? []
    const hit = JSON.stringify(rows)?.includes(mark) ?? false
    if (before.length < mostValues || hit) seen.set(statement.text, [...before, { statement, hit }].slice(-mostValues))
  }
  const watch = (query: Query): Query => ({
    async rows(row, statement) {
      const rows = await query.rows(row, statement)
      note(statement, rows)
      return rows
    },
    async first(row, statement) {
      const found = await query.first(row, statement)
      note(statement, found)
      return found
    },
    async run(statement) {
      const count = await query.run(statement)
      note(statement, null)
      return count
    },
  })
  return {
    store: { ...store, transaction: (work) => store.transaction((query) => work(watch(query))) },
    asked: () => [...seen.values()].flat(),
  }
}

const mostValues = 3

/** What a statement answers to a tenant; nothing where it is refused. What it wrote is taken back, unless it is kept. */
export async function repeat(store: Store, { statement }: Asked, { keep = false } = {}): Promise<unknown[]> {
  let rows: unknown[] = []
  const work = store.transaction(async (query) => {
    rows = await query.rows(z.unknown(), statement)
    if (!keep) throw new TakenBack()
  })
  await work.catch(() => {})
  return rows
}

class TakenBack extends Error {}
