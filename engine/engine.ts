import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { buildEngine } from './build.ts'
import { launch } from './kestra/launch.ts'
import { trainInBackground } from './kestra/train.ts'

export interface EngineOptions {
  /** What runs in the process: all of Kestra, all but the worker, or the worker of a server on the same state. */
  role?: 'all' | 'server' | 'worker'
  /** `1.3.31` or `2.0.0`. */
  kestraVersion: string
  /** Database and files of the engine. Each line of Kestra keeps its own folder in it: neither reads the other's. */
  stateDir: string
  /** Where builds are kept, for all engines of the machine. */
  outputDir: string
  /** A free one when it is not given. */
  port?: number
  /** 127.0.0.1 when it is not given. */
  host?: string
  /** What the API asks for; webhooks and /health ask for nothing. */
  username: string
  password: string
  /**
   * `SECRET_*` (base64), `ENV_*`, PATH and whatever else the tasks need, as it is. Of the launcher's own environment the
   * engine sees only PATH, HOME and the locale.
   */
  environment: Record<string, string>
  /** Appended to. */
  logFile: string
  onProgress(text: string): void
}

/** A running engine; it ends when this process does, however that ends. */
export interface Engine {
  url: string
  pid: number
  kestraVersion: string
  bootMs: number
  /** Lets running tasks end for a few seconds. What is then still open is taken up at the next start. */
  stop(): Promise<void>
  /** SIGKILL, as a machine that fails would do it. */
  kill(): Promise<void>
  /** Resolves when the engine has ended, whoever ended it: the exit code, or `null` after a signal. */
  exited: Promise<number | null>
  /** Resolves with it: whether it ended by itself, and not by `stop` or `kill`. */
  died: Promise<boolean>
}

/** What the engine says of a service that ended before it ran. */
const endedWhileStarting = 'ended while it started'

/** Builds the engine when that is needed, starts it, and waits until it is ready. @throws with what to do when it can't */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { kestraVersion, onProgress, role = 'all' } = options
  const what = role === 'worker' ? `a worker of Kestra ${kestraVersion}` : `Kestra ${kestraVersion}`
  const build = await buildEngine({ kestraVersion, outputDir: resolve(options.outputDir), onProgress })
  const state = join(resolve(options.stateDir), `kestra-${kestraVersion.split('.', 2).join('.')}`)
  await mkdir(dirname(resolve(options.logFile)), { recursive: true })
  onProgress(`Starting ${what}`)
  const how = {
    build,
    state,
    environment: {
      ...options.environment,
      ENGINE_ROLE: role,
      ENGINE_PORT: String(options.port ?? 0),
      ENGINE_HOST: options.host ?? '127.0.0.1',
      ENGINE_USERNAME: options.username,
      ENGINE_PASSWORD: options.password,
    },
    logFile: resolve(options.logFile),
  }
  // A service of Kestra's that meets a fault in what a killed engine left ends itself, and is well at the next start.
  const engine = await launch(how).catch((fault: unknown) => {
    if (!(fault instanceof Error && fault.message.includes(endedWhileStarting))) throw fault
    onProgress(`Starting ${what} once more: ${fault.message}`)
    return launch(how)
  })
  let isMeantToEnd = false
  const training = build.archive || role === 'worker' ? null : trainInBackground(build)
  return {
    ...engine,
    kestraVersion,
    died: engine.exited.then(() => !isMeantToEnd),
    async stop() {
      isMeantToEnd = true
      await training?.cancel()
      await engine.stop()
    },
    async kill() {
      isMeantToEnd = true
      await training?.cancel()
      await engine.kill()
    },
  }
}
