import type { ZodType } from 'zod'
import { secretsOf } from '../../domain/system.ts'
import { AppError } from '../../lib/errors.ts'
import { hasStatus, type JsonRequest, requestJson, requestTail } from '../../lib/http.ts'
import { redact } from '../../lib/redact.ts'
import type { Tail } from '../../lib/tail.ts'
import type { AirflowAccess } from './access.ts'
import { Token } from './answers.ts'

/**
 * A log that is long, or comes slowly from a storage far away, must not use up the time of what matters more. Airflow
 * tells it from its start, some 7 MB a second (3.3), and knows neither ranges nor where to go on but by its own tokens.
 */
export const logMs = 2_000
/** Of a log, however long, so much of its end is looked at. */
export const logTail = 262_144

/** How Airflow is spoken to, in the version that answers. Every call throws AppError as `requestJson` does. */
export interface AirflowSession {
  call<T>(path: Path, request: JsonRequest & { schema: ZodType<T> }): Promise<T>
  /** Whether it is an Airflow 2. */
  isTwo(): Promise<boolean>
  /** The end of a log, or of what of it comes in time: lines of JSON, of text in Airflow 2. */
  logText(path: string): Promise<Tail & { isText: boolean }>
  /** Without this access's own secrets, and what else looks like one. */
  redact(text: string): string
}

/** With a token, or as Airflow 2 wants it. */
interface LogIn {
  base: string
  authorization: string
  isTwo: boolean
}

/** Where to ask, where Airflow 2 differs. */
export type Path = string | ((isTwo: boolean) => string)

/**
 * Logs in with the first call and again when the token has expired. Every call throws AppError as `requestJson` does,
 * and what finding the access threw.
 */
export function openSession(
  given: AirflowAccess | (() => Promise<AirflowAccess>),
  signal: AbortSignal,
): AirflowSession {
  const secrets: string[] = []
  let found: Promise<AirflowAccess> | null = null
  const access = async () => {
    found ??= typeof given === 'function' ? given() : Promise.resolve(given)
    const ready = await found
    const { url, username, password } = ready
    if (secrets.length === 0) secrets.push(...secretsOf({ username, password }, ['airflow', url]))
    return { ...ready, url: url.replace(/\/+$/, '') }
  }
  const common = { system: 'Airflow', signal } as const
  let session: Promise<LogIn> | null = null

  const logIn = async (): Promise<LogIn> => {
    const { url, username, password } = await access()
    try {
      const token = await requestJson(`${url}/auth/token`, {
        ...common,
        method: 'POST',
        // Logging in twice does no harm.
        idempotent: true,
        body: { username, password },
        schema: Token,
      })
      return { base: `${url}/api/v2`, authorization: `Bearer ${token}`, isTwo: false }
    } catch (thrown) {
      if (hasStatus(thrown, 403)) throw notLetIn()
      // Airflow 2 has no tokens.
      if (!hasStatus(thrown, 404) && !hasStatus(thrown, 405)) throw thrown
      const pair = Buffer.from(`${username}:${password}`).toString('base64')
      return { base: `${url}/api/v1`, authorization: `Basic ${pair}`, isTwo: true }
    }
  }

  async function withSession<T>(ask: (session: LogIn) => Promise<T>): Promise<T> {
    session ??= logIn()
    const used = session
    try {
      return await ask(await used)
    } catch (thrown) {
      if (!hasStatus(thrown, 401) || (await used.catch(() => null)) === null) throw thrown
      // Refused, so nothing was done: the token has expired. Calls that found it together log in once.
      if (session === used) session = logIn()
      return await ask(await session)
    }
  }

  function call<T>(path: Path, request: JsonRequest & { schema: ZodType<T> }): Promise<T> {
    return withSession(({ base, authorization, isTwo }) => {
      if (isTwo && (request.method === 'POST' || request.method === 'PUT')) throw onlyThree()
      const where = typeof path === 'string' ? path : path(isTwo)
      return requestJson(`${base}${where}`, { retries: 1, ...common, ...request, headers: { authorization } })
    })
  }

  async function logText(path: string): Promise<Tail & { isText: boolean }> {
    return withSession(async ({ base, authorization, isTwo }) => {
      const tail = await requestTail(`${base}${path}`, {
        ...common,
        retries: 0,
        timeoutMs: logMs,
        tailBytes: logTail,
        headers: { authorization, accept: isTwo ? 'text/plain' : 'application/x-ndjson, application/json' },
      })
      return { ...tail, isText: isTwo }
    })
  }

  const isTwo = () => withSession(async (used) => used.isTwo)

  return { call, isTwo, logText, redact: (text) => redact(text, secrets) }
}

function notLetIn(): AppError {
  return new AppError(
    'E_ACCESS_DENIED',
    'Airflow answered 403 to the log-in.',
    'Check its user, and what is in between.',
  )
}

function onlyThree(): AppError {
  return new AppError(
    'E_FIX_REFUSED',
    'This is Airflow 2, which is read and not changed.',
    'Fixes need Airflow 3; a person has to do it.',
  )
}

/**
 * A path with its parts escaped. Airflow's ids may hold `:`, `+` and dots; a part that is nothing but dots would walk
 * up the path, and `~` stands for all.
 */
export function path(texts: TemplateStringsArray, ...parts: string[]): string {
  return texts.reduce((before, text, index) => {
    const part = parts[index - 1] ?? ''
    if (part === '' || part === '~' || /^\.+$/.test(part)) {
      throw new AppError('E_HTTP_STATUS', 'Airflow has nothing of this name.', 'Check the ids in the alert.')
    }
    return `${before}${encodeURIComponent(part)}${text}`
  })
}
