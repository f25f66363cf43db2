import { createConsole } from '../../console/app.tsx'
import { newToken } from '../../console/security/bearer.ts'
import type { Role } from '../../scripts/domain/account.ts'
import type { Settings } from '../../scripts/lib/config.ts'
import { hashSecret, newSecret } from '../../scripts/lib/one-time.ts'
import { addAccount } from '../../scripts/store/accounts.ts'
import type { Store } from '../../scripts/store/connection.ts'
import { addToken } from '../../scripts/store/tokens.ts'

/** Asks the API as a program does. */
export interface Program {
  ask(
    method: string,
    path: string,
    options?: { token?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<Response>
}

/** The API over these tenants. */
export function openApi(stores: readonly Store[], settings: Settings = { DIM_CONFIG_DIR: 'config' }): Program {
  const app = createConsole({
    stores: new Map(stores.map((store) => [store.tenant, store])),
    settings: () => settings,
    publicUrl: null,
  })
  return {
    async ask(method, path, { token, body, headers = {} } = {}) {
      return app.request(`http://console.test/api/v1${path}`, {
        method: method.toUpperCase(),
        headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
    },
  }
}

/** Somebody with a role, and a token of theirs that does no less. */
export async function holder(
  store: Store,
  name: string,
  role: Role,
  { scope = role, days = 30 }: { scope?: Role; days?: number } = {},
): Promise<{ token: string; id: string }> {
  await addAccount(store, { name, role, inviteHash: hashSecret(newSecret()), by: 'test' })
  const { token, hash } = newToken(store.tenant)
  const id = await addToken(store, { account: name, label: 'test', scope, days, tokenHash: hash })
  return { token, id: id ?? '' }
}
