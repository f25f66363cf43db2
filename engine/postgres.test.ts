import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { commandLine } from './postgres/system.ts'
import { type Postgres, type PostgresOptions, startPostgres } from './postgres.ts'

const stateDir = join(tmpdir(), `dim-postgres-${randomBytes(6).toString('hex')}`)
const running: Postgres[] = []

async function start(options: Partial<PostgresOptions> = {}): Promise<Postgres> {
  const server = await startPostgres({ stateDir, durable: false, ...options })
  running.push(server)
  return server
}

async function ask(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop()
})
afterAll(() => rm(stateDir, { recursive: true, force: true }))

describe('the embedded PostgreSQL', () => {
  test('has a database, an owner and a role for the product, and keeps them', async () => {
    const first = await start()
    const owner = await ask(first.ownerUrl, 'select current_user as name, rolsuper from pg_roles where rolname = user')
    expect(owner).toEqual([{ name: 'dim_owner', rolsuper: false }])
    await ask(first.ownerUrl, 'create table kept as select 1 as one')
    await first.stop()
    await first.ended
    const second = await start()
    expect(await ask(second.ownerUrl, 'select one from kept')).toEqual([{ one: 1 }])
    expect(await ask(second.appUrl, 'select current_user as name')).toEqual([{ name: 'dim_app' }])
    await expect(ask(second.appUrl, 'select one from kept')).rejects.toThrow('permission denied')
  })

  test('lets nobody in without a password, and the superuser not at all', async () => {
    const server = await start()
    const url = new URL(server.appUrl)
    url.password = 'guessed'
    await expect(ask(url.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
    url.username = 'postgres'
    await expect(ask(url.href, 'select 1')).rejects.toMatchObject({ code: '28000' })
    expect((await stat(join(stateDir, 'postgres', 'pgpass'))).mode & 0o777).toBe(0o600)
    expect(await ask(server.ownerUrl, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
    const [, , , , socketFolder] = (await readFile(join(stateDir, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split(
      '\n',
    )
    expect(socketFolder).toBe('')
  })

  test('is safe against power loss unless told otherwise', async () => {
    const server = await start({ durable: true })
    expect(await ask(server.ownerUrl, 'show fsync')).toEqual([{ fsync: 'on' }])
  })

  test('recovers what was committed before it was killed', async () => {
    const server = await start({ durable: true })
    await ask(server.ownerUrl, 'create table survived as select 2 as two')
    await server.kill()
    const again = await start({ port: server.port })
    expect(again.port).toBe(server.port)
    expect(await ask(again.ownerUrl, 'select two from survived')).toEqual([{ two: 2 }])
  })

  test('starts although the number of a killed server is another process’s now', async () => {
    const server = await start()
    await server.kill()
    const lock = join(stateDir, 'postgres', 'data', 'postmaster.pid')
    const lines = (await readFile(lock, 'utf8')).split('\n')
    await writeFile(lock, [String(process.pid), ...lines.slice(1)].join('\n'))
    await start()
  })

  test('makes new passwords when they are lost', async () => {
    await (await start()).stop()
    await rm(join(stateDir, 'postgres', 'pgpass'))
    const server = await start()
    expect(await ask(server.appUrl, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('is one process’s at a time', async () => {
    await start()
    await expect(startPostgres({ stateDir })).rejects.toThrow(`Process ${process.pid} runs a PostgreSQL`)
  })

  test('starts from nothing when told so', async () => {
    const server = await start()
    await ask(server.ownerUrl, 'create table gone ()')
    await server.stop()
    const fresh = await start({ fresh: true })
    await expect(ask(fresh.ownerUrl, 'select from gone')).rejects.toMatchObject({ code: '42P01' })
  })

  test('ends when the process that started it is killed, and the next start finds its data', async () => {
    const script = `const { startPostgres } = await import('./engine/postgres.ts')
      const server = await startPostgres({ stateDir: process.argv[1], durable: false })
      process.stdout.write(String(server.pid))
      setInterval(() => {}, 1000)`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script, stateDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [said] = await once(parent.stdout, 'data')
    const pid = Number(said)
    parent.kill('SIGKILL')
    await once(parent, 'exit')
    const server = await start()
    expect(await commandLine(pid)).toBe('')
    expect(await ask(server.ownerUrl, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('does not keep the process that started it from ending', async () => {
    const script = `const { startPostgres } = await import('./engine/postgres.ts')
      await startPostgres({ stateDir: process.argv[1], durable: false })`
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, stateDir])
    await start()
  })

  test('says which folder its user may not enter', async () => {
    // Root's server runs as somebody else, who may not enter a private folder; anybody else's runs as himself.
    const isRoot = process.getuid?.() === 0
    const closed = `${stateDir}-closed`
    await mkdir(closed)
    await chmod(closed, isRoot ? 0o700 : 0)
    try {
      const reason = isRoot ? `may not enter ${closed}.` : /EACCES/
      await expect(startPostgres({ stateDir: join(closed, 'state') })).rejects.toThrow(reason)
    } finally {
      await rm(closed, { recursive: true })
    }
  })
})
