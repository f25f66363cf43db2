import { createHash } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { includesRole, type Role } from '../../scripts/domain/account.ts'
import { hashSecret, isSame, newSecret } from '../../scripts/lib/one-time.ts'
import type { Store } from '../../scripts/store/connection.ts'
import { beginSession, endSession, type Person, personOfSession } from '../../scripts/store/sessions.ts'
import type { ConsoleContext, ConsoleEnv, Ground } from '../environment.ts'
import { Refusal } from '../refusal.ts'

const days = 7

/** With https the name itself binds the cookie to this host and path, and to https. */
function cookieName({ publicUrl }: Pick<Ground, 'publicUrl'>): string {
  return publicUrl?.protocol === 'https:' ? '__Host-dim_session' : 'dim_session'
}

interface Seated {
  store: Store
  person: Person
  csrf: string
  token: string
}

/** Whose request this is. The cookie names the tenant and a secret that only that tenant's rows know. */
async function seat(context: ConsoleContext, ground: Ground): Promise<Seated | null> {
  const [tenant = '', token = ''] = (getCookie(context, cookieName(ground)) ?? '').split('~')
  const store = ground.stores.get(tenant)
  if (!store || !/^[\w-]{43}$/.test(token)) return null
  const person = await personOfSession(store, hashSecret(token))
  return person && { store, person, token, csrf: csrfOf(token) }
}

/** A page's token for its forms: made from the session's secret, which no script and no other site can read. */
function csrfOf(token: string): string {
  return createHash('sha256').update(`form/${token}`).digest('base64url')
}

/** Lets in who is logged in. Everybody else is led to the log-in, and from there back. */
export function requireLogin(ground: Ground): MiddlewareHandler<ConsoleEnv> {
  return async (context, next) => {
    const seated = await seat(context, ground)
    if (!seated) {
      const { pathname, search } = new URL(context.req.url)
      if (context.req.method !== 'GET') throw new Refusal(401, 'You are not logged in.', 'Log in, and repeat it there.')
      const back = pathname === '/' ? '' : `?next=${encodeURIComponent(`${pathname}${search}`.slice(0, 1000))}`
      return context.redirect(`/login${back}`, 303)
    }
    context.set('store', seated.store)
    context.set('person', seated.person)
    context.set('csrf', seated.csrf)
    if (context.req.method !== 'GET' && context.req.method !== 'HEAD') {
      const form = await context.req.parseBody()
      if (typeof form._csrf !== 'string' || !isSame(form._csrf, seated.csrf)) {
        throw new Refusal(403, 'This form is not of your session.', 'Open the page again and repeat it there.')
      }
    }
    return next()
  }
}

/** Lets through who has a role, or one that includes it. */
export function requireRole(needed: Role): MiddlewareHandler<ConsoleEnv> {
  return async (context, next) => {
    const { role } = context.get('person')
    if (includesRole(role, needed)) return next()
    throw new Refusal(403, `This needs the role ${needed}; yours is ${role}.`, 'An admin can change it under Accounts.')
  }
}

/** Logs a person in: a new session, whose secret goes to the browser and whose hash stays here. */
export async function logIn(context: ConsoleContext, ground: Ground, store: Store, account: string): Promise<void> {
  const token = newSecret()
  await beginSession(store, account, hashSecret(token))
  setCookie(context, cookieName(ground), `${store.tenant}~${token}`, {
    httpOnly: true,
    sameSite: 'Lax',
    path: '/',
    secure: ground.publicUrl?.protocol === 'https:',
    maxAge: days * 86_400,
  })
}

export async function logOut(context: ConsoleContext, ground: Ground): Promise<void> {
  const seated = await seat(context, ground)
  if (seated) await endSession(seated.store, hashSecret(seated.token), seated.person.name)
  deleteCookie(context, cookieName(ground), { path: '/', secure: ground.publicUrl?.protocol === 'https:' })
}
