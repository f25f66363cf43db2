import { setTimeout as delay } from 'node:timers/promises'
import type { ZodType } from 'zod'
import { AppError } from './errors.ts'
import { type Answering, checked, readJson, readText } from './http-answer.ts'
import { faultCode, hintFor, networkHint, retryAfter, retryableStatuses } from './http-faults.ts'
import { readTail, type Tail } from './tail.ts'

/** What is asked. Every value may be secret: none of it appears in an error. */
export interface JsonRequest extends Omit<Answering, 'system'> {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  headers?: Readonly<Record<string, string>>
  /** Sent as JSON; form data, and text that comes with a content type of its own, go as they are. */
  body?: unknown
  /** Ends the call, waiting between attempts included. */
  signal?: AbortSignal | undefined
  /** For one attempt; default 10 s. */
  timeoutMs?: number
  /** Attempts after the first one; default 2. Only a call that may safely happen twice is repeated. */
  retries?: number
  /** Whether the call may happen twice; default: every method but POST and PATCH. */
  idempotent?: boolean
  /** How messages call the other side; default: the host. Never the path, which may be a secret (Slack). */
  system?: string
}

/** The other side answered with a status that is no success. */
export class HttpStatusError extends AppError {
  readonly status: number
  /** The start of the answer. Never part of the message: an error page may repeat what was sent to it. */
  readonly answer: string

  constructor(system: string, status: number, answer: string, retryAfterMs: number | undefined) {
    const isBusy = retryableStatuses.has(status)
    super(isBusy ? 'E_HTTP_BUSY' : 'E_HTTP_STATUS', `${system} answered ${status}.`, hintFor(status), { retryAfterMs })
    this.status = status
    this.answer = answer
  }
}

export function hasStatus(thrown: unknown, status: number): boolean {
  return thrown instanceof HttpStatusError && thrown.status === status
}

/** Statuses that send elsewhere. */
export const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
const maxRedirects = 3
/** A longer wait is left to whoever called: it can do better than to hold a task. */
const longestWaitMs = 5_000

/**
 * Asks for JSON. An empty answer is `null`.
 * @returns the parsed answer: unknown without a schema, checked with one.
 * @throws HttpStatusError for 4xx and 5xx (E_HTTP_STATUS, E_HTTP_BUSY); AppError E_HTTP_TIMEOUT, E_HTTP_NETWORK,
 * E_HTTP_ANSWER (too long, not JSON, breaks the schema), E_HTTP_REDIRECT (to another host), E_SETTING_INVALID (no URL).
 */
export async function requestJson<T>(url: string, request: JsonRequest & { schema: ZodType<T> }): Promise<T>
export async function requestJson(url: string, request?: JsonRequest): Promise<unknown>
export async function requestJson(url: string, request: JsonRequest & { schema?: ZodType } = {}): Promise<unknown> {
  const { address, authorization } = splitCredentials(url)
  const call: Call = { ...request, address, authorization, system: request.system ?? address.host }
  const method = request.method ?? 'GET'
  const mayRepeat = request.idempotent ?? (method !== 'POST' && method !== 'PATCH')
  const attempts = mayRepeat ? 1 + (request.retries ?? 2) : 1
  const text = await withRetries(attempts, call, () => attempt(call, method, (response) => readText(response, call)))
  const value = readJson(text, call)
  return request.schema ? checked(value, request.schema, call.system) : value
}

/**
 * Asks for text of any length and keeps the last `tailBytes` of what comes in time, so that a log of a gigabyte costs no
 * memory.
 * @throws as `requestJson`; E_HTTP_TIMEOUT when nothing comes in time.
 */
export async function requestTail(url: string, request: JsonRequest & { tailBytes: number }): Promise<Tail> {
  const { address, authorization } = splitCredentials(url)
  const call: Call = { ...request, address, authorization, system: request.system ?? address.host }
  return withRetries(1 + (request.retries ?? 2), call, () =>
    attempt(call, 'GET', (response, limit) => readTail(response.body ?? [], request.tailBytes, limit)),
  )
}

