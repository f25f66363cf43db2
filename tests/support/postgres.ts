import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { z } from 'zod'
import { type Postgres, startPostgres } from '../../engine/postgres.ts'
import { migrate } from '../../scripts/store/migrate.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the test run's PostgreSQL is asked for. */
    postgresDesk: string
  }
}

/**
 * vitest's global set-up: one PostgreSQL for the whole run, started when the first test file asks for it, with a
 * migrated database that each test file copies.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let started: Promise<{ server: Postgres; stateDir: string }> | undefined
  const desk = createServer(async (_request, response) => {
    try {
      started ??= startServer()
      const { ownerUrl, appUrl } = (await started).server
      response.end(JSON.stringify({ ownerUrl, appUrl }))
    } catch (failure) {
      response.writeHead(500).end(String(failure))
    }
  }).listen(0, '127.0.0.1')
  await once(desk, 'listening')
  const address = desk.address()
  if (address === null || typeof address === 'string') throw new Error('The system gave no port.')
  project.provide('postgresDesk', `http://127.0.0.1:${address.port}`)
  return async () => {
    desk.close()
    const running = await started?.catch(() => undefined)
    await running?.server.stop()
    if (running) await rm(running.stateDir, { recursive: true, force: true })
  }
}

async function startServer(): Promise<{ server: Postgres; stateDir: string }> {
  // Not by mkdtemp, whose folders nobody else may enter: as root, the server runs as another user.
  const stateDir = join(tmpdir(), `dim-test-${randomBytes(6).toString('hex')}`)
  const server = await startPostgres({ stateDir, durable: false, ownerCreatesDatabases: true })
  await migrate(server.ownerUrl)
  return { server, stateDir }
}

export interface TestStore {
  /** As `dim_owner`. */
  ownerUrl: string
  /** As `dim_app`. */
  appUrl: string
  /** Drops the database, whoever is still connected. */
  close(): Promise<void>
}

const Addresses = z.object({ ownerUrl: z.string(), appUrl: z.string() })

/** A fresh database of one's own, migrated unless told otherwise. */
export async function createTestStore({ migrated = true } = {}): Promise<TestStore> {
  const { inject } = await import('vitest')
  const answer = await fetch(inject('postgresDesk'))
  if (!answer.ok) throw new Error(await answer.text())
  const { ownerUrl, appUrl } = Addresses.parse(await answer.json())
  const name = `test_${randomBytes(6).toString('hex')}`
  const template = migrated ? new URL(ownerUrl).pathname.slice(1) : 'template1'
  await asOwner(`create database ${name} template ${template}`)
  // Rights on a database are not copied with it.
  await asOwner(`revoke all on database ${name} from public`)
  await asOwner(`grant connect on database ${name} to dim_app`)
  return {
    ownerUrl: withDatabase(ownerUrl, name),
    appUrl: withDatabase(appUrl, name),
    // By force it fails when the server itself is cleaning up in there; without, the server is asked to stop that.
    close: () => asOwner(`drop database ${name} with (force)`).catch(() => asOwner(`drop database ${name}`)),
  }

  async function asOwner(statement: string): Promise<void> {
    // From another database: one can't be copied or dropped while somebody is connected to it.
    const client = new pg.Client({ connectionString: withDatabase(ownerUrl, 'postgres') })
    await client.connect()
    try {
      await client.query(statement)
    } finally {
      await client.end()
    }
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}
