import { beforeEach, describe, expect, it } from 'vitest'
import { hashSecret, newSecret } from '../scripts/lib/one-time.ts'
import { addAccount, deactivateAccount, ensureFirstAdmin, redeemInvite } from '../scripts/store/accounts.ts'
import { openStore, type Store } from '../scripts/store/connection.ts'
import { closeIncident, loadIncident } from '../scripts/store/incidents.ts'
import { dayOfIncidents } from '../tests/support/day-of-incidents.ts'
import { exampleAlert, receive, useTestStore } from '../tests/support/store.ts'
import { tell } from '../tests/support/stories.ts'
import { createConsole } from './app.tsx'
import { localPath } from './pages/login.tsx'
import { hashPassword } from './security/password.ts'

const origin = 'http://console.test'
const database = useTestStore()
const password = 'correct horse battery'
let passwordHash: string | undefined

/** A console over one tenant, or several, and what a browser does with it. */
async function open(stores: readonly Store[]) {
  const app = createConsole({
    stores: new Map(stores.map((store) => [store.tenant, store])),
    settings: () => ({}),
    publicUrl: null,
  })
  const get = (path: string, cookie = '') => app.request(`${origin}${path}`, { headers: { cookie } })
  const post = (
    path: string,
    form: Record<string, string>,
    cookie = '',
    headers: Record<string, string> = { origin },
  ) =>
    app.request(`${origin}${path}`, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: { cookie, ...headers },
    })
  return {
    get,
    post,
    async logIn(store: Store, name: string): Promise<string> {
      const answer = await post('/login', { tenant: store.tenant, name, password })
      return answer.headers.get('set-cookie')?.split(';')[0] ?? ''
    },
  }
}

async function person(store: Store, name: string, role: 'viewer' | 'responder' | 'admin'): Promise<void> {
  const invite = hashSecret(newSecret())
  passwordHash ??= await hashPassword(password)
  await addAccount(store, { name, role, inviteHash: invite, by: 'test' })
  await redeemInvite(store, invite, passwordHash)
}

async function csrfOf(answer: Response): Promise<string> {
  return /name="_csrf" value="([^"]+)"/.exec(await answer.text())?.[1] ?? ''
}

let store: Store
let other: Store
let browser: Awaited<ReturnType<typeof open>>
beforeEach(async () => {
  store = database.tenant()
  other = database.tenant()
  browser = await open([store, other])
})

