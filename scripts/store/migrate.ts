import { join } from 'node:path'
import type { Client } from 'pg'
import { AppError } from '../lib/errors.ts'
import { asStoreError } from './failure.ts'

const migrations = join(import.meta.dirname, 'migrations')

/**
 * Brings the schema to this release, all or nothing. Two at once are safe: the second waits and finds nothing to do.
 * @param ownerUrl `postgres://…` of the role `dim_owner`, which owns the database.
 * @returns the names of the migrations that were run, in order; none when the schema was up to date.
 * @throws AppError E_STORE_UNAVAILABLE, E_SETTING_INVALID
 */
export async function migrate(ownerUrl: string): Promise<string[]> {
  const { runner } = await import('node-pg-migrate')
  const client = await createClient(ownerUrl)
  // Without a listener a connection that breaks between two statements would end the process.
  client.on('error', () => {})
  try {
    await client.connect()
    await requireRoles(client)
    const applied = await runner({
      dbClient: client,
      dir: migrations,
      direction: 'up',
      migrationsTable: 'schema_migrations',
      singleTransaction: true,
      advisoryLockMode: 'wait',
      log: () => {},
    })
    return applied.map(({ name }) => name)
  } catch (failure) {
    throw asStoreError(failure)
  } finally {
    await client.end().catch(() => {})
  }
}

async function createClient(connectionString: string): Promise<Client> {
  const { default: pg } = await import('pg')
  try {
    return new pg.Client({ connectionString, connectionTimeoutMillis: 10_000, application_name: 'migrate' })
  } catch {
    // The fault would quote the URL, and with it the password.
    throw new AppError(
      'E_SETTING_INVALID',
      'DATABASE_OWNER_URL can’t be read.',
      'It reads postgres://USER:PASSWORD@HOST/DATABASE.',
    )
  }
}

/** The product's role is made with the server, because an owner may not make roles. */
async function requireRoles(client: Client): Promise<void> {
  const { rows } = await client.query(
    `select exists (select from pg_roles where rolname = 'dim_app') as app,
       has_schema_privilege('public', 'create') as owner,
       exists (select from pg_extension where extname = 'pg_trgm')
         or exists (select from pg_available_extensions where name = 'pg_trgm')
           and has_database_privilege(current_database(), 'create') as trigrams`,
  )
  if (rows[0]?.app !== true) {
    throw new AppError(
      'E_SETTING_INVALID',
      'The database server has no role dim_app.',
      "As a superuser, run: create role dim_app login password '…' — and set DATABASE_URL to it.",
    )
  }
  if (rows[0]?.owner !== true) {
    throw new AppError(
      'E_SETTING_INVALID',
      'DATABASE_OWNER_URL names a role that may not change the schema.',
      'Use the role that owns the database, dim_owner.',
    )
  }
  if (rows[0]?.trigrams !== true) {
    throw new AppError(
      'E_SETTING_INVALID',
      'The database can’t have the extension pg_trgm, by which past incidents are found.',
      'Install PostgreSQL’s contrib modules, or put it on your provider’s list of extensions; or run in the database, as a superuser: create extension pg_trgm',
    )
  }
}
