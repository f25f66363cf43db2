import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Readable } from 'node:stream'

/** One process of Node from start to end, on the very Node that this runs on. */
export interface Ended {
  /** From before it was started until it had ended. */
  ms: number
  code: number | null
  stdout: string
  stderr: string
  /** The most memory it held at once; `null` when that was not asked for. */
  peakBytes: number | null
}

export interface ProcessOptions {
  /** All it sees, PATH aside. */
  environment: Readonly<Record<string, string>>
  folder: string
  /** Costs a millisecond, so not while time is what is measured. */
  measurePeak?: boolean
}

const peakReporter = join(import.meta.dirname, 'report-peak.cjs')

/** Runs Node with these arguments and waits for its end, however that is. */
export function runNode(argv: readonly string[], options: ProcessOptions): Promise<Ended> {
  const measurePeak = options.measurePeak ?? false
  return new Promise((resolve, reject) => {
    const began = performance.now()
    const child = spawn(process.execPath, [...(measurePeak ? ['--require', peakReporter] : []), ...argv], {
      cwd: options.folder,
      env: { PATH: process.env.PATH, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe', measurePeak ? 'pipe' : 'ignore'],
    })
    let ms = 0
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    const peak = collect(child.stdio[3])
    child.once('error', reject)
    child.once('exit', () => {
      ms = performance.now() - began
    })
    child.once('close', (code) => {
      const peakBytes = measurePeak && peak() ? Number(peak()) * 1024 : null
      resolve({ ms, code, stdout: stdout(), stderr: stderr(), peakBytes })
    })
  })
}

function collect(stream: unknown): () => string {
  const chunks: Buffer[] = []
  if (stream instanceof Readable) stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString('utf8')
}
