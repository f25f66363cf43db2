import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Stack } from '../../../engine/stack.ts'
import { mebibytes, type Section } from './report.ts'

/** Bytes in use at one moment; `null` where the system does not say, or the process is not ours. */
export interface Memory {
  engine: number | null
  postgres: number | null
}

export async function memoryOf({ engine, postgres }: Stack): Promise<Memory> {
  const processes = await allProcesses()
  return {
    engine: processes.get(engine.pid)?.resident ?? null,
    postgres: postgres ? await sharedOut(postgres.pid, processes) : null,
  }
}

/** What a process holds. @throws when there is none of that number */
export async function residentOf(pid: number): Promise<number> {
  const found = (await allProcesses()).get(pid)
  if (!found) throw new Error(`There is no process ${pid}.`)
  return found.resident
}

export function memorySection(moments: { boot: Memory; end: Memory }): Section {
  return {
    title: 'Memory',
    header: ['process', 'after boot', 'after the runs'],
    rows: [
      ['engine (one JVM)', mebibytes(moments.boot.engine), mebibytes(moments.end.engine)],
      ['PostgreSQL (all its processes)', mebibytes(moments.boot.postgres), mebibytes(moments.end.postgres)],
    ],
    notes: ['Resident; of PostgreSQL, what its processes share is counted once. Tasks: see their peaks above.'],
  }
}

interface Process {
  parent: number
  resident: number
}

async function allProcesses(): Promise<Map<number, Process>> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,rss='])
  return new Map(
    stdout
      .trim()
      .split('\n')
      .map((line): [number, Process] => {
        const [pid = 0, parent = 0, kibibytes = 0] = line.trim().split(/\s+/).map(Number)
        return [pid, { parent, resident: kibibytes * 1024 }]
      }),
  )
}

/** A process and its children, each with its share of what several hold; without Linux, each with all it holds. */
async function sharedOut(root: number, processes: ReadonlyMap<number, Process>): Promise<number> {
  const family = [...processes].filter(([pid, { parent }]) => pid === root || parent === root)
  const shares = await Promise.all(family.map(async ([pid, { resident }]) => (await proportional(pid)) ?? resident))
  return shares.reduce((sum, share) => sum + share, 0)
}

async function proportional(pid: number): Promise<number | null> {
  try {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
    const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]
    return kibibytes === undefined ? null : Number(kibibytes) * 1024
  } catch {
    return null
  }
}
