import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Settings } from '../scripts/lib/config.ts'
import { deactivateAccount, listAccounts } from '../scripts/store/accounts.ts'
import type { Store } from '../scripts/store/connection.ts'
import { openStore } from '../scripts/store/connection.ts'
import { sql } from '../scripts/store/sql.ts'
import { addToken, bearerOf } from '../scripts/store/tokens.ts'
import { openConsole, person } from '../tests/support/console.ts'
import { clientId, type OidcProvider, signIn, startOidcProvider } from '../tests/support/oidc.ts'
import { useTestStore } from '../tests/support/store.ts'
import { createConsole } from './app.tsx'
import { openProvider } from './security/oidc.ts'

const database = useTestStore()
let provider: OidcProvider
beforeAll(async () => {
  provider = await startOidcProvider()
})
afterAll(() => provider.stop())

const origin = 'http://console.test'

/** A browser before a console that this provider lets people into. */
function open(stores: readonly Store[], changes: Settings = {}) {
  const tenants = stores.map(({ tenant }) => tenant)
  const settings = {
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: clientId,
    OIDC_CLIENT_SECRET: provider.clientSecret,
    OIDC_SCOPES: 'openid email groups',
    OIDC_ROLES: 'admin=data-admins, responder=/data/on call, viewer=*',
    ...changes,
  }
  const app = createConsole({
    stores: new Map(stores.map((store) => [store.tenant, store])),
    settings: () => ({ DIM_CONFIG_DIR: 'config' }),
    publicUrl: null,
    provider: openProvider(settings, tenants),
  })
  const cookies = new Map<string, string>()
  const get = async (address: string) => {
    const headers = { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') }
    const answer = await app.request(new URL(address, origin).href, { headers })
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '' || /max-age=0/i.test(cookie)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return answer
  }
  return {
    get,
    cookies,
    /** From the log-in page to the provider; answers where it leads back to. */
    async there(who: string, query = ''): Promise<URL> {
      const answer = await get(`/login/oidc${query}`)
      expect(answer.status).toBe(303)
      return signIn(answer.headers.get('location') ?? '', provider, who)
    },
    /** There and back. */
    async logIn(who: string, query = ''): Promise<Response> {
      return get((await this.there(who, query)).href)
    },
  }
}

let store: Store
beforeEach(() => {
  store = database.tenant()
  provider.people.clear()
  provider.people.set('u-1', { email: 'Ada@Example.com', email_verified: true, groups: ['data-admins', 'others'] })
  provider.people.set('u-2', { email: 'bob@example.com', groups: ['/data/on call'] })
  provider.people.set('u-3', { email: 'eve@example.com', groups: [] })
})

describe('logging in by the provider', () => {
  it('makes an account with the role of the groups, and leads to where it was asked from', async () => {
    const browser = open([store])
    expect(await (await browser.get('/login?next=/quiet')).text()).toContain('href="/login/oidc?next=%2Fquiet"')
    const answer = await browser.logIn('u-1', '?next=%2Fquiet')
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/quiet'])
    expect(await listAccounts(store)).toMatchObject([
      { name: 'ada@example.com', role: 'admin', by_provider: true, ready: true },
    ])
    expect((await browser.get('/accounts')).status).toBe(200)
  })

  it('asks with PKCE, state and nonce, and keeps them from scripts', async () => {
    const browser = open([store])
    const answer = await browser.get('/login/oidc')
    const asked = new URL(answer.headers.get('location') ?? '').searchParams
    expect(Object.fromEntries(asked)).toMatchObject({ response_type: 'code', code_challenge_method: 'S256' })
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked.get(name)?.length, name).toBeGreaterThan(40)
    expect(answer.headers.get('set-cookie')).toMatch(/^dim_oidc=[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/)
  })

  it('takes up other groups at the next log-in, and lets nobody in whose groups give nothing any more', async () => {
    const strict = { OIDC_ROLES: 'admin=data-admins, responder=/data/on call' }
    await open([store], strict).logIn('u-1')
    await open([store], strict).logIn('u-2')
    expect((await listAccounts(store)).map(({ name, role }) => [name, role])).toEqual([
      ['ada@example.com', 'admin'],
      ['bob@example.com', 'responder'],
    ])
    const browser = open([store], strict)
    await browser.logIn('u-1')
    await addToken(store, { account: 'ada@example.com', label: 'x', scope: 'admin', days: 30, tokenHash: 'hash' })
    provider.people.set('u-1', { email: 'ada@example.com', groups: ['/data/on call'] })
    await open([store], strict).logIn('u-1')
    expect((await browser.get('/accounts')).status).toBe(403)
    expect((await bearerOf(store, 'hash'))?.person.role).toBe('responder')
    provider.people.set('u-1', { email: 'ada@example.com', groups: ['others'] })
    const answer = await open([store], strict).logIn('u-1')
    expect([answer.status, await answer.text()]).toEqual([
      403,
      expect.stringContaining('Your groups give you no role here'),
    ])
    expect((await browser.get('/')).status).toBe(303)
    expect(await bearerOf(store, 'hash')).toBeNull()
  })

  it('knows a person by the subject, not by a name that anybody may choose', async () => {
    await person(store, 'ada@example.com', 'admin')
    const answer = await open([store]).logIn('u-1')
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('has a password of its own')])
    await open([store]).logIn('u-2')
    provider.people.set('u-2', { email: 'robert@example.com', groups: ['/data/on call'] })
    await open([store]).logIn('u-2')
    provider.people.set('u-9', { email: 'bob@example.com', groups: ['data-admins'] })
    expect((await open([store]).logIn('u-9')).status).toBe(403)
    expect((await listAccounts(store)).map(({ name, role }) => [name, role])).toEqual([
      ['ada@example.com', 'admin'],
      ['bob@example.com', 'responder'],
    ])
  })

  it('takes an account with a password over when an admin has handed it over, once', async () => {
    await person(store, 'ada@example.com', 'responder')
    await person(store, 'root', 'admin')
    const admin = openConsole([store])
    await admin.logIn(store, 'root')
    expect((await admin.send('/accounts', '/accounts/single-sign-on', { name: 'ada@example.com' })).status).toBe(303)
    expect((await admin.send('/accounts', '/accounts/single-sign-on', { name: 'nobody' })).status).toBe(404)
    expect((await open([store]).logIn('u-1')).status).toBe(303)
    expect((await listAccounts(store))[0]).toMatchObject({ name: 'ada@example.com', role: 'admin', by_provider: true })
    const before = openConsole([store])
    await before.logIn(store, 'ada@example.com')
    expect((await before.get('/')).status).toBe(303)
    provider.people.set('u-9', { email: 'ada@example.com', groups: ['data-admins'] })
    expect((await open([store]).logIn('u-9')).status).toBe(403)
  })

  it('lets nobody in who was deactivated here', async () => {
    await open([store]).logIn('u-1')
    await open([store]).logIn('u-3')
    await deactivateAccount(store, 'eve@example.com', 'ada@example.com')
    expect((await open([store]).logIn('u-3')).status).toBe(403)
    expect(await deactivateAccount(store, 'ada@example.com', 'ada@example.com')).toBe('last_admin')
  })

  it.each([
    ['with an address that is not verified', { email: 'mallory@example.com', email_verified: false }],
    ['without an address', {}],
    ['with an address that is none', { email: '"><script>@x' }],
  ])('refuses whoever comes %s', async (_, claims) => {
    provider.people.set('u-5', claims)
    const answer = await open([store]).logIn('u-5')
    expect(answer.status).toBe(401)
    expect(await answer.text()).not.toContain('<script>@x')
    expect(await listAccounts(store)).toEqual([])
  })

  it('asks anew for the groups after a day, and lets tokens rest after thirty', async () => {
    const browser = open([store])
    await browser.logIn('u-1')
    await addToken(store, { account: 'ada@example.com', label: 'x', scope: 'admin', days: 90, tokenHash: 'hash' })
    await using owner = openStore(database.database().ownerUrl, store.tenant)
    await owner.transaction((query) => query.run(sql`update sessions set created_at = now() - interval '25 hours'`))
    expect((await browser.get('/')).status).toBe(303)
    expect(await bearerOf(store, 'hash')).not.toBeNull()
    await owner.transaction((query) => query.run(sql`update accounts set oidc_seen_at = now() - interval '31 days'`))
    expect(await bearerOf(store, 'hash')).toBeNull()
    await browser.logIn('u-1')
    expect(await bearerOf(store, 'hash')).not.toBeNull()
  })

  it('leads to the tenant that is asked for, else to the first in which the groups count', async () => {
    const other = database.tenant()
    const roles = { OIDC_ROLES: `incident_management:viewer=nobody, acme:admin=data-admins` }
    const named = (tenant: string) => ({ ...other, tenant }) as Store
    await using root = openStore(database.database().appUrl, 'incident_management')
    await using acme = openStore(database.database().appUrl, 'incident_management.acme')
    const answer = await open([root, acme], roles).logIn('u-1')
    expect(answer.status).toBe(303)
    expect(await listAccounts(acme)).toMatchObject([{ name: 'ada@example.com' }])
    expect((await open([root, acme], roles).logIn('u-1', '?tenant=incident_management')).status).toBe(403)
    expect(await listAccounts(root)).toEqual([])
    expect(() => open([named('a'), named('b')])).toThrow(/does not say of which tenant admin is/)
  })
})

