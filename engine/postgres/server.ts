import { type ChildProcess, spawn } from 'node:child_process'
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'
import { childOptions, commandLine, isAlive, settles } from './system.ts'

const startTimeoutMs = 60_000
const stopTimeoutMs = 30_000
const pollMs = 10

/** From a polite end to the hard one: fast shutdown, immediate shutdown, and what always works. */
const endings = ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const

export interface Server {
  pid: number
  /** Resolves when it has ended, whoever ended it. */
  ended: Promise<void>
  stop(): Promise<void>
  kill(): Promise<void>
}

/** Starts the server and waits until it takes connections. @throws with what its log says when it does not. */
export async function startServer(
  cluster: Cluster,
  options: { port: number; logFile: string; durable: boolean },
): Promise<Server> {
  const settings = {
    port: options.port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(options.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  const log = await open(options.logFile, 'a', 0o600)
  const { size } = await log.stat()
  // A session of its own (`detached`): Ctrl-C in a terminal reaches every process of the foreground group, and the
  // server is to outlive those that use it.
  const child = spawn(
    join(cluster.programs, 'bin', 'postgres'),
    ['-D', cluster.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...childOptions(cluster.user), stdio: ['ignore', log.fd, log.fd], detached: true },
  )
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  child.unref()
  await log.close()
  if (!(await isReady(cluster, child, ended))) {
    child.kill('SIGKILL')
    const said = (await readFile(options.logFile)).subarray(size).toString().trim()
    throw new Error(`PostgreSQL did not start. ${said} (its log: ${options.logFile})`)
  }
  return serverOf(cluster, child, ended)
}

async function isReady(cluster: Cluster, child: ChildProcess, ended: Promise<void>): Promise<boolean> {
  const end = Date.now() + startTimeoutMs
  while (Date.now() < end) {
    const lock = await readLock(cluster)
    if (lock?.ready && lock.pid === child.pid) return true
    if (await settles(ended, pollMs)) return false
  }
  return false
}

function serverOf(cluster: Cluster, child: ChildProcess, ended: Promise<void>): Server {
  const pid = child.pid ?? 0
  const watcher = watch(cluster, pid)
  const end = async (signals: readonly NodeJS.Signals[]) => {
    for (const signal of signals) {
      child.kill(signal)
      if (await settles(ended, stopTimeoutMs)) break
    }
    await ended
    watcher.stdin?.end()
  }
  return { pid, ended, stop: () => end(endings), kill: () => end(['SIGKILL']) }
}

/** Shuts the server down when our end of its pipe closes, which the kernel does also for a process that was killed. */
function watch(cluster: Cluster, pid: number): ChildProcess {
  const script = 'cat >/dev/null; [ "$(head -n 1 "$2" 2>/dev/null)" = "$1" ] && kill -INT "$1"'
  const watcher = spawn('/bin/sh', ['-c', script, 'dim-postgres-watcher', String(pid), lockFile(cluster)], {
    ...childOptions(cluster.user),
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watcher.on('error', () => {})
  watcher.stdin?.on('error', () => {})
  watcher.unref()
  // The pipe is a socket to Node, and an open one would keep this process from ending by itself.
  const pipe: unknown = watcher.stdin
  if (pipe instanceof Object && 'unref' in pipe && typeof pipe.unref === 'function') pipe.unref()
  return watcher
}

/** Ends a server that still works on this data although the process that held it is gone. */
export async function endOrphan(cluster: Cluster): Promise<void> {
  const lock = await readLock(cluster)
  if (!lock || !isAlive(lock.pid)) return
  const works = async () => (await commandLine(lock.pid)).includes(cluster.data)
  if (!(await works())) {
    // The server was killed, and its number is another process's by now: PostgreSQL would not start beside it.
    await rm(lockFile(cluster), { force: true })
    return
  }
  for (const signal of endings) {
    const end = Date.now() + stopTimeoutMs
    if (await works()) process.kill(lock.pid, signal)
    while (await works()) {
      if (Date.now() > end) break
      await delay(pollMs)
    }
  }
}

function lockFile(cluster: Cluster): string {
  return join(cluster.data, 'postmaster.pid')
}

/** PostgreSQL's own lock file, as `pg_ctl` reads it: the first line is the process, the eighth its state. */
async function readLock(cluster: Cluster): Promise<{ pid: number; ready: boolean } | null> {
  try {
    const lines = (await readFile(lockFile(cluster), 'utf8')).split('\n')
    return { pid: Number(lines[0]), ready: lines[7]?.trim() === 'ready' }
  } catch {
    return null
  }
}
