import { createPrivateKey } from 'node:crypto'
import { z } from 'zod'
import { Severity } from '../../domain/alert.ts'
import type { System } from '../../domain/system.ts'
import { AppError } from '../../lib/errors.ts'

const name = z.string().min(1).max(255)

/** What `config/systems.yaml` may say of a Snowflake account, beside what every instance may. */
export const SnowflakePlace = z.strictObject({
  /** `organisation-account`, `locator.region`, or the account's address. */
  account: name,
  /** Without it the user's default one. */
  role: name.optional(),
  warehouse: name.optional(),
  /** Where tables are looked for whose name says no database. */
  database: name.optional(),
  /** The most that asking may cost a day, counted at worst. Default 1. */
  credits_a_day: z.number().min(0).max(1000).optional(),
  /** The severity from which a suspended warehouse is woken. Default HIGH. */
  wakes_from: Severity.optional(),
})

/** Where an account is and how its user logs in, as the driver wants it. */
export interface SnowflakeAccess {
  account: string
  /** Its origin: what nobody checked gets no password. */
  url: string
  username: string
  role: string | null
  warehouse: string | null
  login:
    | { authenticator: 'SNOWFLAKE'; password: string }
    | { authenticator: 'SNOWFLAKE_JWT'; privateKey: string }
    | { authenticator: 'OAUTH'; token: string }
}

/** @throws AppError E_SETTING_INVALID; nothing of what is set is quoted */
export function accessOf({ options, credentials }: System): SnowflakeAccess {
  const { account, role = null, warehouse = null } = SnowflakePlace.parse(options)
  return { ...addressOf(account), username: credentials.username ?? '', role, warehouse, login: loginOf(credentials) }
}

const label = '[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?'
const identifier = new RegExp(`^${label}(?:\\.${label}){0,3}$`, 'i')
const domains = /^((?:[a-z0-9-]+\.)+)snowflakecomputing\.(?:com|cn)$/
/** A tunnel that ends on this machine, or a stand-in. */
const here: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]'])

function addressOf(account: string): Pick<SnowflakeAccess, 'account' | 'url'> {
  const text = account.trim().toLowerCase()
  if (identifier.test(text) && !text.includes('snowflakecomputing')) {
    // Host names hold no underscore, accounts may.
    const domain = /\.cn-/.test(text) ? 'cn' : 'com'
    return { account: text, url: `https://${text.replaceAll('_', '-')}.snowflakecomputing.${domain}` }
  }
  const url = URL.parse(text.includes('://') ? text : `https://${text}`)
  const found = url && domains.exec(url.hostname)
  const isPlain = url && !url.username && !url.password
  if (isPlain && found?.[1] && url.protocol === 'https:') return { account: found[1].slice(0, -1), url: url.origin }
  if (isPlain && here.has(url.hostname) && /^https?:$/.test(url.protocol)) return { account: 'local', url: url.origin }
  throw new AppError(
    'E_SETTING_INVALID',
    'Its account is none of Snowflake’s.',
    'It reads ORGANISATION-ACCOUNT, LOCATOR.REGION, or https://….snowflakecomputing.com.',
  )
}

function loginOf(credentials: System['credentials']): SnowflakeAccess['login'] {
  const { token, private_key: key, passphrase, password, username } = credentials
  if (token) return { authenticator: 'OAUTH', token }
  if (username && key) return { authenticator: 'SNOWFLAKE_JWT', privateKey: privateKeyOf(key, passphrase) }
  if (username && password) return { authenticator: 'SNOWFLAKE', password }
  throw new AppError(
    'E_SETTING_INVALID',
    'It has no log-in.',
    'Give it username and private_key (with passphrase where it has one), username and password, or token (OAuth).',
  )
}

/** A key as PEM, also on one line with `\n` or in base64. */
function privateKeyOf(text: string, passphrase: string | undefined): string {
  const pem = text.includes('-----BEGIN') ? text.replaceAll('\\n', '\n') : Buffer.from(text, 'base64').toString()
  try {
    const key = createPrivateKey({ key: pem, format: 'pem', ...(passphrase ? { passphrase } : {}) })
    return String(key.export({ type: 'pkcs8', format: 'pem' }))
  } catch {
    throw new AppError(
      'E_SETTING_INVALID',
      'Its private key can’t be read.',
      'It is a PEM (-----BEGIN PRIVATE KEY-----), as it is, with \\n for new lines, or in base64; check its passphrase.',
    )
  }
}
