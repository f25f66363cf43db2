import { readFile } from 'node:fs/promises'
import { gatherEvidence } from '../connectors/gathering/gather.ts'
import { noLibrary } from '../connectors/gathering/library.ts'
import { loadSystems } from '../connectors/gathering/systems.ts'
import { allConnectors } from '../connectors/index.ts'
import type { Alert } from '../domain/alert.ts'
import { AppError } from '../lib/errors.ts'
import { parseJson, safeStringify } from '../lib/json.ts'
import { readDelivery } from '../monitors/index.ts'
import { said, toConfigure } from './gathered.ts'
import { runCommand } from './launch.ts'
import { systemSettings } from './system-settings.ts'
import { formatTable } from './table.ts'

const help = `Usage: npm run --silent gather -- --alert FILE [--wake] [--json] [--tenant NAME]

Shows what would be gathered for an alert: reads a recorded webhook body, asks every configured system about it now,
read-only, and prints the evidence in the order in which an analyser gets it. The store has no part in it: no past
incidents, no shared answers. Systems are those of the settings (.env.example) and of config/systems.yaml.

  --alert FILE    the webhook body, as JSON
  --wake          wakes a suspended warehouse where the alert is bad enough: without the store nobody counts what that costs
  --tenant NAME   the tenant, such as acme, whose systems are asked; default incident_management
  --json          prints {"alert", "evidence", "not_configured", "ms"} a line an alert

Exit code 1 when the body can't be read. A system that can't be asked is evidence, and no fault.
`

const options = {
  alert: { type: 'string' },
  wake: { type: 'boolean' },
  json: { type: 'boolean' },
  tenant: { type: 'string' },
} as const

await runCommand(help, options, async ({ alert: file, wake, json, tenant }) => {
  const alerts = await readAlerts(file)
  const systems = await loadSystems(systemSettings(tenant))
  const from = await allConnectors()
  for (const alert of alerts) {
    const { asset, category, environment } = alert
    const start = performance.now()
    const question = { asset, category, environment, alerts: [alert], now: new Date() }
    const library = { ...noLibrary, warehouse: { ...noLibrary.warehouse, mayWake: wake === true } }
    const { evidence, notConfigured } = await gatherEvidence(question, { systems, library, from })
    const ms = Math.round(performance.now() - start)
    if (json) {
      process.stdout.write(`${safeStringify({ alert, evidence, not_configured: notConfigured, ms })}\n`)
      continue
    }
    const rows = evidence.map((item) => [item.id, item.source, item.kind, said(item)])
    process.stdout.write(`${alert.title}: ${asset ? `${asset.kind} ${asset.name}` : 'no asset'}, ${category}\n\n`)
    process.stdout.write(`${formatTable(['id', 'source', 'kind', 'what it says'], rows)}\n\n`)
    for (const name of notConfigured) process.stdout.write(`Not configured: ${name}. ${toConfigure(name)}\n`)
    process.stdout.write(`${evidence.length} pieces of evidence in ${ms} ms\n`)
  }
})

async function readAlerts(file: unknown): Promise<Alert[]> {
  if (typeof file !== 'string')
    throw new AppError('E_PAYLOAD_UNREADABLE', 'No alert is named.', 'Give it as --alert FILE.')
  const text = await readFile(file, 'utf8').catch(() => {
    throw new AppError('E_PAYLOAD_UNREADABLE', 'The file cannot be opened.', 'Check its path.')
  })
  const delivery = { body: parseJson(text), headers: {}, receivedAt: new Date().toISOString() }
  const { alerts } = readDelivery(delivery)
  if (alerts.length > 0) return alerts
  throw new AppError('E_PAYLOAD_NO_ALERT', 'There is no alert in the body.', 'Name the body of an alert.')
}
