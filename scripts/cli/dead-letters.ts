import type { Settings } from '../lib/config.ts'
import type { Monitor } from '../monitors/monitor.ts'
import { openStore, type Store } from '../store/connection.ts'
import { type DeadLetter, listDeadLetters } from '../store/dead-letters.ts'
import { replayDeadLetter } from '../workflow/replay-dead-letter.ts'
import { readTaughtMonitors } from '../workflow/taught-monitors.ts'
import { runSubcommand, tenantSettings } from './launch.ts'
import { formatTable } from './table.ts'

const help = `Usage: npm run dead-letters -- list | replay [--tenant NAME]

What was accepted and could not be read, with its reason.

  list            those that were not taken in again
  replay          takes each in again, as after a fix; one that still can't be read stays
  --tenant NAME   the tenant, such as acme; default incident_management
`
const tenantOption = { tenant: { type: 'string' } } as const

await runSubcommand(help, ['list', 'replay'], tenantOption, async (subcommand, values) => {
  const { tenant, settings } = await tenantSettings(values.tenant, ['DATABASE_URL', 'DIM_CONFIG_DIR'])
  await using store = openStore(settings.DATABASE_URL, tenant)
  const letters = await listDeadLetters(store, { limit: 1000 })
  if (subcommand === 'list') list(letters)
  else await replay(store, letters, await readTaughtMonitors(settings.DIM_CONFIG_DIR), settings)
})

function list(letters: readonly DeadLetter[]): void {
  const rows = letters.map((letter) => [
    letter.created_at.toISOString(),
    letter.execution_id,
    letter.task,
    letter.code,
    letter.message.replaceAll('\n', ' ').slice(0, 100),
  ])
  const text =
    rows.length === 0 ? 'No dead letters.' : formatTable(['when', 'execution', 'task', 'code', 'reason'], rows)
  process.stdout.write(`${text}\n`)
}

async function replay(
  store: Store,
  letters: readonly DeadLetter[],
  taught: readonly Monitor[],
  settings: Settings,
): Promise<void> {
  let taken = 0
  for (const letter of letters) {
    const outcome = await replayDeadLetter(store, letter, taught, settings)
    if (outcome === 'taken') taken += 1
    else process.stdout.write(`${letter.execution_id}: ${outcome}\n`)
  }
  process.stdout.write(`${taken} of ${letters.length} taken in; the clock starts their analysis.\n`)
}
