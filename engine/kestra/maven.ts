import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Jdk } from '../jdk.ts'
import { isCode } from './files.ts'

export interface MavenOptions {
  pom: string
  jdk: Jdk
  kestraVersion: string
  buildDirectory: string
  onProgress(text: string): void
}

const progressMs = 1000
const toldLines = 6
/** What Maven says in every failure, about itself. */
const boilerplate = /^\[ERROR\]\s*(\[Help|To see the full|Re-run Maven|For more information|After correcting|$)/

/**
 * Resolves the jars and compiles. Maven uses the user's own settings, and so their mirrors and proxies.
 * @throws when Maven is missing or fails, with the lines that say why
 */
export async function runMaven(options: MavenOptions): Promise<void> {
  const child = spawn(
    'mvn',
    [
      '--batch-mode',
      '--file',
      options.pom,
      `-Dkestra.version=${options.kestraVersion}`,
      `-DbuildDirectory=${options.buildDirectory}`,
      '-Dstyle.color=never',
      'process-classes',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, JAVA_HOME: options.jdk.home } },
  )
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const errors: string[] = []
  let jars = 0
  let told = 0
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (/Downloaded from .*\.jar\b/.test(line)) jars += 1
      else if (line.startsWith('[ERROR]') && !boilerplate.test(line)) errors.push(line.replace(/^\[ERROR\]\s*/, ''))
      if (jars > 0 && Date.now() - told > progressMs) {
        told = Date.now()
        options.onProgress(`Downloading Kestra ${options.kestraVersion}: ${jars} jars (of about 300 the first time)`)
      }
    })
  }
  try {
    const code = await ended
    if (code !== 0) throw new Error(failure(code, errors))
  } catch (thrown) {
    if (isCode(thrown, 'ENOENT')) {
      throw new Error(
        'Maven is not installed (there is no `mvn` on the PATH), and it fetches the Kestra engine. Install it.',
        {
          cause: thrown,
        },
      )
    }
    throw thrown
  }
}

function failure(code: number | null, errors: string[]): string {
  const offline = errors.some((line) => /Unknown host|timed out|Connect|Could not transfer/i.test(line))
  const hint = offline
    ? 'The jars could not be downloaded: check the network, or the mirror and proxy in Maven’s settings.xml.'
    : 'The engine could not be built.'
  return [
    `${hint} Maven ended with ${code}:`,
    ...errors.slice(0, toldLines).map((line) => `  ${line.slice(0, 400)}`),
  ].join('\n')
}
