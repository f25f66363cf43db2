import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { safeStringify } from '../lib/json.ts'
import { baselineScores, type Outcome, runScenario, type Scenario, type Scores } from './evaluation.ts'
import { listener, recordedModel } from './recorded-answers.ts'
import { readScenarios } from './scenario-files.ts'
import { formatTable } from './table.ts'

const help = `Usage: npm run --silent eval -- --scenarios DIR [--analyzer rules|gemini|recorded]
                                 [--json FILE] [--dump-prompts DIR]

Decides scenario files and scores the decisions. In-process: no engine, no store.

  --scenarios DIR    folder of scenario files, *.json
  --analyzer NAME    rules (default); gemini, which needs GEMINI_API_KEY or VERTEX_PROJECT; recorded, which takes the
                     model's answers from answers/ beside the scenarios
  --json FILE        writes { scenarios, totals, baseline }
  --dump-prompts DIR writes what would be sent to the model, one file a scenario, and sends nothing; what the cheap pass
                     settles, or policy keeps here, has none

Exit code 0 when every file was decided, 1 when a file is broken or the folder holds none, 2 for wrong usage.
`

interface Totals {
  scenarios: number
  correct: number
  falseDismissals: number
  falseAlarms: number
  unsafe: number
  rootCauseNamed: number
  rootCauseAsked: number
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      scenarios: { type: 'string' },
      analyzer: { type: 'string', default: 'rules' },
      json: { type: 'string' },
      'dump-prompts': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return 0
  }
  const { scenarios: folder, analyzer, 'dump-prompts': promptFolder } = values
  if (folder === undefined) throw new TypeError('Name a folder of scenarios.')
  if (!['rules', 'gemini', 'recorded'].includes(analyzer)) throw new TypeError(`There is no analyzer ${analyzer}.`)
  const { scenarios, broken } = await readScenarios(folder)
  for (const line of broken) process.stderr.write(`${line}\n`)
  const outcomes: Outcome[] = []
  for (const scenario of scenarios) {
    const model = analyzer === 'recorded' ? await recordedModel(folder, scenario.name) : undefined
    outcomes.push(await runScenario(scenario, { ...process.env, ANALYZER: analyzer }, model))
  }
  if (promptFolder !== undefined) await dumpPrompts(scenarios, promptFolder)
  const totals = total(outcomes.map(({ scores }) => scores))
  const baseline = total(scenarios.map(baselineScores))
  process.stdout.write(`${report(outcomes, totals, baseline)}\n`)
  if (values.json) await writeFile(values.json, safeStringify({ scenarios: outcomes, totals, baseline }, 2))
  return broken.length > 0 || scenarios.length === 0 ? 1 : 0
}

async function dumpPrompts(scenarios: readonly Scenario[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const scenario of scenarios) {
    const model = listener()
    await runScenario(scenario, { ANALYZER: 'gemini' }, model)
    if (!model.heard) continue
    const { instructions, turns } = model.heard
    const text = ['=== instructions', instructions, ...turns.flatMap((turn) => [`=== ${turn.role}`, turn.text])]
    await writeFile(join(folder, `${scenario.name}.txt`), `${text.join('\n')}\n`)
  }
}

function total(all: readonly Scores[]): Totals {
  const count = (is: (scores: Scores) => boolean) => all.filter(is).length
  return {
    scenarios: all.length,
    correct: count(({ correct }) => correct),
    falseDismissals: count(({ falseDismissal }) => falseDismissal),
    falseAlarms: count(({ falseAlarm }) => falseAlarm),
    unsafe: count(({ unsafe }) => unsafe),
    rootCauseNamed: count(({ rootCause }) => rootCause === true),
    rootCauseAsked: count(({ rootCause }) => rootCause !== null),
  }
}

function report(outcomes: readonly Outcome[], totals: Totals, baseline: Totals): string {
  const rows = outcomes.map(({ name, decision, scores }) => [
    name,
    decision.is_incident ? 'incident' : 'none',
    decision.severity,
    decision.recommended_action,
    decision.rule ?? decision.model ?? '',
    decision.cheap_pass ? 'cheap' : decision.fallback ? 'stand-in' : '',
    scores.correct ? 'correct' : 'wrong',
    [scores.falseDismissal && 'false dismissal', scores.falseAlarm && 'false alarm', scores.unsafe && 'unsafe']
      .filter(Boolean)
      .join(', '),
    scores.rootCause === null ? '' : scores.rootCause ? 'named' : 'missed',
    decision.cost_usd === null ? '' : decision.cost_usd.toFixed(5),
    decision.latency_ms.toFixed(1),
  ])
  const table = formatTable(
    ['scenario', 'is', 'severity', 'action', 'by', 'pass', 'score', 'error', 'cause', 'usd', 'ms'],
    rows,
  )
  return [table, '', line('this', totals), line('always notify_team/HIGH', baseline), spent(outcomes)].join('\n')
}

function spent(outcomes: readonly Outcome[]): string {
  const dollars = outcomes.reduce((sum, { decision }) => sum + (decision.cost_usd ?? 0), 0)
  const tokens = outcomes.reduce((sum, { decision }) => sum + (decision.tokens ?? 0), 0)
  const times = outcomes.map(({ decision }) => decision.latency_ms).sort((a, b) => a - b)
  const middle = times[Math.floor(times.length / 2)] ?? 0
  const cheap = outcomes.filter(({ decision }) => decision.cheap_pass).length
  return `${cheap} by the cheap pass; ${tokens} tokens, ${dollars.toFixed(4)} USD; ${middle.toFixed(1)} ms each, at most ${(times.at(-1) ?? 0).toFixed(1)} ms`
}

function line(who: string, totals: Totals): string {
  const { scenarios, correct, falseDismissals, falseAlarms, unsafe, rootCauseNamed, rootCauseAsked } = totals
  return `${who}: ${correct} of ${scenarios} correct, ${falseDismissals} false dismissals, ${falseAlarms} false alarms, ${unsafe} unsafe, root cause named ${rootCauseNamed} of ${rootCauseAsked}`
}

try {
  process.exitCode = await main()
} catch (thrown) {
  process.stderr.write(
    `${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${thrown instanceof TypeError ? help : ''}`,
  )
  process.exitCode = 2
}
