import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkWebhookKeys } from '../lib/config.ts'
import { AppError, toAppError } from '../lib/errors.ts'
import { readFlows } from '../lib/flow-files.ts'
import { kestraApi } from '../lib/kestra-api.ts'

const home = join(import.meta.dirname, '..', '..')
const help = `Usage: npm run deploy [-- --namespace NAME] [--api]

Validates the flows in flows/ and deploys them to KESTRA_URL with KESTRA_USERNAME and KESTRA_PASSWORD (environment or
.env). Uses \`kestra flow namespace update --no-delete\` where that command is there, else Kestra's API. Never deletes.

  --namespace NAME   the namespace; default incident_management
  --api              use the API even where the kestra command is there
  --check            validate only
`

/** Deploys every flow into a namespace and answers their ids. @throws AppError E_CONFIG_INVALID with Kestra's words */
export async function deployFlows(options: {
  settings: Readonly<Record<string, string | undefined>>
  namespace: string
  check?: boolean
}): Promise<string[]> {
  const api = kestraApi(options.settings)
  const flows = await readFlows(join(home, 'flows'), options.namespace)
  const faults: string[] = []
  for (const { path, source } of flows) {
    for (const fault of await api.validate(source)) faults.push(`${path}: ${fault}`)
  }
  if (faults.length > 0) {
    throw new AppError(
      'E_CONFIG_INVALID',
      `Kestra refuses ${faults.length} flow(s):\n  ${faults.join('\n  ')}`,
      'Mend the flow.',
    )
  }
  if (options.check) return flows.map(({ id }) => id)
  // What others call comes first, so that no flow is live before the one it starts.
  const sources = flows.map(({ source }) => source)
  return api.deploy(options.namespace, sources)
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      namespace: { type: 'string', default: 'incident_management' },
      api: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  try {
    if (values.help) process.stdout.write(help)
    else await deploy(values.namespace, values.api, values.check)
  } catch (thrown) {
    const error = toAppError(thrown)
    process.stderr.write(`${error.code}: ${error.message}\n${error.hint}\n`)
    process.exitCode = 1
  }
}

async function deploy(namespace: string, api: boolean, check: boolean): Promise<void> {
  try {
    process.loadEnvFile(join(home, '.env'))
  } catch {
    // Without .env the environment itself holds the settings.
  }
  if (process.env.ALERT_WEBHOOK_KEY !== undefined) checkWebhookKeys(process.env)
  const cli = spawnSync('kestra', ['--version'], { stdio: 'ignore' }).status === 0
  if (cli && !api && !check && namespace === 'incident_management') {
    await deployFlows({ settings: process.env, namespace, check: true })
    const { KESTRA_URL, KESTRA_USERNAME, KESTRA_PASSWORD } = process.env
    const login = `${KESTRA_USERNAME}:${KESTRA_PASSWORD}`
    const folder = join(home, 'flows')
    const options = ['--server', `${KESTRA_URL}`, '--user', login, '--no-delete']
    const run = spawnSync('kestra', ['flow', 'namespace', 'update', namespace, folder, ...options], {
      stdio: 'inherit',
    })
    process.exitCode = run.status ?? 1
    return
  }
  const ids = await deployFlows({ settings: process.env, namespace, check })
  process.stdout.write(`${check ? 'Valid' : 'Deployed'} in ${namespace}: ${ids.join(', ')}\n`)
}
