import { userInfo } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { readSettings, type Settings } from '../lib/config.ts'
import { AppError, toAppError } from '../lib/errors.ts'
import { kestraApi } from '../lib/kestra-api.ts'
import { checkTenantName, namespaceOf, rootNamespace, tenantsIn } from '../lib/tenant.ts'
import { openStore } from '../store/connection.ts'
import { countTenantRows, tenantStanding } from '../store/tenants.ts'
import { removeTenant } from '../workflow/remove-tenant.ts'
import { addTenantFiles, removeTenantFiles, type TenantFiles } from '../workflow/tenant-files.ts'
import { allSettings, runOnFiles, tenantsFile } from './launch.ts'
import { showProgress } from './progress.ts'
import { formatTable } from './table.ts'

const help = `Usage: npm run tenant -- create NAME [--settings FILE]
       npm run tenant -- list
       npm run tenant -- delete NAME [--confirm NAME] [--settings FILE]

A tenant is a namespace of Kestra with its own webhook key, secrets, configuration, incidents and people; see
docs/tenants.md. Its NAME has lower-case letters, digits and single hyphens: acme becomes incident_management.acme.

  create           makes config/tenants/NAME and a webhook key in tenants.env, and says what is next
  list             the tenants, with what Kestra and the store have of each
  delete           takes out its flows, Kestra's executions with logs and files, every row of the store, its configuration
                   and its settings; asks for the name first. It can't be undone, and can be repeated when interrupted
  --confirm NAME   answers that question, where nobody can type
  --settings FILE  where tenants' own settings stand; default tenants.env of this folder

Settings: DIM_CONFIG_DIR; DATABASE_URL, DATABASE_OWNER_URL and Kestra's address and log-in to delete. Those of a running
\`npm start\` when they are not set.
`
const subcommands: Readonly<Record<string, (name: string | undefined, values: Values) => Promise<void>>> = {
  create,
  list,
  delete: remove,
}
type Values = Readonly<Record<string, string | boolean | undefined>>

const options = { confirm: { type: 'string' }, settings: { type: 'string' } } as const

await runOnFiles(help, options, async ([subcommand = '', name, ...rest], values) => {
  const run = Object.hasOwn(subcommands, subcommand) ? subcommands[subcommand] : undefined
  if (!run || rest.length > 0 || (name === undefined) !== (subcommand === 'list')) {
    process.stderr.write(`Say create NAME, list or delete NAME.\n\n${help}`)
    process.exitCode = 2
    return
  }
  await run(name, values)
})

async function create(name = '', values: Values): Promise<void> {
  checkTenantName(name)
  const files = await tenantFiles(values)
  const own = await addTenantFiles(files, name)
  process.stdout.write(`Tenant ${name}, namespace ${namespaceOf(name)}.

  ${own}   its catalogue, policy and routing
  ${files.settings}   its webhook key; put its other settings there, such as ${name.toUpperCase().replaceAll('-', '_')}__SLACK_WEBHOOK_URL=…

Next:
  1. Start Kestra anew, so that it knows the tenant's settings (npm start, or docker compose up -d).
  2. npm run deploy -- --tenant ${name}      (npm start has done it)
  3. Open the one-time link that the console prints for the tenant's first admin.
Its monitors post to KESTRA_URL/api/v1/main/executions/webhook/${namespaceOf(name)}/alert_ingestion/KEY
`)
}

async function list(): Promise<void> {
  const all = await allSettings()
  const rows: string[][] = []
  for (const namespace of [rootNamespace, ...(await tenantsIn(all.DIM_CONFIG_DIR)).map(namespaceOf)]) {
    rows.push([namespace, await flowsOf(all, namespace), ...(await storedOf(all, namespace))])
  }
  process.stdout.write(`${formatTable(['tenant', 'flows', 'incidents', 'open', 'last alert'], rows)}\n`)
}

async function flowsOf(all: Settings, namespace: string): Promise<string> {
  try {
    return String((await kestraApi(all).flows(namespace)).length)
  } catch (thrown) {
    return toAppError(thrown).code
  }
}

async function storedOf({ DATABASE_URL: address }: Settings, namespace: string): Promise<string[]> {
  if (!address) return ['E_SETTING_MISSING']
  await using store = openStore(address, namespace)
  try {
    const { incidents, open, last_alert_at: last } = await tenantStanding(store)
    return [String(incidents), String(open), last?.toISOString() ?? 'never']
  } catch (thrown) {
    return [toAppError(thrown).code]
  }
}

async function remove(name = '', values: Values): Promise<void> {
  const namespace = namespaceOf(checkTenantName(name))
  const all = await allSettings()
  const settings = readSettings(['DATABASE_URL', 'DATABASE_OWNER_URL'], all)
  await using owner = openStore(settings.DATABASE_OWNER_URL ?? '', namespace)
  await using root = openStore(settings.DATABASE_URL, rootNamespace)
  const flows = await kestraApi(all).flows(namespace)
  const rows = (await countTenantRows(owner)).reduce((sum, { amount }) => sum + amount, 0)
  const files = await tenantFiles(values)
  const isThere = flows.length > 0 || rows > 0 || (await tenantsIn(files.folder)).includes(name)
  if (!isThere) {
    throw new AppError('E_SETTING_INVALID', `There is no tenant ${name}.`, 'npm run tenant -- list shows them.')
  }
  process.stdout.write(`${namespace} has ${flows.length} flows and ${rows} rows. Deleting it can't be undone.\n`)
  if ((await answer(name, values.confirm)) !== name) {
    throw new AppError('E_SETTING_INVALID', 'Nothing was deleted.', `Type ${name}, or give it as --confirm ${name}.`)
  }
  const progress = showProgress()
  const removed = await removeTenant({
    settings: all,
    owner,
    root,
    who: userInfo().username,
    onProgress: progress.step,
  }).finally(progress.pause)
  await removeTenantFiles(files, name)
  const gone = [...removed.rows.values()].reduce((sum, one) => sum + one, 0)
  process.stdout.write(`${name} is gone: ${removed.flows} flows, ${removed.executions} executions, ${gone} rows.\n`)
}

async function answer(name: string, confirm: string | boolean | undefined): Promise<string> {
  if (typeof confirm === 'string') return confirm
  if (!process.stdin.isTTY) return ''
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await asking.question(`Type ${name} to delete it: `)).trim()
  } finally {
    asking.close()
  }
}

async function tenantFiles({ settings }: Values): Promise<TenantFiles> {
  const { DIM_CONFIG_DIR: folder } = await allSettings()
  if (folder) return { folder, settings: typeof settings === 'string' ? settings : tenantsFile }
  throw new AppError('E_SETTING_MISSING', 'DIM_CONFIG_DIR is not set.', 'It is the folder of policy.yaml.')
}
