import { spawn } from 'node:child_process'

/** How a command ended, with all it printed. A command that is not there ends with 127, as in a shell. */
export interface Ended {
  status: number
  output: string
}

/** Runs a command to its end, with `peerEnvironment` and these variables on top. */
export function run(
  command: string,
  words: readonly string[],
  environment: Record<string, string> = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...peerEnvironment(), ...environment },
    })
    const parts: Buffer[] = []
    child.stdout.on('data', (part) => parts.push(part))
    child.stderr.on('data', (part) => parts.push(part))
    child.once('error', (failure) => resolve({ status: 127, output: failure.message }))
    child.once('close', (code) => resolve({ status: code ?? 1, output: Buffer.concat(parts).toString('utf8') }))
  })
}

/**
 * What a peer sees of our environment: where programs and the home folder are, the locale, and how the network is
 * reached. Never a secret.
 */
export function peerEnvironment(): Record<string, string> {
  const kept = /^(PATH|HOME|USER|LANG|LC_\w+|TZ|TMPDIR|(https?|no|all)_proxy|SSL_CERT_(FILE|DIR)|(PIP|UV)_\w+)$/i
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value && kept.test(name) ? [[name, value]] : [])),
  )
}
