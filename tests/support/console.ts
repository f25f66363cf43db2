import { createConsole } from '../../console/app.tsx'
import type { Ground } from '../../console/environment.ts'
import { hashPassword } from '../../console/security/password.ts'
import type { Role } from '../../scripts/domain/account.ts'
import { hashSecret, newSecret } from '../../scripts/lib/one-time.ts'
import { addAccount, redeemInvite } from '../../scripts/store/accounts.ts'
import type { Store } from '../../scripts/store/connection.ts'

const origin = 'http://console.test'
export const password = 'correct horse battery'
let passwordHash: Promise<string> | undefined

/** Somebody who can log in with the password above. */
export async function person(store: Store, name: string, role: Role): Promise<void> {
  const invite = hashSecret(newSecret())
  passwordHash ??= hashPassword(password)
  await addAccount(store, { name, role, inviteHash: invite, by: 'test' })
  await redeemInvite(store, invite, await passwordHash)
}

/** What a browser does with the console, without a browser: a cookie, pages, forms. */
export interface Browser {
  get(path: string): Promise<Response>
  /** The page, whatever its status. */
  read(path: string): Promise<string>
  post(path: string, form: Record<string, string> | FormData): Promise<Response>
  /** Fills in a form of a page and sends it. */
  send(page: string, path: string, form: Record<string, string> | FormData): Promise<Response>
  logIn(store: Store, name: string): Promise<void>
}

/** A console over these tenants, and a browser of its own. */
export function openConsole(
  stores: readonly Store[],
  settings: Ground['settings'] = () => ({ DIM_CONFIG_DIR: 'config' }),
): Browser {
  const app = createConsole({
    stores: new Map(stores.map((store) => [store.tenant, store])),
    settings,
    publicUrl: null,
  })
  let cookie = ''
  const get: Browser['get'] = async (path) => app.request(`${origin}${path}`, { headers: { cookie } })
  const post: Browser['post'] = async (path, form) =>
    app.request(`${origin}${path}`, {
      method: 'POST',
      body: form instanceof FormData ? form : new URLSearchParams(form),
      headers: { cookie, origin },
    })
  return {
    get,
    post,
    read: async (path) => (await get(path)).text(),
    async send(page, path, form) {
      const csrf = /name="_csrf" value="([^"]+)"/.exec(await (await get(page)).text())?.[1] ?? ''
      if (!(form instanceof FormData)) return post(path, { ...form, _csrf: csrf })
      form.set('_csrf', csrf)
      return post(path, form)
    },
    async logIn(store, name) {
      const answer = await post('/login', { tenant: store.tenant, name, password })
      cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
    },
  }
}