describe('coming back', () => {
  it('counts once, and only in the browser that went', async () => {
    const browser = open([store])
    const back = await browser.there('u-1')
    expect((await open([store]).get(back.href)).status).toBe(401)
    expect((await browser.get(back.href)).status).toBe(303)
    expect((await browser.get(back.href)).status).toBe(401)
    expect((await listAccounts(store)).length).toBe(1)
  })

  it.each([
    ['another state', (back: URL) => back.searchParams.set('state', 'x'.repeat(43))],
    ['no state', (back: URL) => back.searchParams.delete('state')],
    ['another code', (back: URL) => back.searchParams.set('code', 'x'.repeat(43))],
    ['no code', (back: URL) => back.searchParams.delete('code')],
    ['another issuer', (back: URL) => back.searchParams.set('iss', 'https://evil.example')],
    [
      'a refusal',
      (back: URL) => {
        back.searchParams.delete('code')
        back.searchParams.set('error', 'access_denied')
      },
    ],
  ])('with %s it is refused', async (_, tamper) => {
    const browser = open([store])
    const back = await browser.there('u-1')
    tamper(back)
    expect((await browser.get(back.href)).status).toBe(401)
    expect(browser.cookies.has('dim_session')).toBe(false)
    expect(await listAccounts(store)).toEqual([])
  })

  it.each(['verifier', 'nonce', 'state'])('with another %s in its cookie it is refused', async (name) => {
    const browser = open([store])
    const back = await browser.there('u-1')
    const kept = z
      .record(z.string(), z.string())
      .parse(JSON.parse(Buffer.from(browser.cookies.get('dim_oidc') ?? '', 'base64url').toString()))
    browser.cookies.set(
      'dim_oidc',
      Buffer.from(JSON.stringify({ ...kept, [name]: 'x'.repeat(43) })).toString('base64url'),
    )
    expect((await browser.get(back.href)).status).toBe(401)
    expect(await listAccounts(store)).toEqual([])
  })

  it.each(['//evil.example', 'https://evil.example', '/\\evil.example'])('never leads to %s', async (next) => {
    const browser = open([store])
    const back = await browser.there('u-1', `?next=${encodeURIComponent(next)}`)
    expect((await browser.get(back.href)).headers.get('location')).toBe('/')
  })
})

