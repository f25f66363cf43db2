import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Settings } from '../../lib/config.ts'
import { contextOf } from '../bench/task-start.ts'

const home = join(import.meta.dirname, '..', '..', '..')

/** One task as Kestra's process runner starts it. */
export interface TaskProcess {
  /** SIGKILL; whether it was still alive for it. */
  kill(): Promise<boolean>
  /** What it printed, and its exit code; null after a signal. */
  ended: Promise<{ code: number | null; output: string }>
}

export function startTask(name: string, tenant: string, incident: string, settings: Settings): TaskProcess {
  const own = Object.fromEntries(Object.entries(settings).flatMap(([key, value]) => (value ? [[key, value]] : [])))
  const child = spawn(process.execPath, [join(home, 'dist', 'tasks', `${name}.cjs`)], {
    env: {
      PATH: process.env.PATH,
      ...own,
      DIM_CONTEXT: contextOf(tenant, `faults-${name}`),
      DIM_INCIDENT: incident,
      DIM_STARTED_BY: 'faults',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = endOf(child)
  return {
    ended,
    async kill() {
      child.kill('SIGKILL')
      return (await ended).code === null
    },
  }
}

async function endOf(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8')
    })
  }
  await once(child, 'close')
  return { code: child.exitCode, output }
}

/** Runs a task to its end. */
export async function runTaskOnce(name: string, tenant: string, incident: string, settings: Settings) {
  return startTask(name, tenant, incident, settings).ended
}
