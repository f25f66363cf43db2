import { Socket } from 'node:net'
import { z } from 'zod'
import { AppError } from '../../lib/errors.ts'

/** Asks one statement with its values; each row parsed. */
export type AskRows = <T>(row: z.ZodType<T>, text: string, values?: readonly unknown[]) => Promise<T[]>

const connectMs = 4_000

/**
 * Read-only, briefly, and waiting for nobody's lock. Inside the transaction, so that it holds behind a pooler as well.
 * Only the system's own functions are found.
 */
const begin = `begin transaction read only;
  set local statement_timeout = 4000; set local lock_timeout = 500;
  set local search_path = pg_catalog`

/**
 * One session in one read-only transaction, gone when `signal` says so.
 * @throws AppError E_SETTING_INVALID, E_ACCESS_DENIED, E_HTTP_NETWORK, E_HTTP_TIMEOUT, E_HTTP_BUSY, E_HTTP_ANSWER;
 * nothing that the server said is quoted.
 */
export async function withPostgres<T>(
  url: string,
  signal: AbortSignal,
  work: (ask: AskRows) => Promise<T>,
): Promise<T> {
  if (!/^postgres(?:ql)?:\/\//.test(url) || !URL.canParse(url)) throw unreadable()
  const { default: pg } = await import('pg')
  const socket = new Socket()
  const abort = () => socket.destroy()
  try {
    signal.throwIfAborted()
    signal.addEventListener('abort', abort)
    const client = new pg.Client({
      connectionString: url,
      application_name: 'data-incident-manager',
      connectionTimeoutMillis: connectMs,
      query_timeout: connectMs + 1_000,
      stream: () => socket,
    })
    client.on('error', () => {})
    await client.connect()
    await client.query(begin)
    return await work(async (row, text, values = []) => {
      const { rows } = await client.query(text, [...values])
      return rows.map((found: unknown) => row.parse(found))
    })
  } catch (thrown) {
    throw asFault(thrown)
  } finally {
    signal.removeEventListener('abort', abort)
    // Nothing was changed: the server ends the transaction with the session.
    socket.destroy()
  }
}

const Fault = z.looseObject({ code: z.string().optional(), message: z.string().default('') })

/** What is wrong, by SQLSTATE or by the system's own code for a connection. */
const faults: readonly (readonly [RegExp, (code: string) => AppError])[] = [
  [/^28/, (code) => new AppError('E_ACCESS_DENIED', `It refused the log-in (${code}).`, 'Check user and password.')],
  [
    /^42501/,
    (code) => new AppError('E_ACCESS_DENIED', `Its role may not see that (${code}).`, 'Grant the role pg_monitor.'),
  ],
  [
    /^3D000/,
    (code) => new AppError('E_SETTING_INVALID', `It has no such database (${code}).`, 'Check the database’s name.'),
  ],
  [
    /^(53|57P)/,
    (code) => new AppError('E_HTTP_BUSY', `It takes no sessions now (${code}).`, 'It is asked again by itself.'),
  ],
  [
    /^(57014|55P03|25P03|ETIMEDOUT)/,
    (code) => new AppError('E_HTTP_TIMEOUT', `It did not answer in time (${code}).`, 'Check how busy it is.'),
  ],
  [
    /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/,
    (code) => new AppError('E_HTTP_NETWORK', `Its certificate is not trusted (${code}).`, 'Check TLS and its CA.'),
  ],
  [
    /^E[A-Z_]{3,}$/,
    (code) =>
      new AppError(
        'E_HTTP_NETWORK',
        `It can't be reached (${code}).`,
        'Check host, port and network, and that it is up.',
      ),
  ],
  [
    /^[0-9A-Z]{5}$/,
    (code) => new AppError('E_HTTP_ANSWER', `It refused a question (${code}).`, 'Use PostgreSQL 13 or newer.'),
  ],
]

function asFault(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  if (thrown instanceof z.ZodError) {
    return new AppError('E_HTTP_ANSWER', 'Its answer has a shape that is not known.', 'Use PostgreSQL 13 or newer.')
  }
  const parsed = Fault.safeParse(thrown instanceof AggregateError ? thrown.errors[0] : thrown)
  const { code, message } = parsed.success ? parsed.data : { code: undefined, message: '' }
  const known = code === undefined ? undefined : faults.find(([shape]) => shape.test(code))
  if (known && code !== undefined) return known[1](code)
  if (/timeout/i.test(message)) {
    return new AppError('E_HTTP_TIMEOUT', 'It did not answer in time.', 'Check that it is up and reachable.')
  }
  if (/does not support SSL/i.test(message)) {
    return new AppError('E_HTTP_NETWORK', 'It speaks no TLS.', 'Turn TLS on there, or say sslmode=disable.')
  }
  if (/password must be a string|SASL/i.test(message)) {
    return new AppError(
      'E_ACCESS_DENIED',
      'It wants a password and was given none that it takes.',
      'Check the password.',
    )
  }
  if (/terminated|closed|Client was closed/i.test(message)) {
    return new AppError('E_HTTP_NETWORK', 'The connection broke.', 'Check host, port and network, and that it is up.')
  }
  return unreadable()
}

function unreadable(): AppError {
  return new AppError(
    'E_SETTING_INVALID',
    'Its address can’t be used.',
    'It reads postgresql://USER:PASSWORD@HOST:5432/DATABASE; characters such as @ / # in a password are percent-encoded.',
  )
}
