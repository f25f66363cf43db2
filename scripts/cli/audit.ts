import { AppError } from '../lib/errors.ts'
import { endedStates, kestraApi } from '../lib/kestra-api.ts'
import { checkAuditChain, sealAt } from '../store/audit-chain.ts'
import { accountOfAlerts, knownExecutions } from '../store/books.ts'
import { openStore, type Store } from '../store/connection.ts'
import { runCommand, tenantSettings } from './launch.ts'

const pageSize = 10
/** Faults that are told one by one. */
const mostShown = 20
const help = `Usage: npm run audit [-- --tenant NAME] [--days N]
       npm run audit -- --chain [--tenant NAME] [--head N:SEAL]

Holds two books together: what Kestra accepted (executions of alert_ingestion) and what the store knows. Exit code 1 when
an accepted alert is in no end state. Settings: DATABASE_URL, KESTRA_URL, KESTRA_USERNAME, KESTRA_PASSWORD; those of a
running \`npm start\` when they are not set.

  --tenant NAME   the tenant, such as acme; default incident_management
  --days N        how far back; default 7
  --chain         instead: whether a line of the audit log was changed or removed since the clock sealed it, by AUDIT_KEY
  --head N:SEAL   with --chain: the newest link as it was told before, to see whether the chain's end was cut off since.
                  The clock logs it with each new link, so that it also stands outside the store.
`

const options = {
  tenant: { type: 'string' },
  days: { type: 'string' },
  chain: { type: 'boolean' },
  head: { type: 'string' },
} as const

await runCommand(help, options, async (values) => {
  if (values.chain) return checkChain(values.tenant, values.head)
  const days = Number(values.days ?? 7)
  if (!(days > 0)) throw new AppError('E_SETTING_INVALID', '--days is no number above 0.', 'Give it as --days 7.')
  const names = ['DATABASE_URL', 'KESTRA_URL', 'KESTRA_USERNAME', 'KESTRA_PASSWORD'] as const
  const { tenant, settings } = await tenantSettings(values.tenant, names)
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

async function checkChain(name: string | boolean | undefined, head: string | boolean | undefined): Promise<void> {
  const { tenant, settings } = await tenantSettings(name, ['DATABASE_URL', 'AUDIT_KEY'])
  const key = settings.AUDIT_KEY
  if (!key) {
    throw new AppError(
      'E_SETTING_MISSING',
      'AUDIT_KEY is not set: the audit log is not sealed.',
      'Set it to the output of: openssl rand -hex 32',
    )
  }
  await using store = openStore(settings.DATABASE_URL, tenant)
  const report = await checkAuditChain(store, key)
  const faults = report.faults.map(({ sequence, audit_id, what }) => `link ${sequence}, line ${audit_id}: ${what}`)
  if (typeof head === 'string') faults.push(...(await cutOff(store, head)))
  for (const fault of faults.slice(0, mostShown)) process.stdout.write(`${fault}\n`)
  if (faults.length > mostShown) process.stdout.write(`… and ${faults.length - mostShown} more\n`)
  if (report.faults.length > 0 && report.faults.length === report.head?.sequence) {
    process.stdout.write('Not one link holds: is AUDIT_KEY the one that they were made with?\n')
  }
  const newest = report.head ? `${report.head.sequence}:${report.head.seal}` : 'none'
  const verdict = faults.length === 0 ? 'Every link holds.' : `${faults.length} faults.`
  process.stdout.write(`${verdict} Newest link: ${newest}. Not sealed yet: ${report.unsealed}.\n`)
  if (report.erased > 0) process.stdout.write(`${report.erased} lines are what an erasure left of them.\n`)
  if (faults.length > 0) process.exitCode = 1
}

/** What is wrong with the head that was noted before. @throws AppError E_SETTING_INVALID */
async function cutOff(store: Store, head: string): Promise<string[]> {
  const [, sequence, seal] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(head) ?? []
  if (!sequence || !seal) {
    throw new AppError('E_SETTING_INVALID', '--head is no link.', 'Give it as --chain printed it: NUMBER:SEAL.')
  }
  const found = await sealAt(store, Number(sequence))
  if (found === seal) return []
  return [`link ${sequence}: ${found === null ? 'cut off' : 'made anew'}`]
}

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
