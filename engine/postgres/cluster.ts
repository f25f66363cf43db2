import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { childOptions, run, type SystemUser } from './system.ts'

export const database = 'incident_management'

const roles = ['dim_owner', 'dim_app'] as const
export type Role = (typeof roles)[number]
export type Passwords = Record<Role, string>

export interface Cluster {
  programs: string
  version: string
  data: string
  /** The generated passwords (0600), in the format that `PGPASSFILE` reads. */
  passwordFile: string
  user: SystemUser | null
}

/** Makes cluster, roles and database at the first start, and later only what is missing. Answers the passwords. */
export async function prepareCluster(
  cluster: Cluster,
  options: { sync: boolean; ownerCreatesDatabases: boolean; onProgress: ((text: string) => void) | undefined },
): Promise<Passwords> {
  if (!existsSync(cluster.data)) {
    options.onProgress?.('Creating the database')
    return createCluster(cluster, options)
  }
  const found = (await readFile(join(cluster.data, 'PG_VERSION'), 'utf8')).trim()
  if (found !== cluster.version.split('.')[0]) {
    throw new Error(`${cluster.data} was made by PostgreSQL ${found}; this is ${cluster.version}.`)
  }
  const known = await readPasswords(cluster)
  if (known) return known
  const passwords = await generatePasswords(cluster)
  await singleUser(cluster, cluster.data, passwordStatements(passwords))
  return passwords
}

async function createCluster(
  cluster: Cluster,
  options: { sync: boolean; ownerCreatesDatabases: boolean },
): Promise<Passwords> {
  const half = `${cluster.data}.new`
  await rm(half, { recursive: true, force: true })
  await mkdir(half, { mode: 0o700 })
  if (cluster.user) await chown(half, cluster.user.uid, cluster.user.gid)
  const how = ['-D', half, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-instructions']
  await run(join(cluster.programs, 'bin', 'initdb'), options.sync ? how : [...how, '-N'], childOptions(cluster.user))
  // The superuser has no line: there is no way in for it over the network.
  await writeFile(join(half, 'pg_hba.conf'), `host all ${roles.join(',')} 127.0.0.1/32 scram-sha-256\n`)
  const passwords = await generatePasswords(cluster)
  await singleUser(cluster, half, [
    `create role dim_owner login ${options.ownerCreatesDatabases ? 'createdb' : 'nocreatedb'}`,
    'create role dim_app login nosuperuser nocreatedb nocreaterole nobypassrls',
    ...passwordStatements(passwords),
    `create database ${database} owner dim_owner`,
    `revoke all on database ${database} from public`,
    `grant connect on database ${database} to dim_app`,
  ])
  await rename(half, cluster.data)
  return passwords
}

async function readPasswords(cluster: Cluster): Promise<Passwords | null> {
  if (!existsSync(cluster.passwordFile)) return null
  const text = await readFile(cluster.passwordFile, 'utf8')
  const find = (role: Role) => new RegExp(`:${role}:([0-9a-f]+)$`, 'm').exec(text)?.[1]
  const [owner, app] = [find('dim_owner'), find('dim_app')]
  return owner && app ? { dim_owner: owner, dim_app: app } : null
}

async function generatePasswords(cluster: Cluster): Promise<Passwords> {
  const passwords = { dim_owner: randomBytes(24).toString('hex'), dim_app: randomBytes(24).toString('hex') }
  const lines = roles.map((role) => `127.0.0.1:*:*:${role}:${passwords[role]}\n`)
  await rm(cluster.passwordFile, { force: true })
  await writeFile(cluster.passwordFile, lines.join(''), { mode: 0o600, flag: 'wx' })
  return passwords
}

function passwordStatements(passwords: Passwords): string[] {
  return roles.map((role) => `alter role ${role} password '${passwords[role]}'`)
}

/** Runs statements as the superuser, without a server, one a line as PostgreSQL's single-user mode reads them. */
async function singleUser(cluster: Cluster, data: string, statements: string[]): Promise<void> {
  const server = spawn(
    join(cluster.programs, 'bin', 'postgres'),
    ['--single', '-D', data, '-c', 'exit_on_error=on', '-c', 'log_min_messages=error', 'postgres'],
    { ...childOptions(cluster.user), stdio: ['pipe', 'ignore', 'pipe'] },
  )
  let complaint = ''
  server.stderr.on('data', (chunk) => {
    complaint += chunk
  })
  // It may end before it has read everything; its exit code and its complaint tell.
  server.stdin.on('error', () => {})
  server.stdin.end(`${statements.join('\n')}\n`)
  const [code] = await once(server, 'close')
  const withoutPasswords = complaint.replace(/'[0-9a-f]{48}'/g, "'…'").trim()
  if (code !== 0) throw new Error(`PostgreSQL could not be set up: ${withoutPasswords}`)
}
