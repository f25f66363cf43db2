import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withLock } from '../../../engine/kestra/lock.ts'
import { sharedFolder } from '../../../engine/state.ts'
import { run } from './command.ts'

/** Debian asks this program before it starts a service that it just installed; 101 means: don't. */
const servicePolicy = '/usr/sbin/policy-rc.d'

/**
 * Makes sure that these Debian packages are installed; their services are not started. Installing needs root.
 * @throws with what is missing and how to get it.
 */
export async function requirePackages(...names: string[]): Promise<void> {
  const lock = join(await sharedFolder('peers'), 'packages.lock')
  await withLock(lock, ignoreWaiting, async () => {
    const missing = await missingOf(names)
    if (missing.length === 0) return
    if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
      throw new Error(
        `This test needs the Debian packages ${missing.join(' ')}, and only root can install them: ` +
          `sudo apt-get install --no-install-recommends ${missing.join(' ')}`,
      )
    }
    await withoutServices(async () => {
      await aptGet('update')
      await aptGet('install', '--yes', '--no-install-recommends', ...missing)
    })
  })
  const missing = await missingOf(names)
  if (missing.length > 0) throw new Error(`apt-get ended well, and yet these are not installed: ${missing.join(' ')}`)
}

async function missingOf(names: readonly string[]): Promise<string[]> {
  const installed = await Promise.all(names.map(isInstalled))
  return names.filter((_, index) => !installed[index])
}

async function isInstalled(name: string): Promise<boolean> {
  const { status, output } = await run('dpkg-query', ['--status', name])
  return status === 0 && /^Status: .* installed$/m.test(output)
}

async function aptGet(...words: string[]): Promise<void> {
  const command = ['--quiet', '--option', 'DPkg::Lock::Timeout=300', ...words]
  const { status, output } = await run('apt-get', command, { DEBIAN_FRONTEND: 'noninteractive' })
  if (status !== 0) throw new Error(`apt-get ${words.join(' ')} failed:\n${output.slice(-2000)}`)
}

/** A container has the policy already; a machine of one's own gets it for as long as this takes. */
async function withoutServices(work: () => Promise<void>): Promise<void> {
  if (existsSync(servicePolicy)) return work()
  await writeFile(servicePolicy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    await work()
  } finally {
    await rm(servicePolicy, { force: true })
  }
}

function ignoreWaiting(): void {}