/** What is asked for, or null where the other side knows of none. */
export async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (thrown) {
    if (hasStatus(thrown, 404)) return null
    throw thrown
  }
}

interface Call extends JsonRequest {
  address: URL
  authorization: string | null
  system: string
}

async function withRetries<T>(attempts: number, call: Call, run: () => Promise<T>): Promise<T> {
  for (let made = 1; ; made += 1) {
    try {
      return await run()
    } catch (thrown) {
      if (!(thrown instanceof AppError) || !thrown.retryable || made >= attempts) throw thrown
      const waitMs = thrown.retryAfterMs ?? 200 * 2 ** made * (0.5 + Math.random() / 2)
      if (waitMs > longestWaitMs || call.signal?.aborted) throw thrown
      // An aborted wait ends with what went wrong, which says more than that time is up.
      await delay(waitMs, undefined, call.signal ? { signal: call.signal } : {}).catch(() => {
        throw thrown
      })
    }
  }
}

async function attempt<T>(
  call: Call,
  method: string,
  read: (response: Response, limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(call.timeoutMs ?? 10_000)
  const signal = call.signal ? AbortSignal.any([call.signal, limit]) : limit
  try {
    const response = await followed(call, method, signal)
    if (response.ok) return await read(response, limit)
    throw new HttpStatusError(
      call.system,
      response.status,
      await readText(response, call),
      retryAfter(response.headers.get('retry-after')),
    )
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown
    if (signal.aborted) {
      throw new AppError(
        'E_HTTP_TIMEOUT',
        `${call.system} did not answer in time.`,
        'Check that it is up and reachable.',
      )
    }
    const code = faultCode(thrown)
    throw new AppError('E_HTTP_NETWORK', `${call.system} can't be reached (${code}).`, networkHint(code))
  }
}

/** The answer, after redirects that stay on the same host: another one must never see the credentials. */
async function followed(call: Call, method: string, signal: AbortSignal): Promise<Response> {
  let address = call.address
  const content = contentOf(call)
  for (let hops = 0; ; hops += 1) {
    const response = await fetch(address, {
      method,
      headers: {
        accept: 'application/json',
        ...content.headers,
        ...(call.authorization ? { authorization: call.authorization } : {}),
        ...call.headers,
      },
      ...content.init,
      redirect: 'manual',
      signal,
    })
    const location = redirects.has(response.status) ? response.headers.get('location') : null
    if (location === null) return response
    await response.body?.cancel()
    const next = URL.parse(location, address.href)
    const isSafe =
      next !== null && next.host === address.host && !(address.protocol === 'https:' && next.protocol !== 'https:')
    if (!isSafe || method !== 'GET' || hops >= maxRedirects) {
      throw new AppError(
        'E_HTTP_REDIRECT',
        `${call.system} redirects elsewhere${next ? ` (to ${next.host})` : ''}; that was not followed.`,
        'Set the address that it redirects to, if that is the right one.',
      )
    }
    address = next
  }
}

function contentOf({ body, headers }: Call): { headers: Record<string, string>; init: { body?: string | FormData } } {
  if (body === undefined) return { headers: {}, init: {} }
  if (body instanceof FormData) return { headers: {}, init: { body } }
  if (typeof body === 'string' && headers?.['content-type']) return { headers: {}, init: { body } }
  return { headers: { 'content-type': 'application/json' }, init: { body: JSON.stringify(body) } }
}

/** fetch refuses credentials in a URL, naming them in its error; they travel as a header instead. */
function splitCredentials(url: string): { address: URL; authorization: string | null } {
  const address = URL.parse(url)
  if (!address || (address.protocol !== 'http:' && address.protocol !== 'https:')) {
    throw new AppError('E_SETTING_INVALID', 'An address is not an http(s) URL.', 'Check the *_URL settings.')
  }
  const { username, password } = address
  address.username = ''
  address.password = ''
  if (!username && !password) return { address, authorization: null }
  const pair = `${decoded(username)}:${decoded(password)}`
  return { address, authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