describe('who may', () => {
  it('shows nothing without a log-in, and leads back after it', async () => {
    const answer = await browser.get('/incidents/INC-1?x=1')
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login?next=%2Fincidents%2FINC-1%3Fx%3D1'])
    expect((await browser.post('/incidents/INC-1/resolve', {})).status).toBe(401)
    expect((await browser.get('/live')).status).toBe(303)
  })

  it('lets the first admin in by the link, once', async () => {
    const secret = newSecret()
    expect(await ensureFirstAdmin(store, hashSecret(secret))).toBe(true)
    const path = `/join/${store.tenant}/${secret}`
    expect((await browser.get(path)).status).toBe(200)
    expect((await browser.get(path)).status).toBe(200)
    expect((await browser.post(path, { password: 'short', again: 'short' })).status).toBe(400)
    expect((await browser.post(path, { password, again: `${password}!` })).status).toBe(400)
    const answer = await browser.post(path, { password, again: password })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/'])
    expect((await browser.get(path)).status).toBe(404)
    expect(await ensureFirstAdmin(store, hashSecret(newSecret()))).toBe(false)
    expect((await browser.get('/', await browser.logIn(store, 'admin'))).status).toBe(200)
  })

  it('keeps the cookie from scripts and other sites', async () => {
    await person(store, 'ada', 'viewer')
    const answer = await browser.post('/login', { tenant: store.tenant, name: 'ada', password })
    expect(answer.headers.get('set-cookie')).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/)
    const secure = createConsole({
      stores: new Map([[store.tenant, store]]),
      settings: () => ({}),
      publicUrl: new URL('https://x.example'),
    })
    const form = new URLSearchParams({ tenant: store.tenant, name: 'ada', password })
    const behindProxy = await secure.request('http://127.0.0.1/login', {
      method: 'POST',
      body: form,
      headers: { origin: 'https://x.example' },
    })
    expect(behindProxy.headers.get('set-cookie')).toMatch(/^__Host-dim_session=.*; Secure/)
  })

  it.each([
    ['a wrong password', { name: 'ada', password: 'wrong horse battery' }],
    ['nobody of that name', { name: 'bob', password }],
    ['no name', { name: '', password }],
    ['a name that is none', { name: "' or 1=1 --", password }],
  ])('refuses %s in the same words', async (_, form) => {
    await person(store, 'ada', 'viewer')
    const answer = await browser.post('/login', { tenant: store.tenant, ...form })
    expect(answer.status).toBe(401)
    expect(await answer.text()).toContain('Tenant, name or password is not right.')
  })

  it('asks for the tenant by its name, and names none to who is not logged in', async () => {
    const page = await (await browser.get('/login?tenant=acme')).text()
    expect(page).toContain('name="tenant" value="acme"')
    expect(page).not.toContain(store.tenant)
    const alone = await (await open([store])).get('/login')
    expect(await alone.text()).not.toContain('name="tenant"')
  })

  it('knows a tenant by its short name', async () => {
    const acme = openStore(database.database().appUrl, 'incident_management.acme')
    await person(acme, 'ada', 'viewer')
    const of = await open([store, acme])
    for (const [tenant, status] of [
      ['acme', 303],
      [' incident_management.acme ', 303],
      ['acm', 401],
      ['acme.', 401],
      ['', 401],
    ] as const) {
      expect((await of.post('/login', { tenant, name: 'ada', password })).status, tenant).toBe(status)
    }
    await acme.close()
  })

  it('refuses further tries after ten, the right one too', async () => {
    await person(store, 'ada', 'viewer')
    for (let index = 0; index < 10; index += 1) {
      expect((await browser.post('/login', { tenant: store.tenant, name: 'ada', password: 'x' })).status).toBe(401)
    }
    const answer = await browser.post('/login', { tenant: store.tenant, name: 'ada', password })
    expect([answer.status, Number(answer.headers.get('retry-after'))]).toEqual([429, expect.any(Number)])
  })

  it.each([
    ['of another name', (cookie: string) => cookie.replace('dim_session', 'session')],
    ['of another tenant', (cookie: string) => cookie.replace(store.tenant, other.tenant)],
    ['with another secret', (cookie: string) => `${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'B' : 'A'}`],
    ['with SQL in it', (cookie: string) => `${cookie}'; drop table sessions; --`],
    ['that is empty', () => 'dim_session='],
  ])('knows no session by a cookie %s', async (_, tamper) => {
    await person(store, 'ada', 'admin')
    const cookie = await browser.logIn(store, 'ada')
    expect((await browser.get('/', cookie)).status).toBe(200)
    expect((await browser.get('/', tamper(cookie))).status).toBe(303)
  })

  it('ends a session by logging out, and all of a person’s by deactivating', async () => {
    await person(store, 'ada', 'admin')
    await person(store, 'bob', 'admin')
    const [first, second] = [await browser.logIn(store, 'ada'), await browser.logIn(store, 'ada')]
    await browser.post('/logout', {}, first)
    expect((await browser.get('/', first)).status).toBe(303)
    expect((await browser.get('/', second)).status).toBe(200)
    expect(await deactivateAccount(store, 'ada', 'bob')).toBe('changed')
    expect((await browser.get('/', second)).status).toBe(303)
    expect(await browser.logIn(store, 'ada')).toBe('')
    expect(await deactivateAccount(store, 'bob', 'bob')).toBe('last_admin')
  })

  it.each([
    ['//evil.example', ''],
    ['/\\evil.example', ''],
    ['https://evil.example/', ''],
    ['javascript:alert(1)', ''],
    ['/\t/evil.example', ''],
    ['/incidents/INC-1?x=1', '/incidents/INC-1?x=1'],
  ])('after logging in, %s leads to %j', (next, expected) => {
    expect(localPath(next)).toBe(expected)
  })
})

describe('a change', () => {
  let cookie: string
  let id: string
  let csrf: string
  beforeEach(async () => {
    await person(store, 'ada', 'responder')
    cookie = await browser.logIn(store, 'ada')
    id = (await receive(store, exampleAlert())).incidents[0] ?? ''
    csrf = await csrfOf(await browser.get(`/incidents/${id}`, cookie))
  })
  const state = async () => (await loadIncident(store, id)).incident.state

  it('is done by a form of the session, with who and why', async () => {
    const answer = await browser.post(
      `/incidents/${id}/resolve`,
      { _csrf: csrf, why: 'the vendor sent the file' },
      cookie,
    )
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `/incidents/${id}?done=resolved`])
    const page = await (await browser.get(`/incidents/${id}?done=resolved`, cookie)).text()
    expect(page).toContain('the vendor sent the file')
    expect(page).toContain('by ada')
    expect(page).not.toContain('Resolve it')
  })

  it.each([
    ['without the form’s token', {}, { origin }, 403],
    ['with another token', { _csrf: 'x' }, { origin }, 403],
    ['from another site', { _csrf: '' }, { origin: 'https://evil.example' }, 403],
    ['from nowhere', { _csrf: '' }, {}, 403],
    ['from another site, as the browser says', { _csrf: '' }, { origin, 'sec-fetch-site': 'cross-site' }, 403],
  ])('is refused %s', async (_, form, headers, status) => {
    const filled = { why: 'because', ...form, ...('_csrf' in form && form._csrf === '' ? { _csrf: csrf } : {}) }
    const answer = await browser.post(`/incidents/${id}/resolve`, filled, cookie, headers as Record<string, string>)
    expect([answer.status, await state()]).toEqual([status, 'open'])
  })

  it('is refused without a reason, to a viewer, and when it is too long', async () => {
    expect((await browser.post(`/incidents/${id}/resolve`, { _csrf: csrf, why: ' ' }, cookie)).status).toBe(400)
    await person(store, 'eve', 'viewer')
    const viewer = await browser.logIn(store, 'eve')
    const page = await browser.get(`/incidents/${id}`, viewer)
    const token = await csrfOf(page)
    expect((await browser.post(`/incidents/${id}/resolve`, { _csrf: token, why: 'because' }, viewer)).status).toBe(403)
    expect(
      (await browser.post(`/incidents/${id}/resolve`, { _csrf: csrf, why: 'x'.repeat(70_000) }, cookie)).status,
    ).toBe(413)
    expect(await state()).toBe('open')
  })

  it('of what is over already is refused, and says so', async () => {
    await closeIncident(store, id, 'resolve', { who: 'its monitor', why: 'well again' })
    const answer = await browser.post(`/incidents/${id}/resolve`, { _csrf: csrf, why: 'because' }, cookie)
    expect(answer.status).toBe(409)
  })
})

