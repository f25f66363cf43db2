import { setTimeout as delay } from 'node:timers/promises'
import type { ZodType } from 'zod'
import { AppError } from './errors.ts'
import { parseJson } from './json.ts'
import { readTail, type Tail } from './tail.ts'

/** What is asked. Every value may be secret: none of it appears in an error. */
export interface JsonRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  headers?: Readonly<Record<string, string>>
  /** Sent as JSON; form data, and text that comes with a content type of its own, go as they are. */
  body?: unknown
  /** Ends the call, waiting between attempts included. */
  signal?: AbortSignal | undefined
  /** For one attempt; default 10 s. */
  timeoutMs?: number
  /** The longest answer that is read, decompressed; default 5 MB. */
  maxBytes?: number
  /** How deep the answer may be nested; default 200. */
  deepest?: number
  /** False for large answers in which no number is an id: see `parseJson`. */
  exact?: boolean
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

const retryableStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])
/** Statuses that send elsewhere. */
export const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
const maxRedirects = 3
/** A longer wait is left to whoever called: it can do better than to hold a task. */
const longestWaitMs = 5_000
const answerKept = 2_000

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

/** Reads the body while counting, so that an endless answer costs no more than the cap. */
async function readText(response: Response, call: Call): Promise<string> {
  const cap = response.ok ? (call.maxBytes ?? 5_000_000) : answerKept
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  // Of one that says so itself nothing is read.
  if (response.ok && Number(response.headers.get('content-length')) > cap) {
    await response.body?.cancel()
    throw tooLong(call.system, cap)
  }
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > cap && response.ok) throw tooLong(call.system, cap)
    text += decoder.decode(chunk, { stream: true })
    if (bytes > cap) break
  }
  return response.ok ? text + decoder.decode() : text.slice(0, cap)
}

function tooLong(system: string, cap: number): AppError {
  return new AppError(
    'E_HTTP_ANSWER',
    `${system} answered more than ${cap.toLocaleString('en')} bytes.`,
    'Check the address; an answer this long is not what was asked for.',
  )
}

function readJson(text: string, { system, deepest, exact }: Call): unknown {
  if (text.trim() === '') return null
  try {
    return parseJson(text, { deepest, exact })
  } catch {
    const isPage = /^\s*</.test(text)
    throw new AppError(
      'E_HTTP_ANSWER',
      isPage ? `${system} answered a web page instead of JSON.` : `${system} answered broken or cut-off JSON.`,
      isPage
        ? 'Check the address: a log-in page or a proxy may be in between.'
        : 'Try again; check what is in between.',
    )
  }
}

function checked<T>(value: unknown, schema: ZodType<T>, system: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const places = result.error.issues.slice(0, 3).map((issue) => `${issue.path.join('.') || 'answer'}: ${issue.message}`)
  throw new AppError(
    'E_HTTP_ANSWER',
    `${system} answered in a shape that is not known (${places.join('; ')}).`,
    'Check that its version is one that SETUP.md names.',
  )
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

/** Retry-After in milliseconds: seconds or an HTTP date (RFC 9110, 10.2.3). */
export function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined
  const milliseconds = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined
}

/** What to do about a code of Node's for a connection that came to nothing. */
export function networkHint(code: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return 'Its host name is not known: check the address, and DNS from here.'
  if (code === 'CERT_HAS_EXPIRED') return 'Its certificate has expired: renew it there.'
  if (/CERT|SELF_SIGNED|ISSUER|LEAF_SIGNATURE/.test(code)) {
    return 'Its certificate is not trusted: name its authority in NODE_EXTRA_CA_CERTS, or correct the host name.'
  }
  if (/^ERR_SSL|EPROTO/.test(code)) return 'It does not speak TLS there: check http or https, and the port.'
  if (code === 'ECONNREFUSED') return 'Nothing listens there: check the address, and that the system is up.'
  return 'Check the address, the network, and that the system is up.'
}

/** The code of a fetch failure (`ECONNREFUSED`), found in its cause. Its text is not shown: it may hold the URL. */
function faultCode(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined
  for (const candidate of [cause, thrown]) {
    const code = candidate instanceof Error && 'code' in candidate ? candidate.code : undefined
    if (typeof code === 'string' && /^[A-Z0-9_]{3,60}$/.test(code)) return code
  }
  return 'connection failed'
}

function hintFor(status: number): string {
  if (status === 401) return 'Check the user name, password or token.'
  if (status === 403) return 'Give the user the right it lacks, or use another user.'
  if (status === 404) return 'Check the address and that the thing still exists.'
  if (status === 429) return 'It is asked too often: wait, or raise its limit.'
  return status >= 500 ? 'It has a fault of its own: see its log.' : 'See the log of the other side for the reason.'
}
