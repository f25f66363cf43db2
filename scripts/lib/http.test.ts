import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { AppError } from './errors.ts'
import { HttpStatusError, requestJson, requestTail } from './http.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

type Handler = (request: IncomingMessage, response: ServerResponse, call: number) => void

/** A server that answers as told; `calls` is what reached it. */
async function serve(handler: Handler): Promise<{ url: string; calls: IncomingMessage[] }> {
  const calls: IncomingMessage[] = []
  const server = createServer((request, response) => {
    calls.push(request)
    handler(request, response, calls.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, calls }
}

async function fault(run: Promise<unknown>): Promise<AppError> {
  const thrown = await run.then(
    () => null,
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(AppError)
  return thrown as AppError
}

test('sends and reads JSON, checked by the schema', async () => {
  const { url, calls } = await serve((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => response.end(JSON.stringify({ got: JSON.parse(body) })))
  })
  const schema = z.object({ got: z.object({ a: z.number() }) })
  expect(await requestJson(url, { method: 'POST', body: { a: 1 }, schema })).toEqual({ got: { a: 1 } })
  expect(calls[0]?.headers['content-type']).toBe('application/json')
  expect((await fault(requestJson(url, { method: 'POST', body: { a: 'x' }, schema }))).code).toBe('E_HTTP_ANSWER')
})

test('an empty answer is null', async () => {
  const { url } = await serve((_, response) => response.writeHead(204).end())
  expect(await requestJson(url, { method: 'DELETE' })).toBeNull()
})

test.each([408, 429, 500, 502, 503, 504])('%i is tried again and then told as busy', async (status) => {
  const { url, calls } = await serve((_, response) => response.writeHead(status, { 'retry-after': '0' }).end())
  const error = await fault(requestJson(url, { retries: 2 }))
  expect([error.code, error.retryable, calls.length]).toEqual(['E_HTTP_BUSY', true, 3])
})

test.each([400, 401, 403, 404, 409, 422, 501])('%i is not tried again', async (status) => {
  const { url, calls } = await serve((_, response) => response.writeHead(status).end('{"detail":"why"}'))
  const error = await fault(requestJson(url))
  expect([error.code, error.retryable, calls.length]).toEqual(['E_HTTP_STATUS', false, 1])
  expect(error instanceof HttpStatusError && [error.status, error.answer]).toEqual([status, '{"detail":"why"}'])
})

test('a POST is not repeated unless it is said to be idempotent', async () => {
  const { url, calls } = await serve((_, response, call) => {
    response.writeHead(call < 3 ? 503 : 200, { 'retry-after': '0' }).end('{}')
  })
  await fault(requestJson(url, { method: 'POST', body: {} }))
  expect(calls.length).toBe(1)
  expect(await requestJson(url, { method: 'POST', body: {}, idempotent: true })).toEqual({})
  expect(calls.length).toBe(3)
})

test('a Retry-After longer than a task may wait is handed to the caller', async () => {
  const { url, calls } = await serve((_, response) => response.writeHead(429, { 'retry-after': '3600' }).end())
  const error = await fault(requestJson(url))
  expect([error.retryAfterMs, calls.length]).toEqual([3_600_000, 1])
})

test('a Retry-After may be a date', async () => {
  const at = new Date(Date.now() + 7_200_000).toUTCString()
  const { url } = await serve((_, response) => response.writeHead(503, { 'retry-after': at }).end())
  const { retryAfterMs } = await fault(requestJson(url))
  expect(retryAfterMs).toBeGreaterThan(7_000_000)
  expect(retryAfterMs).toBeLessThanOrEqual(7_200_000)
})

test('a broken connection is tried again', async () => {
  const { url } = await serve((request, response, call) => {
    if (call === 1) request.destroy()
    else response.end('[1]')
  })
  expect(await requestJson(url)).toEqual([1])
})

test('nobody listening, and no such host', async () => {
  expect((await fault(requestJson('http://127.0.0.1:1/', { retries: 0 }))).code).toBe('E_HTTP_NETWORK')
  expect((await fault(requestJson('http://nowhere.invalid/', { retries: 0 }))).code).toBe('E_HTTP_NETWORK')
})

test('a server that never answers costs the limit, and the caller can end it earlier', async () => {
  const { url, calls } = await serve(() => {})
  expect((await fault(requestJson(url, { timeoutMs: 50, retries: 0 }))).code).toBe('E_HTTP_TIMEOUT')
  // On a busy machine the limit may end a call before the server has seen it.
  const before = calls.length
  const own = new AbortController()
  const running = fault(requestJson(url, { signal: own.signal, timeoutMs: 60_000 }))
  while (calls.length === before) await new Promise((resolve) => setImmediate(resolve))
  own.abort()
  expect((await running).code).toBe('E_HTTP_TIMEOUT')
  expect(calls.length).toBe(before + 1)
})

test('a body that stalls half-way is a timeout', async () => {
  const { url } = await serve((_, response) => response.write('{"a":'))
  expect((await fault(requestJson(url, { timeoutMs: 100, retries: 0 }))).code).toBe('E_HTTP_TIMEOUT')
})

test('an endless answer is cut at the cap', async () => {
  let sent = 0
  const { url } = await serve((_, response) => {
    const chunk = Buffer.alloc(64 * 1024, 0x20)
    const pump = () => {
      while (sent < 200_000_000 && !response.destroyed) {
        sent += chunk.length
        if (!response.write(chunk)) return
      }
    }
    response.on('drain', pump)
    pump()
  })
  const error = await fault(requestJson(url, { maxBytes: 100_000, retries: 0 }))
  expect(error.code).toBe('E_HTTP_ANSWER')
  expect(sent).toBeLessThan(50_000_000)
})

test('of an answer that says itself that it is too long nothing is read', async () => {
  const { url } = await serve((_, response) =>
    response.writeHead(200, { 'content-length': 200_000_000 }).flushHeaders(),
  )
  expect((await fault(requestJson(url, { maxBytes: 100_000, retries: 0 }))).message).toMatch(/more than 100,000 bytes/)
})

test.each([
  ['<!doctype html><title>Sign in</title>', /web page/],
  ['{"a": [1, 2', /cut-off/],
  ['{"a": 1} trailing', /cut-off/],
])('%s is no JSON', async (body, message) => {
  const { url, calls } = await serve((_, response) => response.end(body))
  const error = await fault(requestJson(url))
  expect(error.code).toBe('E_HTTP_ANSWER')
  expect(error.message).toMatch(message)
  expect(calls.length).toBe(1)
})

test('an answer cut off by its length is a broken connection', async () => {
  const { url } = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '500' }).write('{"a":1')
    setImmediate(() => response.destroy())
  })
  expect((await fault(requestJson(url, { retries: 0 }))).code).toBe('E_HTTP_NETWORK')
})

