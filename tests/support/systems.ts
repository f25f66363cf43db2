import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Connector, ConnectorContext } from '../../scripts/connectors/connector.ts'
import { noLibrary } from '../../scripts/connectors/gathering/library.ts'
import type { System, Systems } from '../../scripts/domain/system.ts'

type Settings = Readonly<Record<string, string | undefined>>

/** The instance that settings describe for a connector. */
export function instanceOf(connector: Connector, settings: Settings, changes: Partial<System> = {}): System {
  const found = connector.fromSettings(settings)
  if (!found) throw new Error(`${connector.name} is not configured.`)
  return { limitMs: null, ...found, name: found.kind, environment: null, aliases: [], ...changes }
}

/** A connector's context with that instance. */
export function contextOf(connector: Connector, settings: Settings): ConnectorContext {
  return { system: instanceOf(connector, settings), signal: AbortSignal.timeout(20_000), library: noLibrary }
}

/** Only these instances. */
export function systemsOf(...all: System[]): Systems {
  return { all, fault: null }
}

/** Runs git on a repository that tests made, as somebody, at a time. */
export async function git(folder: string, args: readonly string[], at = new Date()): Promise<void> {
  const who = { GIT_AUTHOR_NAME: 'Ada Example', GIT_AUTHOR_EMAIL: 'ada@example.com' }
  const committer = { GIT_COMMITTER_NAME: 'Ada Example', GIT_COMMITTER_EMAIL: 'ada@example.com' }
  const times = { GIT_AUTHOR_DATE: at.toISOString(), GIT_COMMITTER_DATE: at.toISOString() }
  const env = { PATH: process.env.PATH ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1', ...who, ...committer, ...times }
  await promisify(execFile)('git', ['-C', folder, ...args], { env })
}

/** A repository in which one file was changed an hour ago. Answers its folder. */
export async function exampleRepository(folder: string, file: string, subject = 'Load more (#12)'): Promise<string> {
  await mkdir(dirname(join(folder, file)), { recursive: true })
  await git(folder, ['init', '--quiet', '--initial-branch=main'])
  await commitFile(folder, file, subject, new Date(Date.now() - 3_600_000))
  return folder
}

/** Changes a file and commits it. */
export async function commitFile(folder: string, file: string, subject: string, at: Date): Promise<void> {
  await mkdir(dirname(join(folder, file)), { recursive: true })
  await writeFile(join(folder, file), `${subject} ${at.toISOString()}`)
  await git(folder, ['add', '--all'])
  await git(folder, ['commit', '--quiet', '--message', subject], at)
}
