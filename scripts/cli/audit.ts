import { AppError } from '../lib/errors.ts'
import { endedStates, kestraApi } from '../lib/kestra-api.ts'
import { accountOfAlerts, knownExecutions } from '../store/books.ts'
import { openStore } from '../store/connection.ts'
import { runCommand, runningSettings } from './launch.ts'

const pageSize = 10
const help = `Usage: npm run audit [-- --tenant NAME] [--days N]

Holds two books together: what Kestra accepted (executions of alert_ingestion) and what the store knows. Exit code 1 when
an accepted alert is in no end state. Settings: DATABASE_URL, KESTRA_URL, KESTRA_USERNAME, KESTRA_PASSWORD; those of a
running \`npm start\` when they are not set.

  --tenant NAME   the namespace; default incident_management
  --days N        how far back; default 7
`

await runCommand(help, { tenant: { type: 'string' }, days: { type: 'string' } }, async (values) => {
  const tenant = typeof values.tenant === 'string' ? values.tenant : 'incident_management'
  const days = Number(values.days ?? 7)
  if (!(days > 0)) throw new AppError('E_SETTING_INVALID', '--days is no number above 0.', 'Give it as --days 7.')
  const settings = await runningSettings(['DATABASE_URL', 'KESTRA_URL', 'KESTRA_USERNAME', 'KESTRA_PASSWORD'])
  await using store = openStore(settings.DATABASE_URL, tenant)
  const account = await accountOfAlerts(store)
  const missing = await missingExecutions(settings, tenant, days, async (ids) => knownExecutions(store, ids))
  for (const [state, count] of Object.entries(account.byEndState)) {
    process.stdout.write(`${String(count).padStart(8)}  ${state}\n`)
  }
  for (const item of account.unfinished) process.stdout.write(`unfinished: ${item}\n`)
  for (const id of missing) process.stdout.write(`accepted by Kestra and not in the store: execution ${id}\n`)
  const lost = account.unfinished.length + missing.length
  process.stdout.write(lost === 0 ? 'Every accepted alert is in an end state.\n' : `${lost} not in an end state.\n`)
  if (lost > 0) process.exitCode = 1
})

async function missingExecutions(
  settings: Readonly<Record<string, string | undefined>>,
  namespace: string,
  days: number,
  known: (ids: string[]) => Promise<ReadonlySet<string>>,
): Promise<string[]> {
  const api = kestraApi(settings)
  const since = new Date(Date.now() - days * 86_400_000)
  const missing: string[] = []
  for (let page = 1; ; page += 1) {
    const query = { namespace, flow: 'alert_ingestion', states: endedStates, since, page, size: pageSize }
    const { results, total } = await api.executions(query)
    const ids = results.map(({ id, originalId }) => originalId ?? id)
    const found = await known(ids)
    missing.push(...ids.filter((id) => !found.has(id)))
    if (page * pageSize >= total) return missing
  }
}
