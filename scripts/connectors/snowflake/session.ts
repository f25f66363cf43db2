import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { z } from 'zod'
import { AppError, type ErrorCode, errorCodes } from '../../lib/errors.ts'
import type { SnowflakeAccess } from './address.ts'

/** Asks one statement with its values; each row parsed, its columns in lower case and its times in ISO 8601. */
export type AskRows = <T>(row: z.ZodType<T>, text: string, values?: readonly Value[]) => Promise<T[]>
export type Value = string | number

/** What the driver's thread is started with. */
export interface DriverWish {
  access: SnowflakeAccess
  /** In which names without a database are looked for. */
  database: string | null
}

/** What the driver's thread is asked; null: nothing more, and it logs out. */
export type DriverMessage = DriverQuestion | null

export interface DriverQuestion {
  id: number
  text: string
  values: readonly Value[]
}

const Reply = z.union([
  z.object({ id: z.number(), rows: z.array(z.unknown()) }),
  // Without an id it ends the session.
  z.object({
    id: z.number().nullable(),
    fault: z.object({
      code: z.string(),
      message: z.string(),
      hint: z.string(),
      retryAfterMs: z.number().optional(),
    }),
  }),
  z.object({ id: z.literal('ready') }),
])

/** Sessions that nobody ends stay open for hours. Nobody waits for it, but so long the thread may take. */
const logOutMs = 1_000

/** Snowflake has no transaction that may only read: what is asked is constant text, and begins like this. */
const reads = /^\s*(?:select|show)\b/i

/** In the sources the driver's thread is a source as well; of the bundle it is a file apart. */
const driverFile = join(
  import.meta.dirname,
  import.meta.filename.endsWith('.ts') ? 'driver.ts' : 'snowflake-driver.cjs',
)

/**
 * One session, gone when `signal` says so. Snowflake's driver takes half a second to load, dies of answers that it does
 * not expect and tries again for minutes: it runs in a thread of its own, which is ended with all it holds.
 * @throws AppError E_SETTING_INVALID, E_ACCESS_DENIED, E_HTTP_NETWORK, E_HTTP_TIMEOUT, E_HTTP_BUSY, E_HTTP_STATUS,
 * E_HTTP_ANSWER, E_HTTP_REDIRECT; nothing that Snowflake said is quoted
 */
export async function withSnowflake<T>(
  wish: DriverWish,
  signal: AbortSignal,
  work: (ask: AskRows) => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw tooLate()
  const thread = startDriver(wish)
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(tooLate())
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([aborted.promise, thread.ready.then(() => work(thread.ask))])
  } finally {
    signal.removeEventListener('abort', abort)
    thread.leave(signal.aborted ? 0 : logOutMs)
  }
}

function startDriver(wish: DriverWish) {
  const worker = new Worker(driverFile, {
    workerData: wish,
    // None of our secrets. Else the driver asks the cloud's metadata address who we are as soon as it is loaded.
    env: {
      SNOWFLAKE_DISABLE_PLATFORM_DETECTION: 'true',
      SNOWFLAKE_DISABLE_MINICORE: 'true',
      SF_TELEMETRY_DISABLE_CONNECTION_SHAPE: 'true',
    },
    resourceLimits: { maxOldGenerationSizeMb: 256 },
    // It needs no loader of ours, which would look at each of the driver's two thousand files.
    execArgv: [],
    // What it prints is no output of a task.
    stdout: true,
    stderr: true,
  })
  const ready = Promise.withResolvers<void>()
  const waiting = new Map<number, PromiseWithResolvers<unknown[]>>()
  let ended: AppError | null = null
  let lastId = 0

  const endWith = (fault: AppError) => {
    ended ??= fault
    ready.reject(ended)
    for (const one of waiting.values()) one.reject(ended)
    waiting.clear()
  }
  worker.on('message', (message) => {
    const reply = Reply.parse(message)
    if (reply.id === 'ready') return ready.resolve()
    if ('fault' in reply) {
      const fault = asError(reply.fault)
      if (reply.id === null) endWith(fault)
      else waiting.get(reply.id)?.reject(fault)
    } else waiting.get(reply.id)?.resolve(reply.rows)
  })
  worker.on('error', () => endWith(nonsense()))
  worker.on('exit', () => endWith(nonsense()))
  ready.promise.catch(() => {})

  const ask: AskRows = async (row, text, values = []) => {
    if (!reads.test(text)) throw new AppError('E_UNEXPECTED', 'A question would write.', 'Please report it.')
    if (ended) throw ended
    lastId += 1
    const id = lastId
    const answer = Promise.withResolvers<unknown[]>()
    waiting.set(id, answer)
    worker.postMessage({ id, text, values } satisfies DriverMessage)
    const rows = await answer.promise.finally(() => waiting.delete(id))
    const parsed = z.array(row).safeParse(rows)
    if (parsed.success) return parsed.data
    throw nonsense()
  }
  const leave = (withinMs: number) => {
    const timer = setTimeout(() => void worker.terminate(), withinMs)
    worker.once('exit', () => clearTimeout(timer))
    worker.postMessage(null satisfies DriverMessage)
  }
  return { ready: ready.promise, ask, leave }
}

function asError({
  code,
  message,
  hint,
  retryAfterMs,
}: {
  code: string
  message: string
  hint: string
  retryAfterMs?: number | undefined
}) {
  return new AppError(isCode(code) ? code : 'E_UNEXPECTED', message, hint, { retryAfterMs })
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code)
}

function tooLate(): AppError {
  return new AppError('E_HTTP_TIMEOUT', 'It did not answer in time.', 'Check that it is up and reachable.')
}

function nonsense(): AppError {
  return new AppError(
    'E_HTTP_ANSWER',
    'It answered what can not be understood.',
    'Check the account’s address, and what is in between.',
  )
}
