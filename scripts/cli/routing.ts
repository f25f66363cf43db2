import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { catalog } from '../connectors/catalog.ts'
import { noLibrary } from '../connectors/gathering/library.ts'
import { type Alert, sourceKey } from '../domain/alert.ts'
import { nameOfDestination } from '../domain/destination.ts'
import { Evidence } from '../domain/evidence.ts'
import { ownersOf, tierOf } from '../domain/owners.ts'
import type { Settings } from '../lib/config.ts'
import { AppError } from '../lib/errors.ts'
import { parseJson } from '../lib/json.ts'
import { readDelivery } from '../monitors/index.ts'
import { type RoutedKnown, type Routing, readRouting, routingFor } from '../workflow/routing.ts'
import { runCommand } from './launch.ts'
import { systemSettings } from './system-settings.ts'

const help = `Usage: npm run routing -- --incident FILE [--at TIME] [--tenant NAME]

Who would be told of an incident, and why. Reads files only: config/routing.yaml, config/catalog.yaml, and which channels
have their settings in .env.

  --incident FILE   a webhook body, or a scenario with its evidence, as JSON
  --tenant NAME     the tenant, such as acme, whose routing it is; default incident_management
  --at TIME         as if it were then, such as 2026-11-24T03:00:00Z; default now

Exit code 1 when routing.yaml has a fault: each with its line.
`

/** A scenario says which evidence there is and what time it is; a bare body does not. */
const Scenario = z.looseObject({
  request: z.looseObject({ body: z.unknown() }),
  evidence: z.array(Evidence).default([]),
  now: z.iso.datetime().optional(),
})

const options = { incident: { type: 'string' }, at: { type: 'string' }, tenant: { type: 'string' } } as const

await runCommand(help, options, async ({ incident: file, at, tenant }) => {
  if (typeof file !== 'string') {
    throw new AppError('E_SETTING_MISSING', 'Name a file: --incident FILE.', 'A body of test_scenarios/ will do.')
  }
  const settings = systemSettings(tenant)
  await readRouting(settings)
  const { alert, evidence, now: said } = await readIncident(file, settings)
  const now = new Date(typeof at === 'string' ? at : (said ?? Date.now()))
  if (Number.isNaN(now.getTime()))
    throw new AppError('E_SETTING_INVALID', '--at is no time.', 'Give it as in ISO 8601.')
  const { severity, category, asset, environment, title } = alert
  const known: RoutedKnown = {
    incident: { severity, category, asset, environment, source: sourceKey(alert) },
    decision: null,
    evidence,
  }
  const owners = ownersOf(asset, evidence)
  const facts = [
    ['incident', title],
    ['severity', severity],
    ['source', sourceKey(alert)],
    ['asset', asset?.name ?? 'none'],
    ['tier', tierOf(evidence) ?? 'not in the catalogue'],
    ['owner', owners.cause?.name ?? 'nobody'],
    ['promise of', owners.suffering.map(({ name }) => name).join(', ') || 'nobody'],
    ['at', now.toISOString()],
  ]
  for (const [name, value] of facts) process.stdout.write(`${String(name).padEnd(12)}${value}\n`)
  print(await routingFor(settings, known, now))
})

/** The alert of a file, and what is known about its asset: the scenario's evidence, else the catalogue's. */
async function readIncident(file: string, settings: Settings) {
  const value = parseJson(await readText(file))
  const scenario = Scenario.safeParse(value)
  const body = scenario.success ? scenario.data.request.body : value
  const receivedAt = new Date().toISOString()
  const [alert] = readDelivery({ body, headers: {}, receivedAt }).alerts
  if (!alert) throw new AppError('E_PAYLOAD_NO_ALERT', `${file} holds no alert.`, 'Try: npm run parse -- FILE')
  const given = scenario.success ? scenario.data.evidence : []
  return {
    alert,
    evidence: given.length > 0 ? given : await catalogEvidence(alert, settings),
    now: scenario.success ? scenario.data.now : undefined,
  }
}

async function catalogEvidence(alert: Alert, settings: Settings): Promise<Evidence[]> {
  const { asset, category, environment } = alert
  const question = { asset, category, environment, alerts: [alert], now: new Date() }
  const set = catalog.fromSettings(settings)
  if (!set) return []
  const system = { name: 'catalog', environment: null, aliases: [], limitMs: null, ...set }
  const drafts = await catalog.gather(question, { system, signal: AbortSignal.timeout(10_000), library: noLibrary })
  return drafts.map((draft, index) => ({ id: `ev_${index + 1}`, ...draft }))
}

function print({ destinations, escalation, fallback, leftOut, because, isDefault }: Routing): void {
  const names = (list: Routing['fallback']) => list.map(nameOfDestination).join(', ') || 'nobody'
  process.stdout.write(`\n${because.map((line) => `  ${line}\n`).join('')}`)
  process.stdout.write(
    `\ntold        ${names(destinations)}${isDefault ? '  (by default: no route leads to a channel that is set up)' : ''}\n`,
  )
  for (const { afterMs, destinations: next } of escalation) {
    process.stdout.write(`after ${Math.round(afterMs / 60_000)} min `.padEnd(12))
    process.stdout.write(`${names(next)}, unless somebody has acknowledged\n`)
  }
  process.stdout.write(`if down     ${fallback.length > 0 ? names(fallback) : 'ticket'}\n`)
  if (leftOut.length > 0) process.stdout.write(`not set up  ${names(leftOut)}\n`)
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    throw new AppError('E_PAYLOAD_UNREADABLE', `${file} cannot be opened.`, 'Check its path.')
  }
}
