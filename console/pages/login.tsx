import { Hono } from 'hono'
import { z } from 'zod'
import { AccountName } from '../../scripts/domain/account.ts'
import { hashSecret } from '../../scripts/lib/one-time.ts'
import { findInvite, passwordHashOf, redeemInvite } from '../../scripts/store/accounts.ts'
import { appendAudit } from '../../scripts/store/audit.ts'
import type { Store } from '../../scripts/store/connection.ts'
import { addressOf } from '../address.ts'
import type { ConsoleContext, ConsoleEnv, Ground } from '../environment.ts'
import { Plain } from '../parts/layout.tsx'
import { address } from '../parts/query.ts'
import { notFound } from '../refusal.ts'
import { checkPassword, hashPassword, Password } from '../security/password.ts'
import { RateLimit } from '../security/rate-limit.ts'
import { logIn, logOut } from '../security/session.ts'
import { storeOf } from '../security/tenant.ts'

const minute = 60_000

const LoginForm = z.object({
  tenant: z.string().max(150).default(''),
  name: z.string().max(200).default(''),
  password: z.string().max(1000).default(''),
  next: z.string().max(1000).default(''),
})

const JoinForm = z.object({ password: z.string().max(1000).default(''), again: z.string().max(1000).default('') })

/** Logging in and out, and the one-time link by which a person sets a password. */
export function loginPages(ground: Ground): Hono<ConsoleEnv> {
  // A person who mistypes gets through; whoever guesses does not, be it one name from anywhere or any name from one place.
  const byName = new RateLimit(10, 15 * minute)
  const byAddress = new RateLimit(60, 15 * minute)
  const pages = new Hono<ConsoleEnv>()
  /** Whether the tenant is asked for: by name, because which others there are is nobody's business before logging in. */
  const shownFor = (tenant: string) => ({
    asks: ground.stores.size > 1,
    tenant: tenant.slice(0, 150),
    hasProvider: ground.provider != null,
  })

  pages.get('/login', (context) => {
    const { next = '', tenant = '' } = context.req.query()
    return context.html(<LoginPage {...shownFor(tenant)} next={localPath(next)} fault={null} />)
  })

  pages.post('/login', async (context) => {
    const form = LoginForm.parse(await context.req.parseBody())
    const store = storeOf(ground, form.tenant)
    const name = AccountName.safeParse(form.name).data ?? ''
    const from = addressOf(context)
    const refuse = (status: 401 | 429, fault: string) =>
      context.html(<LoginPage {...shownFor(form.tenant)} next={localPath(form.next)} fault={fault} />, status)
    const key = `${store?.tenant ?? ''}/${name}`
    const wait = Math.max(byAddress.take(from), byName.take(key))
    if (wait > 0) {
      context.header('retry-after', String(Math.ceil(wait / 1000)))
      return refuse(429, `Too many tries. Wait ${Math.ceil(wait / minute)} min, then try again.`)
    }
    const kept = store && name ? await passwordHashOf(store, name) : null
    if (!store || !(await checkPassword(kept, form.password))) {
      if (store && name) await noteFailure(store, name, from)
      return refuse(401, `${ground.stores.size > 1 ? 'Tenant, name' : 'Name'} or password is not right.`)
    }
    byName.forget(key)
    await logIn(context, ground, store, name)
    return context.redirect(localPath(form.next) || '/', 303)
  })

  pages.post('/logout', async (context) => {
    await logOut(context, ground)
    return context.redirect('/login', 303)
  })

  pages.get('/join/:tenant/:secret', async (context) => {
    const { invite } = await invited(context, ground)
    return context.html(<JoinPage name={invite.name} fault={null} />)
  })

  pages.post('/join/:tenant/:secret', async (context) => {
    const { store, invite, hash } = await invited(context, ground)
    const form = JoinForm.parse(await context.req.parseBody())
    const checked = Password.safeParse(form.password)
    const fault = !checked.success
      ? `The password ${checked.error.issues[0]?.message}.`
      : form.password === form.again
        ? null
        : 'The two passwords are not the same.'
    if (fault !== null) return context.html(<JoinPage name={invite.name} fault={fault} />, 400)
    const name = await redeemInvite(store, hash, await hashPassword(form.password))
    if (name === null) throw notFound('This link')
    await logIn(context, ground, store, name)
    return context.redirect('/', 303)
  })

  return pages
}

async function invited(context: ConsoleContext, ground: Ground) {
  const store = ground.stores.get(context.req.param('tenant') ?? '')
  const hash = hashSecret(context.req.param('secret') ?? '')
  const invite = store ? await findInvite(store, hash) : null
  if (!store || !invite) throw notFound('This one-time link')
  return { store, invite, hash }
}

/** Only a path of this console is followed after logging in: `//host`, `/\host` and `https:` lead elsewhere. */
export function localPath(next: string): string {
  if (!/^\/(?![/\\])[^\\\s]*$/.test(next)) return ''
  const resolved = new URL(next, 'http://console.invalid')
  return resolved.host === 'console.invalid' ? `${resolved.pathname}${resolved.search}` : ''
}

function noteFailure(store: Store, name: string, address: string): Promise<void> {
  return appendAudit(store, { actor: 'console', what: 'refused a log-in', subject: name, detail: { address } })
}

interface LoginProps {
  asks: boolean
  tenant: string
  hasProvider: boolean
  next: string
  fault: string | null
}

function LoginPage({ asks, tenant, hasProvider, next, fault }: LoginProps) {
  return (
    <Plain title="Log in">
      <h1>Log in</h1>
      {fault === null ? null : (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {hasProvider ? (
        <p>
          <a class="button primary" href={address('/login/oidc', { tenant, next })}>
            Log in with single sign-on
          </a>
        </p>
      ) : null}
      <form method="post" action="/login" class="stacked">
        <input type="hidden" name="next" value={next} />
        {asks ? (
          <label>
            Tenant
            <input name="tenant" value={tenant} autocomplete="organization" autocapitalize="none" maxlength={150} />
          </label>
        ) : null}
        <label>
          Name
          <input name="name" autocomplete="username" autocapitalize="none" required maxlength={100} />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required maxlength={200} />
        </label>
        <button type="submit" class={hasProvider ? '' : 'primary'}>
          {hasProvider ? 'Log in with a password' : 'Log in'}
        </button>
      </form>
      <p class="muted">No account yet, or the password is lost? An admin makes a one-time link under Accounts.</p>
    </Plain>
  )
}

function JoinPage({ name, fault }: { name: string; fault: string | null }) {
  return (
    <Plain title="Set your password">
      <h1>Set your password</h1>
      <p>
        This link is for <strong>{name}</strong> and works once. Choose 12 characters or more; several words are easier
        to keep than symbols.
      </p>
      {fault === null ? null : (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <form method="post" class="stacked">
        <input type="hidden" name="username" value={name} autocomplete="username" />
        <label>
          Password
          <input name="password" type="password" autocomplete="new-password" required minlength={12} maxlength={200} />
        </label>
        <label>
          The same again
          <input name="again" type="password" autocomplete="new-password" required minlength={12} maxlength={200} />
        </label>
        <button type="submit" class="primary">
          Set it and log in
        </button>
      </form>
    </Plain>
  )
}