describe('a page', () => {
  let cookie: string
  beforeEach(async () => {
    await person(store, 'ada', 'admin')
    cookie = await browser.logIn(store, 'ada')
  })

  it('says what to do when nothing is open', async () => {
    expect(await (await browser.get('/', cookie)).text()).toContain('All quiet')
  })

  it('shows a day of incidents, worst first, and each of them', async () => {
    const told = new Map<string, string>()
    for (const story of dayOfIncidents()) told.set(story.name, await tell(store, story))
    const now = await (await browser.get('/', cookie)).text()
    const order = [...now.matchAll(/data-row="([^"]+)"/g)].map(([, id]) => id)
    expect(order).toHaveLength(6)
    expect(order[0]).toBe(told.get('daily-elt'))
    expect(order.at(-1)).toBe(told.get('unused-column'))
    expect(order).not.toContain(told.get('worker-memory'))
    for (const [name, id] of told) {
      const answer = await browser.get(`/incidents/${id}`, cookie)
      expect([name, answer.status]).toEqual([name, 200])
    }
    const drift = await (await browser.get(`/incidents/${told.get('schema-drift')}`, cookie)).text()
    for (const part of [
      'deploy_bot dropped customer_segment',
      'href="#evidence-ev_3"',
      'raw.segment.tracks',
      'gemini-2.5-flash',
      '$0.0034',
    ]) {
      expect(drift).toContain(part)
    }
    const filtered = await (await browser.get('/?severity=CRITICAL&search=ELT', cookie)).text()
    expect([...filtered.matchAll(/data-row=/g)]).toHaveLength(1)
    expect(await (await browser.get('/?search=100%25_', cookie)).text()).toContain('No open incident matches')
  })

  it('of another tenant’s incident is not there', async () => {
    const id = (await receive(other, exampleAlert())).incidents[0] ?? ''
    expect((await browser.get(`/incidents/${id}`, cookie)).status).toBe(404)
    const csrf = await csrfOf(await browser.get('/', cookie))
    expect((await browser.post(`/incidents/${id}/resolve`, { _csrf: csrf, why: 'because' }, cookie)).status).toBe(404)
    expect((await loadIncident(other, id)).incident.state).toBe('open')
  })

  it.each([
    '/?page=999999999999999999999',
    '/?page=-1',
    '/?page=1e9',
    '/?page=NaN',
    '/?severity=WORST',
    '/?severity=HIGH&severity=LOW',
    '/?search=%00%ff',
    '/?search=%25%5C%27',
    '/incidents?page=999999999999999999999',
    '/quiet?page=-1&from=0000-00-00&to=99999-12-31',
    '/sources?page=1e9',
    '/analytics/rules.csv?from=0001-01-01&to=9999-12-31',
  ])('answers %s as it would without', async (path) => {
    expect((await browser.get(path, cookie)).status).toBe(200)
  })

  it('cuts a search, and refuses an id, of thousands of characters', async () => {
    expect((await browser.get(`/?search=${'x'.repeat(5000)}`, cookie)).status).toBe(200)
    expect((await browser.get(`/incidents/${'x'.repeat(3000)}`, cookie)).status).toBe(404)
  })

  it.each([
    '/incidents/..%2F..%2Fetc%2Fpasswd',
    '/incidents/%00',
    '/incidents/INC-1%27%20or%201=1',
    '/nowhere',
    '/assets/x/../../package.json',
    '/assets/000000000000/console.css',
    '/assets/x/constructor',
    '/join/incident_management/x',
    '/join/__proto__/x',
  ])('at %s is not there', async (path) => {
    expect((await browser.get(path, cookie)).status).toBe(404)
  })

  it('lets nothing run or load that is not the console’s own', async () => {
    for (const path of ['/', '/login', '/nowhere']) {
      const answer = await browser.get(path, cookie)
      const policy = answer.headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'")
      expect(policy).not.toMatch(/unsafe|\*|https?:/)
      const page = await answer.text()
      expect(page).toMatch(/^<!DOCTYPE html><html lang="en">/)
      expect(page).not.toMatch(/<script(?! src="\/assets\/)|\son\w+=|\sstyle=|javascript:/)
      expect([...page.matchAll(/(?:src|href)="(?:https?:)?\/\//g)]).toEqual([])
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
  })
})
