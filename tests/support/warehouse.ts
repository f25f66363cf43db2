import pg from 'pg'
import { createTestStore } from './postgres.ts'

/** A database on the test run's PostgreSQL, to be asked as a warehouse. */
export interface Warehouse {
  name: string
  /** As its owner. */
  url: string
  /** Changes it, as whoever loads it would. */
  sql(statement: string): Promise<void>
  drop(): Promise<void>
}

/** @param name by default one of its own; a fixed one is for one test file only */
export async function createWarehouse(name?: string): Promise<Warehouse> {
  const store = await createTestStore({ migrated: false })
  const url = new URL(store.ownerUrl)
  const own = url.pathname.slice(1)
  if (name) await asOwner('postgres', `alter database ${own} rename to ${name}`)
  const called = name ?? own
  return {
    name: called,
    url: urlOf(called),
    sql: (statement) => asOwner(called, statement),
    drop: () => asOwner('postgres', `drop database ${called} with (force)`),
  }

  function urlOf(database: string): string {
    return Object.assign(new URL(url), { pathname: `/${database}` }).href
  }

  async function asOwner(database: string, statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: urlOf(database) })
    await client.connect()
    try {
      await client.query(statement)
    } finally {
      await client.end()
    }
  }
}
