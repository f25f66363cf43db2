import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../lib/errors.ts'
import { checkTenantName, configFolderOf, ownName, tenantsIn } from '../lib/tenant.ts'

/** Where tenants' files are: the folder of the root's configuration, and the file of all tenants' own settings. */
export interface TenantFiles {
  folder: string
  settings: string
}

/** What a new tenant starts with: people are told, nothing is fixed. Nothing of another tenant's world is in it. */
const firstFiles: Readonly<Record<string, string>> = {
  'policy.yaml': `# What the product may do by itself for this tenant: modes, fixes, limits, the model's budget. Nothing is fixed that is
# not allowed here. The package's own config/policy.yaml explains every key.
mode: notify
auto_fix: false
allow: []
model:
  tokens_per_day: 500000
  usd_per_day: 2
`,
  'catalog.yaml': `# This tenant's assets: owner, tier, SLA, consumers, runbook. The package's own config/catalog.yaml explains every key.
assets: []
`,
  'routing.yaml': `# Who of this tenant is told about what. The package's own config/routing.yaml explains every key.
routes:
  - name: everything
    tell: [slack, owner, sla_owner]
`,
}

/**
 * Makes a tenant's folder of configuration and its webhook key, which is written down for Kestra's start.
 * @returns the folder. @throws AppError E_SETTING_INVALID when the name is none, is taken, or begins another's.
 */
export async function addTenantFiles({ folder, settings }: TenantFiles, name: string): Promise<string> {
  checkTenantName(name)
  const others = await tenantsIn(folder)
  const clash = others.find((other) => other.startsWith(name) || name.startsWith(other))
  if (clash !== undefined) {
    throw new AppError(
      'E_SETTING_INVALID',
      clash === name ? `There is a tenant ${name} already.` : `${name} and the tenant ${clash} begin alike.`,
      clash === name
        ? 'npm run tenant -- list shows them.'
        : 'Whoever searches Kestra for the shorter name would see both: choose a name that begins no other and that no other begins.',
    )
  }
  const own = configFolderOf(folder, name)
  await mkdir(own, { recursive: true })
  for (const [file, text] of Object.entries(firstFiles)) await writeFile(join(own, file), text, { flag: 'wx' })
  const lines = await linesOf(settings)
  const key = ownName(name, 'ALERT_WEBHOOK_KEY')
  if (lines.some((line) => line.startsWith(`${key}=`))) return own
  await writeLines(settings, [...lines, `${key}=${randomBytes(24).toString('hex')}`])
  return own
}

/** Takes a tenant's folder and its settings away. */
export async function removeTenantFiles({ folder, settings }: TenantFiles, name: string): Promise<void> {
  await rm(configFolderOf(folder, checkTenantName(name)), { recursive: true, force: true })
  const lines = await linesOf(settings)
  const beginning = ownName(name, 'DATABASE_URL').replace(/DATABASE_URL$/, '')
  const kept = lines.filter((line) => !line.startsWith(beginning))
  if (kept.length < lines.length) await writeLines(settings, kept)
}

async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return ''
    throw thrown
  })
  return text.split('\n').filter((line) => line !== '')
}

/** Only the user's own eyes: it holds secrets. */
async function writeLines(file: string, lines: readonly string[]): Promise<void> {
  await writeFile(file, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 })
}
