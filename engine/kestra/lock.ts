import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { isCode } from './files.ts'

const halfWrittenMs = 10_000

/**
 * Runs `work` while no other process of this machine holds `file`. A lock whose holder is gone is taken over.
 * @param onWait told once, when another process holds it
 * @param signal ends the waiting
 */
export async function withLock<Result>(
  file: string,
  onWait: () => void,
  work: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  for (let waited = false; !(await take(file)); await delay(250, undefined, signal ? { signal } : {})) {
    if (!waited) onWait()
    waited = true
    await breakIfStale(file)
  }
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

async function take(file: string): Promise<boolean> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (thrown) {
    if (isCode(thrown, 'EEXIST')) return false
    throw thrown
  }
}

async function breakIfStale(file: string): Promise<void> {
  try {
    const holder = await readFile(file, 'utf8')
    const fresh = Date.now() - (await stat(file)).mtimeMs < halfWrittenMs
    if (holder === '' ? fresh : isAlive(Number(holder))) return
    // Renaming is atomic: of several that see the same stale lock, one gets it.
    const taken = `${file}.${process.pid}`
    await rename(file, taken)
    await rm(taken, { force: true })
  } catch (thrown) {
    if (!isCode(thrown, 'ENOENT')) throw thrown
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return isCode(thrown, 'EPERM')
  }
}
