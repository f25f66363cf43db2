import { writeFile } from 'node:fs/promises'
import { loadSystems } from '../connectors/gathering/systems.ts'
import { draftCatalog } from '../domain/catalog-draft.ts'
import { findCatalogAsset } from '../domain/catalog-lookup.ts'
import { oneLine } from '../domain/text.ts'
import { AppError } from '../lib/errors.ts'
import { safeStringify } from '../lib/json.ts'
import { formatYaml } from '../lib/yaml-file.ts'
import { openStore } from '../store/connection.ts'
import { alertedAssets } from '../store/gaps.ts'
import { checkCatalog, readCatalog } from '../workflow/catalog-check.ts'
import { surveySystems } from '../workflow/survey.ts'
import { runSubcommand, tenantSettings } from './launch.ts'
import { systemSettings } from './system-settings.ts'
import { formatTable } from './table.ts'

const help = `Usage: npm run --silent catalog -- init [--out FILE]
       npm run catalog -- gaps [--days N] [--json]
       npm run catalog -- check

init    drafts the entries that config/catalog.yaml does not have yet: from dbt (what exposures read; groups, meta, tags),
        Airflow (DAGs with owners, tags, schedules; outlets) and the warehouses (their largest tables). Prints them, with
        what each system said as a comment. Systems are those of the settings and of config/systems.yaml.
gaps    the assets that alerted and have no entry, most alerts first
check   faults of all configuration files with their lines; owners who listen nowhere; systems, DAGs and channels that are
        named and are not there

  --out FILE      init: writes the draft there; never over a file that is there
  --days N        gaps: how far back; default 30
  --json          gaps: a JSON list
  --tenant NAME   the tenant, such as acme; default incident_management

Exit code 1: init could not ask a system; check found something wrong.
`
const options = {
  out: { type: 'string' },
  days: { type: 'string' },
  json: { type: 'boolean' },
  tenant: { type: 'string' },
} as const
type Values = Readonly<Record<string, string | boolean | undefined>>

const commands: Readonly<Record<string, (values: Values) => Promise<void>>> = { init, gaps, check }
await runSubcommand(help, Object.keys(commands), options, (subcommand, values) => {
  const run = commands[subcommand]
  return run ? run(values) : Promise.resolve()
})

async function init({ out, tenant }: Values): Promise<void> {
  const settings = systemSettings(tenant)
  const { all, fault } = await loadSystems(settings)
  if (fault) throw new AppError('E_CONFIG_INVALID', fault.message, fault.hint)
  const surveyed = await surveySystems(all)
  if (surveyed.length === 0) {
    throw new AppError(
      'E_SETTING_MISSING',
      'No system is configured that could be asked.',
      'Set DBT_ARTIFACTS, AIRFLOW_URL, WAREHOUSE_URL or SNOWFLAKE_ACCOUNT, or write config/systems.yaml.',
    )
  }
  for (const { system, findings, leftOut, fault: problem } of surveyed) {
    const read = `${findings.length} assets${leftOut ? `; ${leftOut}` : ''}`
    const told = problem ? `could not be asked: ${problem.message} ${problem.hint}` : read
    process.stderr.write(`${system.name}: ${told}\n`)
  }
  const findings = surveyed.flatMap((one) => one.findings)
  const drafts = draftCatalog(findings, await readCatalog(settings))
  process.stderr.write(`${drafts.length} of them have no entry yet\n`)
  const notes = drafts.map(({ notes: said }, index) => ({ path: ['assets', index], text: said.join('; ') }))
  const text = await formatYaml({ assets: drafts.map(({ entry }) => entry) }, notes)
  if (typeof out === 'string') await write(out, text)
  else process.stdout.write(text)
  if (surveyed.some(({ fault: problem }) => problem)) process.exitCode = 1
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' })
  } catch (cause) {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    const why = isThere ? 'is there already' : 'cannot be written'
    throw new AppError('E_SETTING_INVALID', `${file} ${why}.`, 'Name another file with --out.', { cause })
  }
  process.stderr.write(`Written to ${file}: look it over, then move what is right into config/catalog.yaml.\n`)
}

async function gaps({ days: given, json, tenant: named }: Values): Promise<void> {
  const days = given === undefined ? 30 : Number(given)
  if (!Number.isInteger(days) || days < 1 || days > 3650)
    throw new AppError('E_SETTING_INVALID', '--days is no number of days.', 'Give it as --days 30.')
  const { tenant, settings } = await tenantSettings(named, ['DATABASE_URL', 'DIM_CONFIG_DIR'])
  const catalog = await readCatalog(settings)
  await using store = openStore(settings.DATABASE_URL, tenant)
  const found = (await alertedAssets(store, days)).filter(
    ({ asset, environment }) => findCatalogAsset(catalog, asset, environment) === null,
  )
  if (json) {
    process.stdout.write(`${safeStringify(found)}\n`)
    return
  }
  const rows = found.map(({ asset, environment, alerts, incidents, last }) => [
    String(alerts),
    String(incidents),
    last.toISOString().slice(0, 16),
    asset.kind,
    oneLine(asset.name, 120),
    environment ?? '–',
  ])
  process.stdout.write(`${formatTable(['alerts', 'incidents', 'last', 'kind', 'name', 'environment'], rows)}\n`)
  const end = found.length === 0 ? 'Every asset that alerted has an entry.' : `${found.length} without an entry.`
  process.stdout.write(`\n${end}\n`)
}

async function check({ tenant }: Values): Promise<void> {
  const settings = systemSettings(tenant)
  const { wrong, unchecked } = await checkCatalog(settings, await loadSystems(settings))
  for (const line of wrong) process.stdout.write(`wrong      ${line}\n`)
  for (const line of unchecked) process.stdout.write(`unchecked  ${line}\n`)
  process.stdout.write(wrong.length === 0 ? 'Nothing wrong was found.\n' : `${wrong.length} wrong.\n`)
  if (wrong.length > 0) process.exitCode = 1
}
