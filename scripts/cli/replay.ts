import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Settings } from '../lib/config.ts'
import { AppError } from '../lib/errors.ts'
import { safeStringify } from '../lib/json.ts'
import { openStore } from '../store/connection.ts'
import { pastDecisions } from '../store/replay.ts'
import { type Change, type Replayed, replayIncident } from '../workflow/replay.ts'
import { runCommand, tenantSettings } from './launch.ts'
import { showProgress } from './progress.ts'
import { formatTable } from './table.ts'

const help = `Usage: npm run replay -- --since DATE [--until DATE] [--analyzer rules|gemini] [--model NAME] [--config DIR]
                      [--limit N] [--all] [--json FILE] [--tenant NAME]

Decides past incidents again, from the evidence that was kept, by the rules and prompts of this checkout, and shows what
would change before anybody switches. Writes nothing to the store: the database itself is told to refuse it. With gemini
the model is asked, which costs what it costs; the day's budget is not charged.

  --since DATE      2026-11-01, or a time such as 2026-11-01T06:00:00Z; --until DATE: default now
  --analyzer NAME   rules (default), or gemini
  --model NAME      another model than GEMINI_MODEL
  --config DIR      another policy.yaml than the one in force
  --limit N         so many incidents, the latest first; default 1000, with gemini 100
  --all             lists those that stay the same, too
  --json FILE       writes { replayed, skipped, counts }
  --tenant NAME     the tenant, such as acme; default incident_management

Exit code 1 when something that people called real would be kept quiet, or nothing could be replayed.
`
const options = {
  since: { type: 'string' },
  until: { type: 'string' },
  analyzer: { type: 'string' },
  model: { type: 'string' },
  config: { type: 'string' },
  limit: { type: 'string' },
  all: { type: 'boolean' },
  json: { type: 'string' },
  tenant: { type: 'string' },
} as const
type Values = Readonly<Record<string, string | boolean | undefined>>

const words: Record<Change, string> = {
  same: 'the same',
  severity: 'another severity',
  louder: 'louder',
  quieter: 'quieter',
  against_people: 'QUIET, AND PEOPLE CALLED IT REAL',
}

await runCommand(help, options, async (values) => {
  const analyzer = values.analyzer ?? 'rules'
  if (analyzer !== 'rules' && analyzer !== 'gemini')
    throw wrong(`There is no analyzer ${String(analyzer)}`, 'Say rules or gemini.')
  const since = instantOf(values, 'since')
  if (!since) throw wrong('From when on is missing', 'Give it: --since 2026-11-01.')
  const limit = Number(values.limit ?? (analyzer === 'gemini' ? 100 : 1000))
  if (!Number.isInteger(limit) || limit < 1) throw wrong('--limit is no number', 'Give it as --limit 200.')
  const names = [
    'DATABASE_URL',
    'DIM_CONFIG_DIR',
    'GEMINI_API_KEY',
    'GEMINI_MODEL',
    'GEMINI_BASE_URL',
    'VERTEX_PROJECT',
    'VERTEX_LOCATION',
    'VERTEX_CREDENTIALS',
  ] as const
  const { tenant, settings: own } = await tenantSettings(values.tenant, names)
  const settings: Settings = {
    ...own,
    ANALYZER: analyzer,
    ...(typeof values.model === 'string' ? { GEMINI_MODEL: values.model } : {}),
    ...(typeof values.config === 'string' ? { DIM_CONFIG_DIR: resolve(values.config) } : {}),
  }
  if (analyzer === 'gemini' && !settings.GEMINI_API_KEY && !settings.VERTEX_PROJECT)
    throw wrong('No model is set up', 'Set GEMINI_API_KEY or VERTEX_PROJECT in .env.')
  await using store = openStore(own.DATABASE_URL, tenant, { readOnly: true })
  const decisions = await pastDecisions(store, { since, until: instantOf(values, 'until') ?? new Date(), limit })
  const progress = showProgress()
  const replayed: Replayed[] = []
  for (const [nth, past] of decisions.entries()) {
    progress.step(`Deciding ${nth + 1} of ${decisions.length}`)
    const one = await replayIncident(store, past, settings)
    if (one) replayed.push(one)
  }
  progress.pause()
  report(replayed, decisions.length - replayed.length, values.all === true)
  if (typeof values.json === 'string') {
    const all = {
      replayed,
      skipped: decisions.length - replayed.length,
      counts: Object.fromEntries(countsOf(replayed)),
    }
    await writeFile(values.json, `${safeStringify(all, 2)}\n`)
  }
  if (replayed.length === 0 || replayed.some(({ change }) => change === 'against_people')) process.exitCode = 1
})

function report(replayed: readonly Replayed[], skipped: number, all: boolean): void {
  const shown = replayed.filter(({ change }) => all || change !== 'same')
  const rows = shown.map(({ past, now, change }) => [
    past.incident,
    past.analysed_at.toISOString().slice(0, 16),
    `${past.decision.recommended_action} ${past.decision.severity}`,
    `${now.recommended_action} ${now.severity}`,
    now.rule ?? now.model ?? '',
    words[change],
    past.verdict ?? '',
    past.title.slice(0, 60),
  ])
  const header = ['incident', 'decided', 'then', 'now', 'by', 'is', 'people said', 'title']
  if (rows.length > 0) process.stdout.write(`${formatTable(header, rows)}\n\n`)
  const counts = [...countsOf(replayed)].map(([change, count]) => `${count} ${words[change]}`).join(', ')
  process.stdout.write(`${replayed.length} decided again${counts ? `: ${counts}` : ''}.\n`)
  if (skipped > 0) process.stdout.write(`${skipped} left out: their evidence is not kept any more.\n`)
  const dollars = replayed.reduce((sum, { now }) => sum + (now.cost_usd ?? 0), 0)
  const fallen = replayed.filter(({ now }) => now.fallback !== null).length
  if (dollars > 0) process.stdout.write(`It cost about ${dollars.toFixed(4)} USD.\n`)
  if (fallen > 0) process.stdout.write(`For ${fallen} the model did not answer, and rules stood in.\n`)
}

function countsOf(replayed: readonly Replayed[]): Map<Change, number> {
  const counts = new Map<Change, number>()
  for (const { change } of replayed) counts.set(change, (counts.get(change) ?? 0) + 1)
  return counts
}

function instantOf(values: Values, name: string): Date | undefined {
  const given = values[name]
  if (typeof given !== 'string') return undefined
  const time = new Date(given)
  if (/^\d{4}-\d\d-\d\d/.test(given) && !Number.isNaN(time.getTime())) return time
  throw wrong(`--${name} ${given} is no date`, 'Give it as 2026-11-01 or 2026-11-01T06:00:00Z.')
}

function wrong(message: string, hint: string): AppError {
  return new AppError('E_SETTING_INVALID', `${message}.`, hint)
}
