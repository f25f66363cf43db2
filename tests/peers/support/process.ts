import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { settles } from '../../../engine/postgres/system.ts'
import { peerEnvironment } from './command.ts'

export interface PeerWish {
  /** As faults name it. */
  name: string
  command: string
  args: readonly string[]
  /** On top of `peerEnvironment`. */
  environment?: Record<string, string>
  folder: string
  /** Takes all that it prints. */
  logFile: string
  /** Answers 2xx when it is ready. */
  readyUrl: string
  /** Where it wants a log-in for that. */
  readyHeaders?: Record<string, string>
  readyWithinMs?: number
}

export interface Peer {
  readonly pid: number
  /** All that it printed so far. */
  log(): Promise<string>
  /** Ends it and what it started: asked first, then made to. */
  stop(): Promise<void>
}

/** Starts another product's server and waits until it answers. @throws with the end of its log when it does not. */
export async function startPeer(wish: PeerWish): Promise<Peer> {
  const log = openSync(wish.logFile, 'a')
  // A process group of its own, so that what it starts ends with it.
  const child = spawn(wish.command, wish.args, {
    cwd: wish.folder,
    env: { ...peerEnvironment(), ...wish.environment },
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  const failed = once(child, 'error').then(([failure]) => String(failure))
  if (child.pid === undefined) throw new Error(`${wish.name} could not be started: ${await failed}`)
  const endWithUs = () => signalGroup(child, 'SIGKILL')
  process.once('exit', endWithUs)
  const peer: Peer = {
    pid: child.pid,
    log: () => readFile(wish.logFile, 'utf8'),
    async stop() {
      process.off('exit', endWithUs)
      if (hasEnded(child)) return
      const ended = once(child, 'exit')
      signalGroup(child, 'SIGTERM')
      if (await settles(ended, 10_000)) return
      signalGroup(child, 'SIGKILL')
      await ended
    },
  }
  try {
    await untilReady(wish, child)
    return peer
  } catch (thrown) {
    await peer.stop()
    throw new Error(`${String(thrown)} The end of its log:\n${(await peer.log()).slice(-3000)}`)
  }
}

async function untilReady(wish: PeerWish, child: ChildProcess): Promise<void> {
  const { name, readyUrl, readyHeaders = {}, readyWithinMs = 60_000 } = wish
  const end = Date.now() + readyWithinMs
  for (;;) {
    if (hasEnded(child)) throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode} while it started.`)
    const answer = await fetch(readyUrl, { headers: readyHeaders, signal: AbortSignal.timeout(5_000) }).catch(
      () => null,
    )
    await answer?.body?.cancel()
    if (answer?.ok) return
    if (Date.now() > end) throw new Error(`${name} did not answer at ${readyUrl} within ${readyWithinMs / 1000} s.`)
    await delay(100)
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // It has ended by itself.
  }
}
