import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buildConsole } from '../../../../engine/bundle.ts'
import { hashSecret, newSecret } from '../../../lib/one-time.ts'
import { addAccount } from '../../../store/accounts.ts'
import { openStore } from '../../../store/connection.ts'
import { beginSession } from '../../../store/sessions.ts'

const home = join(import.meta.dirname, '..', '..', '..', '..')

/** The console as it is served to people: the bundle, in a process of its own. */
export interface Served {
  url: string
  pid: number
  /** A session's cookie of an admin of the tenant. */
  logIn(tenant: string): Promise<string>
  stop(): Promise<void>
}

/** Builds and starts it for these tenants. @throws when it ends before it serves. */
export async function serveConsole(databaseUrl: string, tenants: readonly string[]): Promise<Served> {
  await buildConsole()
  const child = spawn(process.execPath, [join(home, 'dist', 'console', 'console.mjs')], {
    cwd: home,
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      DATABASE_URL: databaseUrl,
      DIM_CONFIG_DIR: join(home, 'config'),
      CONSOLE_PORT: '0',
      CONSOLE_TENANTS: tenants.join(','),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const url = await Promise.race([
    addressIn(child.stdout),
    ended.then(() => {
      throw new Error('The console ended before it served; its log says why.')
    }),
  ])
  return {
    url,
    pid: child.pid ?? 0,
    async logIn(tenant) {
      await using store = openStore(databaseUrl, tenant)
      const [name, token] = [
        `bench-${newSecret()
          .slice(0, 8)
          .toLowerCase()
          .replaceAll(/[^a-z0-9]/g, 'x')}`,
        newSecret(),
      ]
      await addAccount(store, { name, role: 'admin', inviteHash: hashSecret(newSecret()), by: 'bench' })
      await beginSession(store, name, hashSecret(token))
      return `dim_session=${tenant}~${token}`
    },
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function addressIn(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const address = /^\s*Console\s+(http\S+)/.exec(line)?.[1]
    if (address) {
      output.resume()
      return address
    }
  }
  throw new Error('The console said no address.')
}
