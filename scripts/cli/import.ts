import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { outcomeOf } from '../domain/outcome.ts'
import type { PastIncident } from '../domain/past.ts'
import type { Settings } from '../lib/config.ts'
import { AppError, toAppError } from '../lib/errors.ts'
import { findMonitor } from '../monitors/index.ts'
import { openStore } from '../store/connection.ts'
import { importPast } from '../store/import.ts'
import { type ImportRecord, readExport } from '../workflow/import/exports.ts'
import { judgePast, type ReadPast, readPast } from '../workflow/import/import.ts'
import { readTaughtMonitors } from '../workflow/taught-monitors.ts'
import { runOnFiles, tenantSettings } from './launch.ts'
import { formatTable } from './table.ts'

const noisiest = 10
const outcomes = {
  dismissed: 'dismissed',
  logged: 'logged only',
  notified: 'told to people',
  awaiting_approval: 'fixed',
  fixing: 'fixed',
} as const
const mostBytes = 256 * 1024 * 1024
const help = `Usage: npm run import -- [--dry-run] [--monitor NAME] [--tenant NAME] FILE…

Loads what monitors told in the past as history, and shows what would have been folded, dismissed and told. Nothing is
sent, fixed or asked, no model takes part, and nothing is opened: history is over. Again with the same files nothing
changes. Give overlapping exports together, so that an incident is not cut in two.

  FILE             Alertmanager (GET /api/v2/alerts), PagerDuty (GET /incidents, or its incidents report as CSV), Datadog
                   (GET events, version 1 or 2), or webhook bodies of any monitor: one, a list, or one a line
  --dry-run        shows only; needs no store
  --monitor NAME   reads every body as this monitor's
  --tenant NAME    the tenant, such as acme; default incident_management

Exit code 1 when a file could not be read.
`

await runOnFiles(
  help,
  { 'dry-run': { type: 'boolean' }, monitor: { type: 'string' }, tenant: { type: 'string' } },
  async (files, values) => {
    const monitor = typeof values.monitor === 'string' ? values.monitor : undefined
    const isKept = values['dry-run'] !== true
    // Asked before anything is read, so that nobody waits for what can't be done.
    const { tenant, settings } = await tenantSettings(values.tenant, ['DIM_CONFIG_DIR'])
    const kept = isKept ? (await tenantSettings(values.tenant, ['DATABASE_URL']).catch(withHint)).settings : null
    const taught = await readTaughtMonitors(settings.DIM_CONFIG_DIR)
    if (monitor !== undefined) findMonitor(monitor, taught)
    const now = new Date()
    const { records, otherwise } = await readFiles(files, now)
    const read = readPast(records, { monitor, taught, otherwise, now })
    process.stdout.write(await describe(read, settings))
    if (kept === null) return
    await using store = openStore(kept.DATABASE_URL, tenant)
    const added = await importPast(store, read.deliveries, read.past)
    process.stdout.write(`\n${added} bodies are new in the store, ${read.deliveries.length - added} were there.\n`)
  },
)

function withHint(thrown: unknown): never {
  const { code, message } = toAppError(thrown)
  throw new AppError(code, message, 'Start the product (npm start), or look only: npm run import -- --dry-run FILE…')
}

/** A file that can't be read is told, and the others are read all the same. */
async function readFiles(files: readonly string[], now: Date): Promise<{ records: ImportRecord[]; otherwise: Date }> {
  const records: ImportRecord[] = []
  let otherwise = now
  for (const file of files) {
    try {
      const { size, mtime } = await stat(file).catch(() => {
        throw new AppError('E_PAYLOAD_UNREADABLE', 'The file cannot be opened.', 'Check its path.')
      })
      if (size > mostBytes) throw new AppError('E_PAYLOAD_UNREADABLE', 'It is larger than 256 MiB.', 'Split it.')
      for (const record of readExport(basename(file), await readFile(file, 'utf8'), now)) records.push(record)
      if (mtime < otherwise) otherwise = mtime
    } catch (thrown) {
      const { message } = toAppError(thrown)
      process.stderr.write(`${basename(file)}: ${message}\n`)
      process.exitCode = 1
    }
  }
  return { records, otherwise }
}

async function describe({ deliveries, past, unread }: ReadPast, settings: Settings): Promise<string> {
  const judged = await judgeAll(past.incidents, settings)
  const alerts = past.alone.length + past.incidents.reduce((sum, { alerts: own }) => sum + own.length, 0)
  const folded = alerts - past.alone.length - past.incidents.length
  const rows: [number, string][] = [
    [deliveries.length, 'bodies read'],
    ...Object.entries(unread).map(([code, count]): [number, string] => [count, `bodies not read: ${code}`]),
    [alerts, 'alerts in them'],
    [past.alone.length, 'ignored: information, or a resolve with nothing open'],
    [folded, 'folded into an incident that was open'],
    [past.incidents.length, 'incidents, each analysed once; of them would have been'],
    ...[...count(judged)].map(([outcome, number]): [number, string] => [number, `  ${outcome}`]),
  ]
  const lines = rows.map(([number, text]) => `${String(number).padStart(8)}  ${text}`).join('\n')
  return past.incidents.length === 0 ? `${lines}\n` : `${lines}\n\n${noisiestOf(past.incidents)}\n`
}

/** Told as the product would act once it is trusted to: a mode that only observes or notifies would hide what for. */
async function judgeAll(incidents: readonly PastIncident[], settings: Settings): Promise<string[]> {
  const judged: string[] = []
  for (const incident of incidents) {
    const decision = await judgePast(incident, settings)
    judged.push(outcomes[outcomeOf({ ...decision, mode: 'act' }).state])
  }
  return judged
}

function count(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names.toSorted()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

function noisiestOf(incidents: readonly PastIncident[]): string {
  const conditions = Map.groupBy(incidents, ({ alerts: [{ alert }] }) => alert.fingerprint)
  const rows = [...conditions.values()]
    .map((own) => ({ own, alerts: own.reduce((sum, one) => sum + one.alerts.length, 0) }))
    .sort((a, b) => b.alerts - a.alerts)
    .slice(0, noisiest)
    .map(({ own, alerts }) => {
      const alert = own[0]?.alerts[0].alert
      return [String(alerts), String(own.length), alert?.source ?? '', alert?.asset?.name ?? '–', alert?.title ?? '']
    })
  const short = rows.map((row) => row.map((cell) => (cell.length > 60 ? `${cell.slice(0, 59)}…` : cell)))
  return formatTable(['alerts', 'incidents', 'monitor', 'asset', 'noisiest conditions'], short)
}
