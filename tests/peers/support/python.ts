import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withLock } from '../../../engine/kestra/lock.ts'
import { sharedFolder } from '../../../engine/state.ts'
import { run } from './command.ts'

export interface PythonWish {
  /** What the environment is for: part of its folder's name. */
  name: string
  /** As pip reads them, exact: `dbt-core==1.11.2`. */
  requirements: readonly string[]
  /** A file of constraints, as Airflow publishes one for each release. */
  constraints?: string
}

export interface PythonEnvironment {
  /** The environment's own interpreter. */
  python: string
  /** A program that a requirement brought, such as `dbt` or `airflow`. */
  program(name: string): string
}

/**
 * A Python environment with these requirements, made once and kept outside the checkout; other requirements are another
 * environment. Made by uv where it is there, else by venv and pip.
 * @throws with what is missing, or with the end of what the installer said.
 */
export async function pythonEnvironment(wish: PythonWish): Promise<PythonEnvironment> {
  const { name, requirements, constraints } = wish
  const python = await findPython()
  const key = createHash('sha256')
    .update(JSON.stringify([python.version, requirements, constraints]))
    .digest('hex')
  const home = await sharedFolder('python')
  const folder = join(home, `${name}-${key.slice(0, 12)}`)
  const stamp = join(folder, '.complete')
  await withLock(
    `${folder}.lock`,
    () => {},
    async () => {
      if (existsSync(stamp)) return
      // What a run that was stopped left is not to be trusted.
      await rm(folder, { recursive: true, force: true })
      await install(python.command, folder, requirements, constraints)
      await writeFile(stamp, '')
    },
  )
  return { python: join(folder, 'bin', 'python'), program: (program) => join(folder, 'bin', program) }
}

async function findPython(): Promise<{ command: string; version: string }> {
  const { status, output } = await run('python3', ['--version'])
  if (status !== 0) throw new Error('This test needs Python 3: no python3 on the PATH. apt-get install python3-venv')
  return { command: 'python3', version: output.trim() }
}

async function install(
  python: string,
  folder: string,
  requirements: readonly string[],
  constraints: string | undefined,
): Promise<void> {
  const wanted = [...requirements, ...(constraints ? ['--constraint', constraints] : [])]
  const own = join(folder, 'bin', 'python')
  const hasUv = (await run('uv', ['--version'])).status === 0
  if (hasUv) await must('uv', ['venv', '--python', python, folder])
  else await must(python, ['-m', 'venv', folder])
  if (requirements.length === 0) return
  if (hasUv) await must('uv', ['pip', 'install', '--python', own, ...wanted])
  else await must(own, ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', ...wanted])
}

async function must(command: string, words: readonly string[]): Promise<void> {
  const { status, output } = await run(command, words)
  if (status !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${status}:\n${output.slice(-2000)}`)
}
