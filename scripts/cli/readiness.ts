import { type Agreement, againstActing, agreementOf } from '../domain/readiness.ts'
import { AppError } from '../lib/errors.ts'
import { openStore } from '../store/connection.ts'
import { agreements } from '../store/readiness.ts'
import { shadowAgreement } from '../store/shadow.ts'
import { policyModes } from '../workflow/policy.ts'
import { runCommand, tenantSettings } from './launch.ts'
import { formatTable } from './table.ts'

const help = `Usage: npm run readiness [-- --source NAME] [--days 90] [--tenant NAME]

How the decisions about each source agree with what people said of them (npm run feedback, or the console), and what
stands against switching it to mode \`act\` in config/policy.yaml: 20 judged, 10 of them kept quiet, nine in ten agreeing,
and none that was kept quiet and real. Below it the same for fixes that were left to people. Reads only.

  --source NAME   this one alone: alertmanager, plain/datadog
  --days N        incidents that opened in the last N days; default 90
  --tenant NAME   the tenant, such as acme; default incident_management

Exit code 0; with --source 1 when it is not ready.
`
const options = { source: { type: 'string' }, days: { type: 'string' }, tenant: { type: 'string' } } as const

await runCommand(help, options, async ({ source, days: given = '90', tenant }) => {
  const days = Number(given)
  if (!Number.isInteger(days) || days < 1 || days > 3650) {
    throw new AppError('E_SETTING_INVALID', `--days ${String(given)} is no number of days.`, 'Give it as --days 90.')
  }
  const found = await tenantSettings(tenant, ['DATABASE_URL', 'DIM_CONFIG_DIR'])
  await using store = openStore(found.settings.DATABASE_URL, found.tenant)
  const all = (await agreements(store, days)).filter((one) => source === undefined || one.source === source)
  if (all.length === 0) {
    process.stdout.write(`Nothing was decided${source ? ` for ${String(source)}` : ''} in the last ${days} days.\n`)
    if (source) process.exitCode = 1
    return
  }
  const modes = await policyModes(
    found.settings,
    all.map((one) => one.source),
  )
  const header = [
    'source',
    'mode',
    'decided',
    'told',
    'judged',
    'false alarms',
    'quiet',
    'judged',
    'were real',
    'agree',
    'act',
  ]
  process.stdout.write(
    `${formatTable(
      header,
      all.map((one) => line(one, modes.get(one.source) ?? '')),
    )}\n`,
  )
  if (source && all.some((one) => againstActing(one).length > 0)) process.exitCode = 1
  const fixes = await shadowAgreement(store)
  if (fixes.length === 0 || source) return
  const rows = fixes.map((one) =>
    [one.template, one.proposed, one.same, one.other, one.unknown, percent(one.score)].map(String),
  )
  process.stdout.write(
    `\n${formatTable(['fix left to people', 'proposed', 'they did it', 'another way', 'not known', 'agree'], rows)}\n`,
  )
})

function line(one: Agreement, mode: string): string[] {
  const against = againstActing(one)
  return [
    one.source,
    mode,
    String(one.decided),
    String(one.told),
    String(one.toldJudged),
    String(one.toldJudged - one.toldReal),
    String(one.quiet),
    String(one.quietJudged),
    String(one.quietReal),
    percent(agreementOf(one)),
    against.length === 0 ? 'ready' : `not yet: ${against.join('; ')}`,
  ]
}

function percent(share: number | null): string {
  return share === null ? '–' : `${Math.round(share * 100)} %`
}
