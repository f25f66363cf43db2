import { spawnSync } from 'node:child_process'
import { checkWebhookKeys, type Settings } from '../lib/config.ts'
import { deployFlows, flowFolder } from '../workflow/deploy.ts'
import { ownSettings, runCommand } from './launch.ts'

const help = `Usage: npm run deploy [-- --namespace NAME] [--api] [--check]

Validates the flows in flows/ and deploys them to KESTRA_URL with KESTRA_USERNAME and KESTRA_PASSWORD (environment or
.env). Uses \`kestra flow namespace update --no-delete\` where that command is there, else Kestra's API. Never deletes.

  --namespace NAME   default incident_management
  --api              use the API even where the kestra command is there
  --check            validate only
`
const ownNamespace = 'incident_management'

await runCommand(
  help,
  { namespace: { type: 'string' }, api: { type: 'boolean' }, check: { type: 'boolean' } },
  async (values) => {
    const settings = ownSettings()
    const namespace = typeof values.namespace === 'string' ? values.namespace : ownNamespace
    const check = values.check === true
    if (settings.ALERT_WEBHOOK_KEY !== undefined) checkWebhookKeys(settings)
    // The command sends the files as they are, so it serves only the namespace that they name.
    const useCommand = !check && values.api !== true && namespace === ownNamespace && hasKestraCommand()
    const ids = await deployFlows({ settings, namespace, check: check || useCommand })
    if (useCommand) process.exitCode = runKestraCommand(settings, namespace)
    else process.stdout.write(`${check ? 'Valid' : 'Deployed'} in ${namespace}: ${ids.join(', ')}\n`)
  },
)

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
