import { hashSecret, newSecret } from '../../scripts/lib/one-time.ts'
import type { Store } from '../../scripts/store/connection.ts'
import { type Bearer, bearerOf } from '../../scripts/store/tokens.ts'
import { addressOf } from '../address.ts'
import type { ConsoleContext, Ground } from '../environment.ts'
import { Refusal } from '../refusal.ts'
import { RateLimit } from './rate-limit.ts'

const minuteMs = 60_000

/** A new token: told by its beginning, so that scanners find one that leaked; it names its tenant and 256 bits of chance. */
export function newToken(tenant: string): { token: string; hash: string } {
  const secret = newSecret()
  return { token: `dim_${tenant}~${secret}`, hash: hashSecret(secret) }
}

/** Finds who asks by `Authorization: Bearer …`; a cookie says nothing here, so that no other site can ask. */
export class BearerGate {
  readonly #ground: Pick<Ground, 'stores'>
  readonly #byToken = new RateLimit(600, minuteMs)
  // Tokens can't be guessed: this bounds what whoever tries costs the store. Behind a proxy all people share it.
  readonly #byAddress = new RateLimit(3000, minuteMs)

  constructor(ground: Pick<Ground, 'stores'>) {
    this.#ground = ground
  }

  /** @throws Refusal 401, 429 */
  async admit(context: ConsoleContext): Promise<Bearer & { store: Store }> {
    const header = context.req.header('authorization') ?? ''
    const [, tenant = '', secret = ''] = /^Bearer dim_([a-z0-9][a-z0-9._-]{0,149})~([\w-]{43})$/i.exec(header) ?? []
    const store = this.#ground.stores.get(tenant)
    const hash = hashSecret(secret)
    const wait = Math.max(this.#byAddress.take(addressOf(context)), store ? this.#byToken.take(`${tenant}/${hash}`) : 0)
    if (wait > 0) {
      context.header('retry-after', String(Math.ceil(wait / 1000)))
      throw new Refusal(
        429,
        'Too many requests.',
        `Ask again in ${Math.ceil(wait / 1000)} s; 600 a minute are answered.`,
      )
    }
    const bearer = store && (await bearerOf(store, hash))
    if (store && bearer) return { ...bearer, store }
    context.header('www-authenticate', 'Bearer')
    throw new Refusal(
      401,
      header === '' ? 'This needs a token.' : 'This token is not good.',
      'Make one in the console under API tokens, and send it as: Authorization: Bearer dim_…',
    )
  }
}
