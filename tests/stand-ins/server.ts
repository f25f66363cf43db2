import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { openJournal } from './journal.ts'

/** One request as it came. */
export interface Received {
  method: string
  /** Without the query. */
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: string
}

export interface Answer {
  status: number
  headers?: Record<string, string>
  /** A string goes out as it is, anything else as JSON. */
  body?: unknown
  /** In place of a body: goes out as fast as it is taken, and ends when nobody takes it any more. */
  stream?: AsyncIterable<Uint8Array>
}

/**
 * What goes wrong: another answer, none at all, a connection that is reset after the request was read, an answer that is
 * lost after what was asked has been done, an answer that is late by a time or until something has happened.
 */
export type Fault = Answer | 'hang' | 'reset' | 'lost_answer' | { delayMs: number } | { until: Promise<unknown> }

export type HeldStep = 'untouched' | 'done'

export interface Hold {
  reached: Promise<void>
  release(): void
}

export interface StandIn {
  /** `http://127.0.0.1:port`, without a slash at its end. */
  readonly url: string
  /** Every request, oldest first, those that met a fault too. */
  readonly requests: readonly Received[]
  /** Scripts a fault for the next request that `when` accepts; several wait in line. `times: Infinity` stays. */
  fail(fault: Fault, options?: { times?: number; when?: (request: Received) => boolean }): void
  /**
   * Holds the next request that `when` accepts: untouched as it came, or with what it asks for done and its answer kept
   * back. `reached` resolves then; after `release` it goes on, if anybody still waits for it.
   */
  hold(step: HeldStep, when?: (request: Received) => boolean): Hold
  /** Ends all scripted faults. */
  heal(): void
  /** The first request, past or to come, that the predicate accepts. Rejects when none comes within the guard time. */
  waitFor(accepts: (request: Received) => boolean, guardMs?: number): Promise<Received>
  /** Forgets the requests kept so far. */
  forget(): void
  close(): Promise<void>
}

interface Held {
  step: HeldStep
  reach(): void
  released: Promise<void>
}

/** Starts a server on 127.0.0.1 and a free port (or the one given) that keeps what it is sent. */
export async function startStandIn(
  answer: (request: Received) => Answer | Promise<Answer>,
  options: { port?: number } = {},
): Promise<StandIn> {
  const journal = openJournal<Received>(({ method, path }) => `${method} ${path}`)
  let faults: { fault: Fault | Held; times: number; when: (request: Received) => boolean }[] = []

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((thrown: unknown) => {
      if (!response.headersSent) send(response, { status: 500, body: `The stand-in failed: ${String(thrown)}` })
    })
  })

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await read(incoming)
    const fault = takeFault(request)
    journal.add(request)
    if (fault === 'hang') return
    if (fault === 'reset') incoming.socket.resetAndDestroy()
    else if (fault === 'lost_answer') {
      await answer(request)
      incoming.socket.resetAndDestroy()
    } else if (fault && 'step' in fault) {
      const done = fault.step === 'done' ? await answer(request) : null
      fault.reach()
      await fault.released
      send(response, done ?? (await answer(request)))
    } else if (fault && 'status' in fault) send(response, fault)
    else {
      if (fault) await ('until' in fault ? fault.until : new Promise((resolve) => setTimeout(resolve, fault.delayMs)))
      send(response, await answer(request))
    }
  }

  function takeFault(request: Received): Fault | Held | undefined {
    const scripted = faults.find(({ when }) => when(request))
    if (!scripted) return undefined
    scripted.times -= 1
    if (scripted.times <= 0) faults = faults.filter((other) => other !== scripted)
    return scripted.fault
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The stand-in has no port.')

  return {
    url: `http://127.0.0.1:${address.port}`,
    requests: journal.entries,
    fail(fault, { times = 1, when = () => true } = {}) {
      faults.push({ fault, times, when })
    },
    hold(step, when = () => true) {
      const reached = Promise.withResolvers<void>()
      const released = Promise.withResolvers<void>()
      faults.push({ fault: { step, reach: reached.resolve, released: released.promise }, times: 1, when })
      return { reached: reached.promise, release: released.resolve }
    },
    heal() {
      faults = []
    },
    waitFor: journal.waitFor,
    forget: journal.clear,
    close() {
      return new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        server.closeAllConnections()
      })
    },
  }
}

async function read(incoming: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk))
  const url = new URL(incoming.url ?? '/', 'http://stand-in')
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  }
}

function send(response: ServerResponse, { status, headers = {}, body = '', stream }: Answer): void {
  if (stream) {
    response.writeHead(status, headers)
    // A reader that goes away in the middle is none of the stand-in's faults.
    pipeline(stream, response).catch(() => {})
    return
  }
  const isText = typeof body === 'string'
  response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers })
  response.end(isText ? body : JSON.stringify(body))
}
