import { type ChildProcess, spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Build } from '../build.ts'

export interface LaunchOptions {
  build: Build
  state: string
  /** Everything the engine sees beside the few of `inherited`. */
  environment: Record<string, string>
  logFile: string
  /** More flags for the JVM. */
  flags?: string[]
  /** Leaves the processor to everything else. */
  background?: boolean
  /** Ends it, also while it starts. */
  signal?: AbortSignal
}

/** An engine that is ready. */
export interface Launched {
  url: string
  pid: number
  bootMs: number
  /** SIGTERM, and SIGKILL when that takes longer than `limitMs`. Resolves when it has ended. */
  stop(limitMs?: number): Promise<void>
  /** SIGKILL, as a machine that fails would do it. */
  kill(): Promise<void>
  /** The exit code, or `null` after a signal. */
  exited: Promise<number | null>
}

/** Of the launcher's own environment: nothing that is anybody's secret. */
const inherited = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'USER']
const bootLimitMs = 180_000
const stopLimitMs = 30_000
const readyMark = 'ENGINE_READY '

/** Starts the JVM and waits for its ready line. @throws with the reason that the engine gave when it does not start */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const { build } = options
  const log = await open(options.logFile, 'a', 0o600)
  const child = spawn(
    join(build.jdk.home, 'bin', 'java'),
    [...jvmFlags(build), ...(options.flags ?? []), '-cp', build.classpath, 'io.dataincidentmanager.engine.Main'],
    {
      stdio: ['ignore', 'pipe', log.fd],
      ...(options.signal ? { signal: options.signal, killSignal: 'SIGKILL' as const } : {}),
      env: {
        ...Object.fromEntries(inherited.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
        ...options.environment,
        ENGINE_STATE: options.state,
        ENGINE_PARENT_PID: String(process.pid),
      },
    },
  )
  if (options.background && child.pid) setPriority(child.pid, constants.priority.PRIORITY_LOW)
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', resolve)
    child.once('error', () => resolve(null))
  })
  try {
    const from = (await log.stat()).size
    const ready = await waitUntilReady(child, exited, () => reasonFrom(options.logFile, from))
    return {
      ...ready,
      exited,
      async stop(limitMs = stopLimitMs) {
        child.kill('SIGTERM')
        const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
        await exited
        clearTimeout(timer)
      },
      async kill() {
        child.kill('SIGKILL')
        await exited
      },
    }
  } catch (thrown) {
    child.kill('SIGKILL')
    throw thrown
  } finally {
    await log.close()
  }
}

function jvmFlags(build: Build): string[] {
  return [
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    '-Xms256m',
    // The work of an execution is garbage at once: a larger young generation collects it half as often.
    '-Xmn192m',
    '-Xmx768m',
    '-XX:+ExitOnOutOfMemoryError',
    '-Xshare:auto',
    ...(build.archive ? [`-XX:SharedArchiveFile=${build.archive}`] : []),
    // The JVM's own log goes to stdout by default, which is for the ready line.
    '-Xlog:disable',
    '-Xlog:all=error:stderr',
    // Before Java 24 a virtual thread that reads a body holds its carrier; the default is one carrier a core.
    '-Djdk.virtualThreadScheduler.parallelism=32',
    '-Dfile.encoding=UTF-8',
  ]
}

async function waitUntilReady(
  child: ChildProcess,
  exited: Promise<number | null>,
  reason: () => Promise<string>,
): Promise<{ url: string; pid: number; bootMs: number }> {
  let timer: NodeJS.Timeout | undefined
  const line = new Promise<string>((resolve) => {
    if (child.stdout) {
      createInterface({ input: child.stdout }).on('line', (text) => {
        if (text.startsWith(readyMark)) resolve(text.slice(readyMark.length))
      })
    }
  })
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), bootLimitMs)
  })
  const first = await Promise.race([line, late, exited.then(() => undefined)])
  clearTimeout(timer)
  if (typeof first !== 'string' || child.pid === undefined) {
    const what = first === null ? `The engine was not ready after ${bootLimitMs / 1000} s.` : await reason()
    throw new Error(what)
  }
  const { url, boot_ms: bootMs } = parseReady(first)
  return { url, bootMs, pid: child.pid }
}

function parseReady(text: string): { url: string; boot_ms: number } {
  const value: unknown = JSON.parse(text)
  if (typeof value === 'object' && value !== null && 'url' in value && 'boot_ms' in value) {
    const { url, boot_ms } = value
    if (typeof url === 'string' && typeof boot_ms === 'number') return { url, boot_ms }
  }
  throw new Error(`The engine's ready line was not understood: ${text}`)
}

/** What the engine last said of why it can't start, or the end of its log. */
async function reasonFrom(logFile: string, from: number): Promise<string> {
  const file = await open(logFile)
  try {
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - from), position: from })
    const lines = buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n')
    const stated = lines.findLast((line) => line.startsWith("The engine can't start: "))
    return `${stated ?? `The engine ended before it was ready: ${lines.slice(-5).join('\n')}`} (its log: ${logFile})`
  } finally {
    await file.close()
  }
}
