import * as client from 'openid-client'
import { z } from 'zod'
import { AccountName, type Role } from '../../scripts/domain/account.ts'
import { type GroupRole, readGroupRoles, roleOfGroups } from '../../scripts/domain/group-roles.ts'
import type { Settings } from '../../scripts/lib/config.ts'
import { AppError } from '../../scripts/lib/errors.ts'
import { namespaceOf } from '../../scripts/lib/tenant.ts'

/** What the browser keeps, in a cookie that no script reads, until it comes back from the provider. */
export const Pending = z.object({
  tenant: z.string().max(200),
  next: z.string().max(1000),
  state: z.string().max(200),
  nonce: z.string().max(200),
  verifier: z.string().max(200),
})
export type Pending = z.infer<typeof Pending>

/** Who the provider says it is. */
export interface Identity {
  issuer: string
  subject: string
  name: string
  groups: readonly string[]
}

/** The team's OpenID provider: authorization code with PKCE, state and nonce. */
export interface Provider {
  /** Where to send the browser, and what it keeps meanwhile. @throws AppError E_HTTP_NETWORK */
  begin(redirectUri: string): Promise<{ url: URL } & Pick<Pending, 'state' | 'nonce' | 'verifier'>>
  /** Who came back. `address`: as the provider called it. @throws AppError E_ACCESS_DENIED, E_HTTP_NETWORK */
  finish(address: URL, pending: Pending): Promise<Identity>
  /** What somebody's groups give in a tenant. */
  roleIn(tenant: string, groups: readonly string[]): Role | null
}

const patienceSeconds = 10

/**
 * The provider as it is set up; null when none is. It is asked for its addresses at the first log-in.
 * @throws AppError E_SETTING_INVALID
 */
export function openProvider(settings: Settings, tenants: readonly string[]): Provider | null {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: secret } = settings
  if (!issuer) return null
  const server = issuerOf(issuer)
  if (!clientId) throw wrong('OIDC_CLIENT_ID is not set', 'It is the client that the provider knows the console as.')
  const rules = rulesOf(settings.OIDC_ROLES ?? '', tenants)
  let discovered: Promise<client.Configuration> | undefined

  function configuration(): Promise<client.Configuration> {
    discovered ??= client
      .discovery(server, clientId ?? '', undefined, secret ? client.ClientSecretPost(secret) : client.None(), {
        timeout: patienceSeconds,
        execute: isLoopback(server) ? [client.allowInsecureRequests] : [],
      })
      .catch((thrown) => {
        // Asked anew at the next log-in.
        discovered = undefined
        throw away(thrown)
      })
    return discovered
  }

  return {
    async begin(redirectUri) {
      const known = await configuration()
      const kept = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
      }
      const url = client.buildAuthorizationUrl(known, {
        redirect_uri: redirectUri,
        scope: settings.OIDC_SCOPES ?? 'openid profile email',
        state: kept.state,
        nonce: kept.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(kept.verifier),
        code_challenge_method: 'S256',
      })
      return { url, ...kept }
    },
    async finish(address, { state, nonce, verifier }) {
      const known = await configuration()
      try {
        const tokens = await client.authorizationCodeGrant(known, address, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        })
        const claims = tokens.claims()
        if (!claims) throw new Error('it gave no ID token')
        const told = known.serverMetadata().userinfo_endpoint
          ? await client.fetchUserInfo(known, tokens.access_token, claims.sub)
          : {}
        return identityOf({ ...told, ...claims }, settings)
      } catch (thrown) {
        if (thrown instanceof AppError) throw thrown
        throw isAway(thrown) ? away(thrown) : refused(reasonOf(thrown), { cause: thrown })
      }
    },
    roleIn: (tenant, groups) => roleOfGroups(rules.get(tenant) ?? [], groups),
  }
}

const Groups = z.union([z.array(z.string()), z.string().transform((one) => [one])]).catch([])

/** What the claims say; the name and the groups stand where the settings say. */
function identityOf(claims: Record<string, unknown> & { iss: string; sub: string }, settings: Settings): Identity {
  const from = settings.OIDC_NAME_CLAIM ?? 'email'
  const name = AccountName.safeParse(claims[from])
  if (!name.success) throw refused(`its claim ${from} is no name that an account may have`)
  if (from === 'email' && claims.email_verified === false) throw refused('the e-mail address is not verified')
  const groups = Groups.parse(claims[settings.OIDC_GROUPS_CLAIM ?? 'groups'])
  return { issuer: claims.iss, subject: claims.sub, name: name.data, groups }
}

function issuerOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))) return url
  throw wrong(
    'OIDC_ISSUER is no address with https',
    'It reads https://login.example.com/realms/data, as the provider names itself.',
  )
}

/** On this very machine nobody listens in between. */
function isLoopback({ hostname }: URL): boolean {
  return ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)
}

/** Each tenant's rules. With several tenants each rule names its own: else any group would reach all of them. */
function rulesOf(text: string, tenants: readonly string[]): Map<string, GroupRole[]> {
  const read = readGroupRoles(text)
  if ('fault' in read) {
    throw wrong(
      `OIDC_ROLES can’t be read at ${read.fault.slice(0, 60)}`,
      'It reads admin=GROUP, responder=GROUP, viewer=GROUP.',
    )
  }
  if (read.rules.length === 0)
    throw wrong('OIDC_ROLES is not set', 'It says which group has which role: admin=GROUP, viewer=GROUP.')
  const rules = new Map<string, GroupRole[]>(tenants.map((tenant) => [tenant, []]))
  for (const rule of read.rules) {
    const named = rule.tenant === null ? (tenants.length === 1 ? tenants[0] : undefined) : namespaceOf(rule.tenant)
    if (named === undefined) {
      throw wrong(
        `OIDC_ROLES does not say of which tenant ${rule.role} is`,
        'With several tenants it reads acme:admin=GROUP.',
      )
    }
    rules.get(named)?.push(rule)
  }
  return rules
}

function isAway(thrown: unknown): boolean {
  return thrown instanceof TypeError || (thrown instanceof Error && thrown.name === 'TimeoutError')
}

/** The provider's own word, when it is one; never what it quotes. */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof client.AuthorizationResponseError || thrown instanceof client.ResponseBodyError)
    return thrown.error
  return 'its answer does not hold'
}

function away(cause: unknown): AppError {
  return new AppError(
    'E_HTTP_NETWORK',
    'The log-in provider does not answer.',
    'Try again, or log in with a password.',
    { cause },
  )
}

function refused(why: string, options: { cause?: unknown } = {}): AppError {
  return new AppError(
    'E_ACCESS_DENIED',
    `The log-in provider let nobody in: ${why}.`,
    'Begin again at the log-in page.',
    options,
  )
}

function wrong(what: string, hint: string): AppError {
  return new AppError('E_SETTING_INVALID', `${what}.`, hint)
}
