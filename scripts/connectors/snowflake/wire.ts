import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { AppError } from '../../lib/errors.ts'
import { HttpStatusError, redirects } from '../../lib/http.ts'
import { networkHint, retryAfter } from '../../lib/http-faults.ts'

/** All that is answered in a session: more is no answer to questions about one table. */
const mostBytes = 20_000_000

/** Where Snowflake leaves the rest of a long answer, for whoever has its signed address. */
const stages = /\.(?:amazonaws\.com(?:\.cn)?|blob\.core\.windows\.net)$|^storage\.googleapis\.com$/

/** The connections of one session. */
export interface Wire {
  /** What the driver makes its requests through. @throws for another host */
  agentFor(options: { protocol: string; hostname: string }): http.Agent
  /** Rejects with the first thing that goes wrong with a connection or an answer, and never resolves. */
  readonly broken: Promise<never>
}

/**
 * Connections to one host. The driver by itself follows redirects, reads answers of any length and tries again for
 * minutes; here the first fault is the last. Certificates are checked as Node does.
 */
export function openWire(origin: string): Wire {
  const { hostname, protocol } = new URL(origin)
  const { promise: broken, reject } = Promise.withResolvers<never>()
  broken.catch(() => {})
  let bytes = 0
  const agent = watchedAgent(protocol, (request) => {
    request.on('error', (thrown) => reject(unreachable(thrown)))
    // Before the driver sees it: what sends elsewhere then sends nowhere.
    request.prependListener('response', (response) => {
      const fault = faultOf(response)
      delete response.headers.location
      if (fault) reject(fault)
    })
    request.once('socket', (socket) => {
      const count = (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes <= mostBytes) return
        reject(tooLong())
        socket.destroy()
      }
      socket.on('data', count)
      request.once('close', () => socket.off('data', count))
    })
  })
  return {
    broken,
    agentFor(to) {
      if (to.protocol === protocol && (to.hostname === hostname || stages.test(to.hostname))) return agent
      reject(elsewhere())
      throw elsewhere()
    },
  }
}

/** An agent that shows each request before it is sent. */
function watchedAgent(protocol: string, watch: (request: ClientRequest) => void): http.Agent {
  const agent = protocol === 'https:' ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true })
  const send: unknown = Reflect.get(agent, 'addRequest')
  Reflect.set(agent, 'addRequest', (request: ClientRequest, ...others: unknown[]) => {
    watch(request)
    if (typeof send === 'function') Reflect.apply(send, agent, [request, ...others])
  })
  return agent
}

function faultOf({ statusCode = 0, headers }: IncomingMessage): AppError | null {
  if (redirects.has(statusCode)) return elsewhere()
  if (statusCode !== 200) {
    const fault = new HttpStatusError('It', statusCode, '', retryAfter(headers['retry-after'] ?? null))
    const isRefused = statusCode === 401 || statusCode === 403
    return isRefused ? new AppError('E_ACCESS_DENIED', fault.message, fault.hint) : fault
  }
  if (!/^text\/html/i.test(headers['content-type'] ?? '')) return null
  return new AppError(
    'E_HTTP_ANSWER',
    'It answered a web page instead of JSON.',
    'Check the account: a log-in page or a proxy may be in between.',
  )
}

function elsewhere(): AppError {
  return new AppError(
    'E_HTTP_REDIRECT',
    'It redirects elsewhere; that was not followed.',
    'Set the account’s own address.',
  )
}

function tooLong(): AppError {
  return new AppError(
    'E_HTTP_ANSWER',
    `It answered more than ${mostBytes.toLocaleString('en')} bytes.`,
    'An answer this long is not what was asked for: check the account.',
  )
}

/** Only the code is told: the text may hold the address. */
function unreachable(thrown: Error): AppError {
  const first: unknown = thrown instanceof AggregateError ? thrown.errors[0] : thrown
  const code = first instanceof Error && 'code' in first ? String(first.code) : 'connection failed'
  return new AppError('E_HTTP_NETWORK', `It can't be reached (${code}).`, networkHint(code))
}
