import { setTimeout as delay } from 'node:timers/promises'
import type { Settings } from '../lib/config.ts'
import { AppError } from '../lib/errors.ts'
import { endedStates, type KestraApi, kestraApi } from '../lib/kestra-api.ts'
import { rootNamespace } from '../lib/tenant.ts'
import { appendAudit } from '../store/audit.ts'
import type { Store } from '../store/connection.ts'
import { deleteTenantRows } from '../store/tenants.ts'

const pauseMs = 500
const longestKillMs = 90_000
const longestPurgeMs = 30 * 60_000

export interface Removed {
  flows: number
  executions: number
  /** Rows, by table. */
  rows: ReadonlyMap<string, number>
}

/**
 * Takes a tenant out: its flows, so that nothing comes in any more; what still runs; Kestra's executions with their logs
 * and files; every row. Interrupted, it is repeated and goes on where it was. The root's audit log keeps who did it.
 * @param owner the tenant's store, by the owner's role.
 * @throws AppError E_HTTP_…, E_STORE_…, E_UNEXPECTED when something of it does not go.
 */
export async function removeTenant(options: {
  settings: Settings
  owner: Store
  root: Store
  who: string
  onProgress(text: string): void
}): Promise<Removed> {
  const { settings, owner, root, who, onProgress } = options
  const namespace = owner.tenant
  const api = kestraApi(settings)
  onProgress('Deleting its flows')
  const flows = await api.flows(namespace)
  for (const id of flows) await api.deleteFlow(namespace, id)
  await endAll(api, namespace, onProgress)
  const executions = await api.count(namespace)
  if (executions > 0) {
    onProgress(`Purging ${executions} executions`)
    await purge(api, namespace)
  }
  const rows = await deleteTenantRows(owner, (table, gone) => onProgress(`Deleting rows: ${gone} gone, now ${table}`))
  const detail = { flows: flows.length, executions, rows: Object.fromEntries(rows) }
  await appendAudit(root, { actor: who, what: 'deleted a tenant', subject: namespace, detail })
  return { flows: flows.length, executions, rows }
}

async function endAll(api: KestraApi, namespace: string, onProgress: (text: string) => void): Promise<void> {
  const end = Date.now() + longestKillMs
  for (;;) {
    const open = await api.open(namespace)
    if (open.length === 0) return
    if (Date.now() > end) {
      throw new AppError(
        'E_UNEXPECTED',
        `${open.length} executions of ${namespace} do not end, ${open[0]?.id} among them.`,
        'Kill them in Kestra, then repeat the command.',
      )
    }
    onProgress(`Ending ${open.length} executions`)
    // One that ends by itself meanwhile can't be killed, and needs not be.
    for (const { id } of open) await api.kill(id).catch(() => {})
    await delay(pauseMs)
  }
}

/** Kestra purges by a task, so a flow of one task is put beside the root's own, run once, and taken away. */
async function purge(api: KestraApi, namespace: string): Promise<void> {
  const flow = `remove_${namespace.replaceAll('.', '_')}`
  await api.deploy(rootNamespace, [purgeSource(flow, namespace)])
  try {
    const { id } = await api.start(rootNamespace, flow, {})
    const end = Date.now() + longestPurgeMs
    for (;;) {
      const { state } = await api.execution(id)
      if (endedStates.includes(state.current)) break
      if (Date.now() > end) break
      await delay(pauseMs)
    }
  } finally {
    await api.deleteFlow(rootNamespace, flow)
  }
  const left = await api.count(namespace)
  if (left === 0) return
  throw new AppError(
    'E_UNEXPECTED',
    `${left} executions of ${namespace} were not purged.`,
    `Look at the execution of ${flow} in Kestra, then repeat the command.`,
  )
}

/** No tenant's namespace holds another's, so what Kestra takes for a beginning of names is this one only. */
function purgeSource(flow: string, namespace: string): string {
  return `id: ${flow}
namespace: ${rootNamespace}
description: Purges the executions of a tenant that is being deleted.
tasks:
  - id: purge
    type: io.kestra.plugin.core.execution.PurgeExecutions
    namespace: ${namespace}
    endDate: "{{ now() | dateAdd(1, 'DAYS') }}"
    states: [${endedStates.join(', ')}]
`
}
