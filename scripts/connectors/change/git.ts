import { execFile } from 'node:child_process'
import { z } from 'zod'
import type { System } from '../../domain/system.ts'
import { AppError } from '../../lib/errors.ts'
import type { ConnectorContext, Health } from '../connector.ts'
import { filesAbout, requestIn } from './commit.ts'
import type { Nearest, Wanted } from './newest.ts'

/** What `config/systems.yaml` says of a local clone. Whoever keeps it fetches it: gathering changes nothing. */
export const GitOptions = z.strictObject({
  path: z.string().min(1).max(1024),
  /** A branch or tag; default what is checked out. */
  branch: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}$/, 'must be the name of a branch')
    .optional(),
})

const most = 200
const longestAnswer = 5_000_000
const record = '\u001e'
const field = '\u001f'

export async function gitCommits(
  system: System,
  { since, until, stems }: Wanted,
  signal: AbortSignal,
): Promise<Nearest> {
  const { branch = 'HEAD' } = GitOptions.parse(system.options)
  const holding = stems.map((stem) => `:(icase,glob)**/*${stem.replace(/[\\*?[\]]/g, '\\$&')}*`)
  const format = `--format=${['%x1e%H', '%an', '%cI', '%s'].join('%x1f')}`
  const range = [
    `--since=${since.toISOString()}`,
    `--until=${until.toISOString()}`,
    `--max-count=${most}`,
    '--name-only',
    '-z',
    '-m',
    '--first-parent',
  ]
  const text = await git(system, ['log', format, ...range, branch, '--', ...holding], signal)
  const told = text.split(record).slice(1)
  const commits = told.flatMap((one) => {
    const [head = '', ...files] = one.split('\0').flatMap((part) => part.replace(/^\n/, '') || [])
    const [ref, by, at, subject] = head.split(field)
    if (!ref || !by || !at || subject === undefined) return []
    // git matches parts of words.
    const about = filesAbout(files, stems)
    return about.length === 0 ? [] : [{ ref, by, at: new Date(at), subject, files: about, request: requestIn(subject) }]
  })
  return { commits, looked: told.length, isCut: told.length >= most }
}

export async function checkGit({ system, signal }: ConnectorContext): Promise<Health> {
  const { branch = 'HEAD' } = GitOptions.parse(system.options)
  const head = await git(system, ['log', '-1', '--format=%h of %cs', branch, '--'], signal)
  return { version: head.trim(), missingRights: [] }
}

/** @throws AppError E_SETTING_INVALID, E_HTTP_TIMEOUT */
function git(system: System, args: readonly string[], signal: AbortSignal): Promise<string> {
  const { path } = GitOptions.parse(system.options)
  // The clone is named by whoever runs this, who need not own it; nothing of its configuration is run.
  const fixed = ['safe.directory=*', 'core.fsmonitor=false', 'core.quotePath=false', 'log.showSignature=false']
  const command = ['--no-pager', '-C', path, ...fixed.flatMap((one) => ['-c', one]), ...args]
  const env = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LC_ALL: 'C.UTF-8',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
  }
  return new Promise((resolve, reject) => {
    execFile('git', command, { env, signal, maxBuffer: longestAnswer }, (failure, stdout) => {
      if (!failure) resolve(stdout)
      else if (signal.aborted) reject(new AppError('E_HTTP_TIMEOUT', 'git did not answer in time.', 'Check the disk.'))
      else
        reject(
          new AppError(
            'E_SETTING_INVALID',
            'The clone can not be read by git.',
            'Check `path` and `branch` in config/systems.yaml, and that git is installed.',
          ),
        )
    })
  })
}
