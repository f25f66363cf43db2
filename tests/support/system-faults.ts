import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { promisify } from 'node:util'
import type { Fault, StandIn } from '../stand-ins/server.ts'

/** One way in which a system fails, and what is then told about it. */
export interface SystemFault {
  name: string
  reason: RegExp
  /** Where time is what runs out. */
  limitMs?: number
  arrange(): Promise<void>
}

const always = { times: Number.POSITIVE_INFINITY }
const block = Buffer.alloc(1_000_000, ' ')
/** 200 MB, of which no more is made than is taken. */
const huge = {
  async *[Symbol.asyncIterator]() {
    for (let sent = 0; sent < 200; sent += 1) yield block
  },
}

/** What a system can answer to us. */
export const httpFaults: readonly [string, Fault, RegExp][] = [
  ['a connection that breaks', 'reset', /can't be reached/],
  ['slow', 'hang', /No answer within 0.3 s|did not answer in time/],
  ['401', { status: 401, body: { detail: 'Invalid credentials' } }, /answered 401/],
  ['403', { status: 403, body: { detail: 'Forbidden' } }, /answered 403/],
  ['404', { status: 404, body: { detail: 'Not found' } }, /answered 40[14]|knows no (?:DAG|connection)/],
  ['429', { status: 429, headers: { 'retry-after': '600' } }, /answered 429/],
  ['500', { status: 500, headers: { 'retry-after': '0' }, body: 'Traceback' }, /answered 500/],
  ['a web page', { status: 200, body: '<html>Sign in</html>' }, /web page instead of JSON/],
  ['cut-off JSON', { status: 200, body: '{"dags": [' }, /cut-off JSON/],
  ['another shape', { status: 200, body: { dags: 7 } }, /shape that is not known/],
  ['200 MB', { status: 200, stream: huge }, /more than 5,000,000 bytes/],
  ['a redirect to another host', { status: 302, headers: { location: 'http://127.0.0.2:9/' } }, /redirects elsewhere/],
  [
    'a redirect to where clouds keep credentials',
    { status: 307, headers: { location: 'http://169.254.169.254/latest/meta-data/' } },
    /redirects elsewhere/,
  ],
]

/** What can be wrong with a system's address: what it becomes, of what it was. */
export const addressFaults: readonly [string, (url: string) => string | Promise<string>, RegExp][] = [
  ['down', () => 'http://127.0.0.1:2', /can't be reached \(ECONNREFUSED\)/],
  ['a host that is not known', () => 'http://system.invalid', /can't be reached \((?:ENOTFOUND|EAI_AGAIN)\)/],
  ['no TLS', (url) => url.replace('http:', 'https:'), /can't be reached \((?:EPROTO|ERR_SSL_\w+)\)/],
  ['a certificate that nobody vouches for', selfSigned, /can't be reached \(DEPTH_ZERO_SELF_SIGNED_CERT\)/],
]

/**
 * How a system that is asked over HTTP fails, whatever is asked.
 * @param options.path only answers at paths that begin so fail
 * @param options.except what it tells of in its own way, or cannot do
 */
export function faultsOfServer(
  server: () => StandIn,
  moveTo: (url: string) => void,
  { path = '', except = [] }: { path?: string; except?: readonly string[] } = {},
): SystemFault[] {
  const answers = httpFaults.map(
    ([name, fault, reason]): SystemFault => ({
      name,
      reason,
      ...(fault === 'hang' ? { limitMs: 300 } : {}),
      async arrange() {
        server().fail(fault, { ...always, when: (request) => request.path.startsWith(path) })
      },
    }),
  )
  return [...addressFaultsOf(() => server().url, moveTo), ...answers].filter(({ name }) => !except.includes(name))
}

/** How it fails by its address alone. */
export function addressFaultsOf(url: () => string, moveTo: (url: string) => void): SystemFault[] {
  return addressFaults.map(([name, address, reason]) => ({
    name,
    reason,
    async arrange() {
      moveTo(await address(url()))
    },
  }))
}

/** Takes connections and answers nothing. */
export async function silentPort(): Promise<string> {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  server.unref()
  await once(server, 'listening')
  return String(Object(server.address()).port)
}

/** Speaks TLS with a certificate that it signed itself. Answers its address. */
async function selfSigned(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'certificate-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const made = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=127.0.0.1']
  await promisify(execFile)('openssl', ['req', ...made, '-keyout', key, '-out', cert])
  const server = createTlsServer({ key: await readFile(key), cert: await readFile(cert) }, (socket) => socket.end())
  // That it is refused is what it is for.
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  await rm(folder, { recursive: true })
  return `https://127.0.0.1:${Object(server.address()).port}`
}
