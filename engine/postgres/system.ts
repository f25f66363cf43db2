import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

export const run = promisify(execFile)

/** The user that a child process runs as; `null` when that is us. */
export interface SystemUser {
  name: string
  uid: number
  gid: number
}

/** How a child of ours is run: as its user, from a folder everybody may enter, with nothing of our environment. */
export function childOptions(user: SystemUser | null) {
  return {
    ...(user ? { uid: user.uid, gid: user.gid } : {}),
    cwd: '/',
    // No secret of ours, and no PG… variable that would change what the server does.
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
  }
}

/** The first of these users that the system knows. */
export async function findUser(names: readonly string[]): Promise<SystemUser | null> {
  for (const name of names) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
      return { name, uid: Number(uid.stdout), gid: Number(gid.stdout) }
    } catch {
      // The next one, then.
    }
  }
  return null
}

export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (failure) {
    return failure instanceof Error && 'code' in failure && failure.code === 'EPERM'
  }
}

/** What tells a process from a later one that has the same number: its start. Empty when it is not there any more. */
export async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    // Fields 3 and 22, counted after the command's name, which is in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // Where nobody collects the dead, as in a container without an init, they are still listed.
    return fields[0] === 'Z' ? '' : `${boot.trim()}/${fields[19]}`
  } catch {
    return process.platform === 'linux' ? '' : ask('lstart', pid)
  }
}

export async function commandLine(pid: number): Promise<string> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')
  } catch {
    return process.platform === 'linux' ? '' : ask('args', pid)
  }
}

async function ask(column: string, pid: number): Promise<string> {
  try {
    return (await run('ps', ['-o', `${column}=`, '-p', String(pid)])).stdout.trim()
  } catch {
    return ''
  }
}

/** A port of 127.0.0.1 that nobody listens on at this moment; the preferred one when it is free. */
export async function freePort(preferred = 0): Promise<number> {
  const probe = createServer().listen(preferred, '127.0.0.1')
  try {
    await once(probe, 'listening')
  } catch (failure) {
    if (preferred === 0) throw failure
    return freePort()
  }
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('The system gave no port.')
  return address.port
}

/** Whether the promise settles in time. */
export async function settles(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
  const patience = new AbortController()
  const done = promise.then(
    () => true,
    () => true,
  )
  const late = delay(withinMs, false, { signal: patience.signal }).catch(() => false)
  const outcome = await Promise.race([done, late])
  patience.abort()
  return outcome
}
