import { type Airbyte, type AirbyteConnection, openAirbyte, type SyncJob } from '../connectors/airbyte/client.ts'
import type { Purpose } from '../connectors/gathering/systems.ts'
import type { Remediation } from '../domain/decision.ts'
import { ofKind } from '../domain/evidence.ts'
import { oneLine } from '../domain/text.ts'
import { planOf, type RemediationRow, type Settings } from './remediation.ts'
import { changing, refusedBy } from './shared/changing.ts'
import { plannedNumber, plannedSystem } from './shared/plan.ts'

const kind = 'airbyte'
const product = 'Airbyte'
const refused = refusedBy(product)

/** Starts the sync of an Airbyte connection again whose last one failed. */
export const airbyteSync: RemediationRow = {
  template: 'airbyte_sync',
  targetKind: 'connection',
  settings: ['DIM_CONFIG_DIR', 'SYSTEMS_CREDENTIALS', 'SYSTEMS_WRITE_CREDENTIALS'],
  params: planOf('system', 'connection', 'job_id'),

  policyName: ({ target, params }) => params.connection ?? target,
  touches: ({ target, params }) => ({
    system: params.system ?? kind,
    thing: `${params.system ?? kind}/connection/${target}`,
  }),

  plan(target, evidence) {
    const seen = ofKind(evidence, 'sync_job').filter(
      ({ source, data }) => source === 'airbyte' && data.connection_id === target,
    )
    const [first] = seen
    if (!first || seen.some(({ data }) => data.system !== first.data.system || data.is_certain === false)) return null
    const { system, connection, job_id, status, connection_status } = first.data
    if (!system || !connection || !job_id || status !== 'failed') return null
    return connection_status === 'active' ? { system, connection, job_id } : null
  },

  async dryRun(remediation, settings, signal) {
    const api = await open('write', remediation, settings, signal)
    const { connection, failed } = await failedSync(api, remediation)
    const rows = failed.rowsSynced == null ? '' : `, after ${failed.rowsSynced} rows`
    return `A sync of ${nameOf(connection)} would start; its last one, job ${failed.jobId}, failed${rows}.`
  },

  /** Airbyte takes no mark of ours. A sync that was begun since the failed one does for it, whoever began it. */
  async wasDone(remediation, _key, settings, signal) {
    const api = await open('write', remediation, settings, signal)
    const newest = await newestOf(api, remediation)
    return newest !== null && newest.jobId > jobIdOf(remediation)
  },

  async execute(remediation, _key, settings, signal) {
    const api = await open('write', remediation, settings, signal)
    const { connection, failed } = await failedSync(api, remediation)
    const begun = await changing(product, api.sync(remediation.target))
    return `started a sync of ${nameOf(connection)} again, as job ${begun.jobId} after job ${failed.jobId}`
  },

  async verify(remediation, settings, signal) {
    const api = await open('read', remediation, settings, signal)
    const name = remediation.params.connection ?? remediation.target
    const newest = await newestOf(api, remediation)
    if (newest === null || newest.jobId <= jobIdOf(remediation)) {
      return { state: 'bad', detail: `${name} has had no sync since job ${jobIdOf(remediation)} failed` }
    }
    const { jobId, status } = newest
    if (status === 'succeeded') return { state: 'well', detail: `job ${jobId} has synced ${name}` }
    if (status === 'failed') return { state: 'bad', detail: `job ${jobId} of ${name} failed` }
    if (status === 'cancelled') return { state: 'bad', detail: `job ${jobId} of ${name} was cancelled` }
    return { state: 'working', detail: `job ${jobId} of ${name} is ${oneLine(status, 64)}` }
  },
}

/** @throws AppError E_FIX_REFUSED when the plan names no configured Airbyte */
async function open(
  purpose: Purpose,
  remediation: Remediation,
  settings: Settings,
  signal: AbortSignal,
): Promise<Airbyte> {
  return openAirbyte(await plannedSystem({ kind, product, purpose }, remediation, settings), signal)
}

/** The failed sync, when starting it again still makes sense. @throws AppError E_FIX_REFUSED */
async function failedSync(
  api: Airbyte,
  remediation: Remediation,
): Promise<{ connection: AirbyteConnection; failed: SyncJob }> {
  const { target, params } = remediation
  const [connection, newest] = await Promise.all([api.connection(target), newestOf(api, remediation)])
  if (!connection) throw refused(`Airbyte knows no connection ${oneLine(target, 64)}.`)
  const name = nameOf(connection)
  // Policy has allowed it by this name.
  if (connection.name !== params.connection) throw refused(`Connection ${target} is called ${name} by now.`)
  if (connection.status !== 'active') throw refused(`${name} is ${oneLine(connection.status ?? 'not active', 64)}.`)
  const id = jobIdOf(remediation)
  if (!newest || newest.jobId < id) throw refused(`Airbyte knows no job ${id} of ${name}.`)
  if (newest.jobId > id) throw refused(`${name} has had job ${newest.jobId} since: another sync is not needed.`)
  if (newest.status !== 'failed') throw refused(`Job ${id} of ${name} is ${oneLine(newest.status, 64)}, not failed.`)
  return { connection, failed: newest }
}

async function newestOf(api: Airbyte, { target }: Remediation): Promise<SyncJob | null> {
  return (await api.syncs(target, 1))[0] ?? null
}

function nameOf({ name, connectionId }: AirbyteConnection): string {
  return oneLine(name || connectionId, 200)
}

function jobIdOf(remediation: Remediation): number {
  return plannedNumber(product, remediation, 'job_id')
}