describe('the settings', () => {
  const set = (changes: Settings) => () =>
    openProvider(
      { OIDC_ISSUER: 'https://login.example.com', OIDC_CLIENT_ID: 'x', OIDC_ROLES: 'viewer=*', ...changes },
      ['incident_management'],
    )

  it.each([
    [{ OIDC_ISSUER: 'http://login.example.com' }, /OIDC_ISSUER is no address with https/],
    [{ OIDC_ISSUER: 'login.example.com' }, /OIDC_ISSUER is no address/],
    [{ OIDC_CLIENT_ID: undefined }, /OIDC_CLIENT_ID is not set/],
    [{ OIDC_ROLES: undefined }, /OIDC_ROLES is not set/],
    [{ OIDC_ROLES: 'owner=x' }, /OIDC_ROLES can’t be read at owner=x/],
  ])('%j is a fault at the start', (changes, fault) => {
    expect(set(changes)).toThrow(fault)
  })

  it('are not needed', () => {
    expect(set({ OIDC_ISSUER: undefined })()).toBeNull()
  })

  it('of a provider that does not answer cost one page, and nothing else', async () => {
    const browser = open([store], { OIDC_ISSUER: 'http://127.0.0.1:1' })
    const answer = await browser.get('/login/oidc')
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('does not answer')])
    expect((await browser.get('/login')).status).toBe(200)
  })
})
