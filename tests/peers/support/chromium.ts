import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { run } from './command.ts'

const program = '/usr/bin/chromium'

/** Debian's Chromium, asking nobody at home for anything. Installed when it is not there and root runs the tests. */
export async function startChromium(): Promise<Browser> {
  if (!existsSync(program)) await install()
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const quiet = ['disable-background-networking', 'disable-component-update', 'disable-sync', 'no-first-run']
  return chromium.launch({
    executablePath: program,
    args: [...asRoot, '--disable-gpu', '--disable-quic', ...quiet.map((name) => `--${name}`)],
  })
}

async function install(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error(`${program} is not there. Install it: apt-get install chromium`)
  const { status, output } = await run('apt-get', ['install', '--yes', '--no-install-recommends', 'chromium'])
  if (status !== 0) throw new Error(`Chromium could not be installed:\n${output.slice(-2000)}`)
}
