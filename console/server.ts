import { once } from 'node:events'
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import type { Settings } from '../scripts/lib/config.ts'
import { AppError } from '../scripts/lib/errors.ts'
import { hashSecret, newSecret } from '../scripts/lib/one-time.ts'
import { namespaceOf, rootNamespace, settingsOfTenant, tenantsIn } from '../scripts/lib/tenant.ts'
import { ensureFirstAdmin } from '../scripts/store/accounts.ts'
import { openStore } from '../scripts/store/connection.ts'
import { createConsole } from './app.tsx'
import type { Ground } from './environment.ts'
import { openProvider } from './security/oidc.ts'

/** A console that serves. */
export interface RunningConsole {
  /** As people reach it, without a slash at its end. */
  url: string
  /** For each tenant that has no admin yet, a one-time link that makes one. */
  firstLinks: { tenant: string; link: string }[]
  /** Ends every connection, live ones too. */
  stop(): Promise<void>
}

/**
 * Starts the console on this machine only, unless `CONSOLE_HOST` says otherwise. Port 0 takes a free one.
 * @throws AppError E_SETTING_INVALID, E_STORE_UNAVAILABLE
 */
export async function startConsole(settings: Settings & { DATABASE_URL: string }): Promise<RunningConsole> {
  const tenants = await tenantsServed(settings)
  const stores = new Map(tenants.map((tenant) => [tenant, openStore(settings.DATABASE_URL, tenant)]))
  const closeStores = () => Promise.all([...stores.values()].map((store) => store.close()))
  try {
    const ground: Ground = {
      stores,
      settings: (tenant) => settingsOfTenant(settings, tenant),
      publicUrl: publicUrlOf(settings),
      provider: openProvider(settings, tenants),
    }
    const links = await Promise.all(
      [...stores].map(async ([tenant, store]) => ({ tenant, secret: await firstSecret(store) })),
    )
    const server = await listen(ground, settings)
    const url = ground.publicUrl?.href.replace(/\/$/, '') ?? addressOf(server)
    return {
      url,
      firstLinks: links.flatMap(({ tenant, secret }) =>
        secret === null ? [] : [{ tenant, link: `${url}/join/${tenant}/${secret}` }],
      ),
      async stop() {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
        await closeStores()
      },
    }
  } catch (thrown) {
    await closeStores()
    throw thrown
  }
}

/**
 * Those that CONSOLE_TENANTS names; without it the root's and every tenant that has a folder of configuration.
 * @throws AppError E_SETTING_INVALID
 */
async function tenantsServed({ CONSOLE_TENANTS: named, DIM_CONFIG_DIR: folder }: Settings): Promise<string[]> {
  const names = named?.split(',').flatMap((name) => name.trim() || []) ?? []
  return names.length > 0
    ? [...new Set(names.map(namespaceOf))]
    : [rootNamespace, ...(await tenantsIn(folder)).map(namespaceOf)]
}

async function firstSecret(store: Parameters<typeof ensureFirstAdmin>[0]): Promise<string | null> {
  const secret = newSecret()
  return (await ensureFirstAdmin(store, hashSecret(secret))) ? secret : null
}

function publicUrlOf({ CONSOLE_URL: text }: Settings): URL | null {
  if (!text) return null
  const url = URL.canParse(text) ? new URL(text) : null
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/') return url
  throw new AppError(
    'E_SETTING_INVALID',
    'CONSOLE_URL is no address of a host.',
    'It reads https://incidents.example.com, without a path: the console needs a host of its own.',
  )
}

async function listen(ground: Ground, settings: Settings): Promise<Server> {
  const port = Number(settings.CONSOLE_PORT ?? 8090)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new AppError(
      'E_SETTING_INVALID',
      'CONSOLE_PORT is no port.',
      'It is a number from 0 to 65535; 0: any free one.',
    )
  }
  const hostname = settings.CONSOLE_HOST ?? '127.0.0.1'
  const server = serve({ fetch: createConsole(ground).fetch, port, hostname }) as Server
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new AppError(
      'E_SETTING_INVALID',
      `The console can’t listen on ${hostname}, port ${port}.`,
      'Something else has that port, or the address is none of this machine: set CONSOLE_PORT and CONSOLE_HOST.',
      { cause },
    )
  }
  return server
}

function addressOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.')
  const host = ['0.0.0.0', '::'].includes(address.address) ? 'localhost' : address.address
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`
}
