import { spawnSync } from 'node:child_process'
import type { Settings } from '../lib/config.ts'
import { AppError } from '../lib/errors.ts'
import { checkTenantKeys, namespaceOf, rootNamespace, tenantOf, tenantsIn } from '../lib/tenant.ts'
import { deployFlows, flowFolder } from '../workflow/deploy.ts'
import { allSettings, ownSettings, runCommand } from './launch.ts'

const help = `Usage: npm run deploy [-- --tenant NAME | --namespace NAME] [--api] [--check]

Validates the flows in flows/ and deploys them to KESTRA_URL with KESTRA_USERNAME and KESTRA_PASSWORD (environment or
.env). Uses \`kestra flow namespace update --no-delete\` where that command is there, else Kestra's API. Never deletes.

  --tenant NAME      for a tenant: --tenant acme deploys into incident_management.acme, where the flows ask for acme's own
                     secrets (ACME__…) and read config/tenants/acme; see docs/tenants.md
  --namespace NAME   another namespace, with the secrets and the configuration of incident_management
  --api              use the API even where the kestra command is there
  --check            validate only
`

await runCommand(
  help,
  { tenant: { type: 'string' }, namespace: { type: 'string' }, api: { type: 'boolean' }, check: { type: 'boolean' } },
  async (values) => {
    const settings = ownSettings()
    const namespace = await namespaceWanted(values)
    const check = values.check === true
    // The command sends the files as they are, so it serves only the namespace that they name.
    const useCommand = !check && values.api !== true && namespace === rootNamespace && hasKestraCommand()
    const ids = await deployFlows({ settings, namespace, check: check || useCommand })
    if (useCommand) process.exitCode = runKestraCommand(settings, namespace)
    else process.stdout.write(`${check ? 'Valid' : 'Deployed'} in ${namespace}: ${ids.join(', ')}\n`)
  },
)

/**
 * Where the flows go. Keys are looked at where they are known: elsewhere only Kestra has them.
 * @throws AppError E_SETTING_INVALID
 */
async function namespaceWanted({ tenant, namespace }: Readonly<Record<string, string | boolean | undefined>>) {
  const { DIM_CONFIG_DIR: folder, ...all } = await allSettings()
  const tenants = await tenantsIn(folder)
  checkTenantKeys(all, tenants)
  if (typeof namespace === 'string' && tenant === undefined && tenantOf(namespace) === null) return namespace
  const wanted = namespaceOf(
    typeof tenant === 'string' ? tenant : typeof namespace === 'string' ? namespace : undefined,
  )
  const name = tenantOf(wanted)
  if (name === null || tenants.includes(name)) return wanted
  throw new AppError(
    'E_SETTING_INVALID',
    `There is no tenant ${name}: it has no folder config/tenants/${name}.`,
    `Make it with: npm run tenant -- create ${name}`,
  )
}

/** The command that sends a namespace's flows exists up to Kestra 1.3. */
function hasKestraCommand(): boolean {
  return spawnSync('kestra', ['flow', 'namespace', 'update', '--help'], { stdio: 'ignore' }).status === 0
}

function runKestraCommand(settings: Settings, namespace: string): number {
  const { KESTRA_URL: url = '', KESTRA_USERNAME: username, KESTRA_PASSWORD: password } = settings
  const options = ['--server', url, '--user', `${username}:${password}`, '--no-delete']
  const run = spawnSync('kestra', ['flow', 'namespace', 'update', namespace, flowFolder, ...options], {
    stdio: 'inherit',
  })
  return run.status ?? 1
}
