import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

/** A real OpenID provider on this machine, with people and their groups, and its own log-in form. */
export interface OidcProvider {
  issuer: string
  clientSecret: string
  /** Who there is, by the name that is typed: their claims. Changed by tests. */
  people: Map<string, Record<string, unknown>>
  stop(): Promise<void>
}

export const clientId = 'dim-console'
export const redirectUri = 'http://console.test/login/oidc/callback'

export async function startOidcProvider(): Promise<OidcProvider> {
  // The issuer is part of everything that it signs: its port has to be known first.
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const people: OidcProvider['people'] = new Map()
  const clientSecret = 'a-secret-that-only-the-console-has'
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    scopes: ['openid', 'email', 'groups'],
    pkce: { required: () => true },
    cookies: { keys: ['a key for the cookies of this test'] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people.get(id) }) }),
  })
  server.on('request', provider.callback())
  return { issuer, clientSecret, people, stop: () => stop(server) }
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

/**
 * What a person's browser does at the provider: fills in its forms and follows where it leads, until it leads away.
 * Answers the address that it leads to.
 */
export async function signIn(start: string, { issuer }: OidcProvider, person: string): Promise<URL> {
  const cookies = new Map<string, string>()
  let request: { url: string; form?: URLSearchParams } = { url: start }
  for (let step = 0; step < 12; step += 1) {
    const { url, form } = request
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
      ...(form && { method: 'POST', body: form }),
    })
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    const location = answer.headers.get('location')
    if (location !== null) {
      const next = new URL(location, url)
      if (next.origin !== issuer) return next
      request = { url: next.href }
      continue
    }
    const page = await answer.text()
    const [, action, prompt] = /<form[^>]*action="([^"]+)"[\s\S]*?name="prompt" value="(\w+)"/.exec(page) ?? []
    if (!action || !prompt) throw new Error(`The provider shows no form at ${url}: ${page.slice(0, 300)}`)
    const fields = prompt === 'login' ? { prompt, login: person, password: 'any' } : { prompt }
    request = { url: new URL(action, url).href, form: new URLSearchParams(fields) }
  }
  throw new Error('The provider leads nowhere.')
}
