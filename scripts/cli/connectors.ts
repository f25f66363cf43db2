import { type Checked, checkSystems, healthEvidence } from '../connectors/gathering/check.ts'
import { loadSystems } from '../connectors/gathering/systems.ts'
import { oneLine } from '../domain/text.ts'
import { safeStringify } from '../lib/json.ts'
import { runSubcommand } from './launch.ts'
import { systemSettings } from './system-settings.ts'
import { formatTable } from './table.ts'

const help = `Usage: npm run --silent connectors -- check [--json] [--tenant NAME]

Asks each configured system its lightest question, read-only: whether it answers, with which version, how fast, and
which rights its user lacks. Systems are those of the settings (.env.example) and of config/systems.yaml.

  --json          prints what it found as evidence (system_health), a line a system, as gathering keeps it
  --tenant NAME   the tenant, such as acme, whose systems are asked; default incident_management

Exit code 1 when one can't be asked, lacks a right, or the configuration is broken.
`

await runSubcommand(
  help,
  ['check'],
  { json: { type: 'boolean' }, tenant: { type: 'string' } },
  async (_, { json, tenant }) => {
    const { all, fault } = await loadSystems(systemSettings(tenant))
    const checked = await checkSystems(all)
    if (json) for (const piece of healthEvidence(checked, new Date())) process.stdout.write(`${safeStringify(piece)}\n`)
    else printTable(checked)
    if (fault) process.stderr.write(`\n${fault.code}: ${fault.message}\n${fault.hint}\n`)
    const isWell = checked.every(({ fault: problem, health }) => !problem && health?.missingRights.length === 0)
    if (!isWell || fault) process.exitCode = 1
  },
)

function printTable(checked: readonly Checked[]): void {
  const rows = checked.map(({ system, latencyMs, health, fault: problem }) => [
    system.name,
    system.kind,
    problem ? problem.code : 'answers',
    health?.version ?? '–',
    `${Math.round(latencyMs)} ms`,
    oneLine(problem ? `${problem.message} ${problem.hint}` : (health?.missingRights.join(', ') ?? ''), 300),
  ])
  process.stdout.write(`${formatTable(['system', 'kind', 'state', 'version', 'latency', 'what is missing'], rows)}\n`)
}