test('a redirect is followed on the same host only', async () => {
  const { url } = await serve((request, response) => {
    if (request.url === '/') response.writeHead(302, { location: '/there' }).end()
    else response.end('"here"')
  })
  expect(await requestJson(url)).toBe('here')
  expect((await fault(requestJson(url, { method: 'POST', body: {} }))).code).toBe('E_HTTP_REDIRECT')

  const other = await serve((_, response) => response.end('"stolen"'))
  const { url: from } = await serve((_, response) => response.writeHead(302, { location: other.url }).end())
  const error = await fault(requestJson(from, { headers: { authorization: 'Bearer hidden-token' } }))
  expect([error.code, other.calls.length]).toEqual(['E_HTTP_REDIRECT', 0])
})

test('a redirect in a circle ends', async () => {
  const { url, calls } = await serve((_, response) => response.writeHead(302, { location: '/' }).end())
  expect((await fault(requestJson(url))).code).toBe('E_HTTP_REDIRECT')
  expect(calls.length).toBeLessThan(6)
})

test('credentials in a URL travel as a header and never show in an error', async () => {
  const { url, calls } = await serve((request, response, call) => {
    if (call === 1) response.end('1')
    else response.writeHead(403).end(`no, ${request.headers.authorization}`)
  })
  const secretUrl = `${url.replace('://', '://me:s3cret-word@')}hook/T0/path-secret?token=query-secret`
  await requestJson(secretUrl)
  expect(calls[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:s3cret-word').toString('base64')}`)
  const errors = [
    await fault(requestJson(secretUrl, { headers: { 'x-key': 'header-secret' }, retries: 0 })),
    await fault(requestJson('http://me:s3cret-word@127.0.0.1:1/path-secret?token=query-secret', { retries: 0 })),
    await fault(requestJson('me:s3cret-word@path-secret')),
  ]
  for (const error of errors) {
    expect(`${error.message} ${error.hint} ${error.stack} ${String(error.cause)}`).not.toMatch(/secret|s3cret/)
  }
})

/** Writes this many bytes, as fast as they are taken, and then what else is to come. */
function pour(response: ServerResponse, bytes: number, end: (response: ServerResponse) => void): void {
  const block = Buffer.alloc(1_000_000, 0x78)
  let left = bytes
  const pump = () => {
    while (left > 0) {
      left -= block.byteLength
      if (!response.write(block)) return
    }
    response.off('drain', pump)
    end(response)
  }
  response.on('drain', pump)
  pump()
}

test('of a gigabyte only the end is kept, and no more than that is held', async () => {
  const used = () => {
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = used()
  let most = 0
  const { url } = await serve((_, response) => {
    response.on('drain', () => {
      most = Math.max(most, used() - before)
    })
    pour(response, 1_000_000_000, () => response.end('the end'))
  })
  const { text, bytes, isWhole, hasEnd } = await requestTail(url, { tailBytes: 100, timeoutMs: 60_000 })
  expect([text.length, text.endsWith('xthe end'), bytes, isWhole, hasEnd]).toEqual([
    100,
    true,
    1_000_000_007,
    false,
    true,
  ])
  expect(most).toBeLessThan(200_000_000)
}, 90_000)

test('of text whose end does not come in time, what came; of none, that it did not come', async () => {
  const { url } = await serve((_, response, call) => (call === 1 ? pour(response, 1_000_000, () => {}) : null))
  const tail = await requestTail(url, { tailBytes: 100, timeoutMs: 1_500, retries: 0 })
  expect(tail).toEqual({ text: 'x'.repeat(100), bytes: 1_000_000, isWhole: false, hasEnd: false })
  expect((await fault(requestTail(url, { tailBytes: 100, timeoutMs: 200, retries: 0 }))).code).toBe('E_HTTP_TIMEOUT')
})

test('short text is kept whole, and a status that is no success is a fault', async () => {
  const { url } = await serve((_, response, call) => response.writeHead(call === 1 ? 200 : 404).end('a line'))
  expect(await requestTail(url, { tailBytes: 100 })).toEqual({
    text: 'a line',
    bytes: 6,
    isWhole: true,
    hasEnd: true,
  })
  expect((await fault(requestTail(url, { tailBytes: 100 }))).code).toBe('E_HTTP_STATUS')
})

test('a host that nobody knows, nobody listening, and what speaks no TLS, each with what to do', async () => {
  const hint = async (url: string) => (await fault(requestJson(url, { retries: 0 }))).hint
  const { url } = await serve((_, response) => response.end('{}'))
  expect(await hint('http://nowhere.invalid/')).toMatch(/host name is not known/)
  expect(await hint('http://127.0.0.1:1/')).toMatch(/Check/)
  expect(await hint(url.replace('http:', 'https:'))).toMatch(/does not speak TLS/)
})
