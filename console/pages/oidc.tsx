import { Hono } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { toAppError } from '../../scripts/lib/errors.ts'
import { tryParseJson } from '../../scripts/lib/json.ts'
import type { Store } from '../../scripts/store/connection.ts'
import { type Admitted, admitVouched } from '../../scripts/store/oidc-accounts.ts'
import { addressOf } from '../address.ts'
import type { ConsoleContext, ConsoleEnv, Ground } from '../environment.ts'
import { notFound, Refusal } from '../refusal.ts'
import { type Identity, Pending, type Provider } from '../security/oidc.ts'
import { RateLimit } from '../security/rate-limit.ts'
import { logIn } from '../security/session.ts'
import { storeOf } from '../security/tenant.ts'
import { localPath } from './login.tsx'

const minuteMs = 60_000
const pendingSeconds = 600
const callback = '/login/oidc/callback'

const refusals: Record<Extract<Admitted, { refused: string }>['refused'], [message: string, hint: string]> = {
  no_role: ['Your groups give you no role here.', 'Ask whoever runs this: OIDC_ROLES says which group may what.'],
  deactivated: ['Your account here has been deactivated.', 'Ask an admin.'],
  name_taken: [
    'There is an account of your name here that has a password of its own.',
    'Log in with that, or ask an admin to hand it over to single sign-on, under Accounts.',
  ],
}

/** Logging in by the team's OpenID provider: there, and back. */
export function oidcPages(ground: Ground): Hono<ConsoleEnv> {
  const byAddress = new RateLimit(60, 15 * minuteMs)
  const pages = new Hono<ConsoleEnv>()

  pages.use('/login/oidc/*', async (context, next) => {
    const wait = byAddress.take(addressOf(context))
    if (wait === 0) return next()
    context.header('retry-after', String(Math.ceil(wait / 1000)))
    throw new Refusal(429, 'Too many tries.', `Wait ${Math.ceil(wait / minuteMs)} min, then try again.`)
  })

  pages.get('/login/oidc', async (context) => {
    const { url, ...kept } = await required(ground).begin(`${baseOf(context, ground)}${callback}`)
    const { tenant = '', next = '' } = context.req.query()
    keep(context, ground, { ...kept, tenant: tenant.slice(0, 200), next: localPath(next) })
    return context.redirect(url.href, 303)
  })

  pages.get(callback, async (context) => {
    const provider = required(ground)
    const pending = pendingOf(context, ground)
    if (!pending)
      throw new Refusal(401, 'This log-in was not begun here, or has run out.', 'Begin again at the log-in page.')
    const { search } = new URL(context.req.url)
    const address = new URL(`${baseOf(context, ground)}${callback}${search}`)
    const identity = await provider.finish(address, pending).catch(refuse)
    const store = whereTo(ground, provider, pending.tenant, identity)
    if (!store) throw noRole()
    const admitted = await admitVouched(store, { ...identity, role: provider.roleIn(store.tenant, identity.groups) })
    if ('refused' in admitted) throw new Refusal(403, ...refusals[admitted.refused])
    await logIn(context, ground, store, admitted.name)
    return context.redirect(pending.next || '/', 303)
  })

  return pages
}

/** The tenant that was asked for; else the first in which the person's groups give a role, else the first. */
function whereTo(ground: Ground, provider: Provider, asked: string, { groups }: Identity): Store | undefined {
  if (asked !== '') return storeOf(ground, asked)
  const reachable = [...ground.stores.values()].find(({ tenant }) => provider.roleIn(tenant, groups) !== null)
  return reachable ?? storeOf(ground, '')
}

/** What the provider refuses is no fault of the console's. */
function refuse(thrown: unknown): never {
  const { code, message, hint } = toAppError(thrown)
  throw code === 'E_ACCESS_DENIED' ? new Refusal(401, message, hint) : thrown
}

function noRole(): Refusal {
  return new Refusal(403, ...refusals.no_role)
}

function required({ provider }: Ground): Provider {
  if (provider) return provider
  throw notFound()
}

function baseOf(context: ConsoleContext, { publicUrl }: Ground): string {
  return publicUrl?.origin ?? new URL(context.req.url).origin
}

function isSecure({ publicUrl }: Ground): boolean {
  return publicUrl?.protocol === 'https:'
}

function cookieName(ground: Ground): string {
  return isSecure(ground) ? '__Host-dim_oidc' : 'dim_oidc'
}

/** Lax: the provider's page leads back here, and the cookie has to come along. */
function keep(context: ConsoleContext, ground: Ground, pending: Pending): void {
  const value = Buffer.from(JSON.stringify(pending)).toString('base64url')
  const secure = isSecure(ground)
  setCookie(context, cookieName(ground), value, {
    httpOnly: true,
    sameSite: 'Lax',
    path: '/',
    secure,
    maxAge: pendingSeconds,
  })
}

/** What was kept, once: coming back a second time begins anew. */
function pendingOf(context: ConsoleContext, ground: Ground): Pending | null {
  const kept = getCookie(context, cookieName(ground)) ?? ''
  deleteCookie(context, cookieName(ground), { path: '/', secure: isSecure(ground) })
  const pending = Pending.safeParse(tryParseJson(Buffer.from(kept, 'base64url').toString('utf8')))
  return pending.success ? { ...pending.data, next: localPath(pending.data.next) } : null
}
