import { setTimeout as delay } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import type { z } from 'zod'
import { AppError } from '../lib/errors.ts'
import { asStoreError, isWorthRepeating } from './failure.ts'
import { parameter, type Statement } from './sql.ts'

/** Statements inside one transaction. Rows are parsed at this edge. */
export interface Query {
  /** All rows. */
  rows<T>(row: z.ZodType<T>, statement: Statement): Promise<T[]>
  /** The first row, or null when there is none. */
  first<T>(row: z.ZodType<T>, statement: Statement): Promise<T | null>
  /** How many rows were touched. */
  run(statement: Statement): Promise<number>
}

/** The memory, as one tenant sees it. Connects at its first use. */
export interface Store {
  readonly tenant: string
  /**
   * The one way in: everything that `work` asks happens at once or not at all. It may be run a second time after a
   * deadlock, so it reaches for nothing but the query.
   * @throws AppError E_STORE_UNAVAILABLE, E_STORE_NOT_MIGRATED, E_SETTING_INVALID, and whatever `work` throws.
   */
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>
  /** Runs `work` while nobody else holds the lock of that name for this tenant; `busy` when somebody does. */
  exclusively<T>(name: string, work: () => Promise<T>): Promise<T | 'busy'>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A transaction that is open already, or the store, which then opens one of its own. */
export type Access = Store | Query

export function within<T>(access: Access, work: (query: Query) => Promise<T>): Promise<T> {
  return 'transaction' in access ? access.transaction(work) : work(access)
}

const timeouts = {
  connectionTimeoutMillis: 5_000,
  statement_timeout: 15_000,
  query_timeout: 20_000,
  idle_in_transaction_session_timeout: 30_000,
}

/**
 * @param databaseUrl `postgres://…` of the role `dim_app`; TLS by its parameters (`sslmode`, `sslrootcert`, …).
 * @param tenant A Kestra namespace. Row-level security shows and takes its rows only.
 * @param options `readOnly`: the server refuses every write.
 */
export function openStore(databaseUrl: string, tenant: string, { readOnly = false } = {}): Store {
  if (!/^[a-z0-9][a-z0-9._-]{0,149}$/.test(tenant)) {
    throw new AppError('E_SETTING_INVALID', 'This is no tenant’s name.', 'A tenant is a Kestra namespace.')
  }
  let pool: Promise<Pool> | undefined
  const connect = () => {
    pool ??= openPool(databaseUrl, readOnly)
    return pool.then((opened) => opened.connect())
  }

  async function once<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const client = await connect().catch(rethrow)
    let broken: Error | undefined
    try {
      await client.query('begin')
      await client.query("select set_config('dim.tenant', $1, true)", [tenant])
      const result = await work(queryOn(client))
      await client.query('commit')
      return result
    } catch (failure) {
      // A connection that can't even roll back is thrown away; the server then rolls back by itself.
      await client.query('rollback').catch((second: Error) => {
        broken = second
      })
      return rethrow(failure)
    } finally {
      client.release(broken)
    }
  }

  async function close(): Promise<void> {
    const opened = await pool?.catch(() => undefined)
    pool = undefined
    await opened?.end()
  }

  return {
    tenant,
    close,
    [Symbol.asyncDispose]: close,
    async transaction(work) {
      try {
        return await once(work)
      } catch (failure) {
        if (!isWorthRepeating(failure)) throw failure
        // At once, it could meet the same transaction at the same place.
        await delay(50 + Math.random() * 100)
        return once(work)
      }
    },
    async exclusively(name, work) {
      const client = await connect().catch(rethrow)
      // The lock belongs to the session: it ends with the process that holds it, however that ends.
      const key = [`${tenant}/${name}`]
      try {
        const lock = client.query('select pg_try_advisory_lock(hashtextextended($1, 2)) as held', key)
        const { rows } = await lock.catch(rethrow)
        if (rows[0]?.held !== true) return 'busy'
        try {
          return await work()
        } finally {
          await client.query('select pg_advisory_unlock(hashtextextended($1, 2))', key).catch(() => {})
        }
      } finally {
        // Closing the session gives the lock back for certain, if late, and costs nothing next to the work.
        client.release(true)
      }
    },
  }
}

async function openPool(databaseUrl: string, readOnly: boolean): Promise<Pool> {
  const { default: pg } = await import('pg')
  let pool: Pool
  try {
    pool = new pg.Pool({
      connectionString: databaseUrl,
      application_name: 'data-incident-manager',
      max: 4,
      allowExitOnIdle: true,
      ...timeouts,
      async onConnect(client) {
        // A superuser reads through row-level security: every tenant would see every other.
        const { rows } = await client.query(
          'select rolsuper or rolbypassrls as unguarded from pg_roles where rolname = current_user',
        )
        if (rows[0]?.unguarded !== false) throw unguarded()
        if (readOnly) await client.query('set default_transaction_read_only = on')
      },
    })
  } catch {
    // The fault would quote the URL, and with it the password.
    throw new AppError(
      'E_SETTING_INVALID',
      'DATABASE_URL can’t be read.',
      'It reads postgres://USER:PASSWORD@HOST/DATABASE.',
    )
  }
  // A connection that breaks while nobody uses it is replaced at the next use.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

function queryOn(client: PoolClient): Query {
  const ask = (statement: Statement) => client.query(statement.text, statement.values.map(parameter))
  return {
    async rows(row, statement) {
      const { rows } = await ask(statement)
      return rows.map((found: unknown) => row.parse(found))
    },
    async first(row, statement) {
      const { rows } = await ask(statement)
      return rows.length > 0 ? row.parse(rows[0]) : null
    },
    async run(statement) {
      return (await ask(statement)).rowCount ?? 0
    },
  }
}

function unguarded(): AppError {
  return new AppError(
    'E_SETTING_INVALID',
    'DATABASE_URL names a role that row-level security does not hold.',
    'Use the role dim_app, which is neither superuser nor BYPASSRLS.',
  )
}

function rethrow(failure: unknown): never {
  throw asStoreError(failure)
}
