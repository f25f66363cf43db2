import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { safeStringify } from '../lib/json.ts'
import { baselineScores, type Outcome, runScenario, type Scores } from './evaluation.ts'
import { readScenarios } from './scenario-files.ts'
import { formatTable } from './table.ts'

const help = `Usage: npm run --silent eval -- --scenarios DIR [--analyzer rules|gemini] [--json FILE]

Decides scenario files and scores the decisions. In-process: no engine, no store.

  --scenarios DIR    folder of scenario files, *.json
  --analyzer NAME    rules (default) or gemini, which needs GEMINI_API_KEY
  --json FILE        writes { scenarios, totals, baseline }

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
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return 0
  }
  if (values.scenarios === undefined || !['rules', 'gemini'].includes(values.analyzer))
    throw new TypeError('Name a folder of scenarios.')
  const { scenarios, broken } = await readScenarios(values.scenarios)
  for (const line of broken) process.stderr.write(`${line}\n`)
  const outcomes: Outcome[] = []
  for (const scenario of scenarios) {
    outcomes.push(await runScenario(scenario, { ...process.env, ANALYZER: values.analyzer }))
  }
  const totals = total(outcomes.map(({ scores }) => scores))
  const baseline = total(scenarios.map(baselineScores))
  process.stdout.write(`${report(outcomes, totals, baseline)}\n`)
  if (values.json) await writeFile(values.json, safeStringify({ scenarios: outcomes, totals, baseline }, 2))
  return broken.length > 0 || scenarios.length === 0 ? 1 : 0
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
    scores.correct ? 'correct' : 'wrong',
    [scores.falseDismissal && 'false dismissal', scores.falseAlarm && 'false alarm', scores.unsafe && 'unsafe']
      .filter(Boolean)
      .join(', '),
    scores.rootCause === null ? '' : scores.rootCause ? 'named' : 'missed',
  ])
  const table = formatTable(['scenario', 'is', 'severity', 'action', 'by', 'score', 'error', 'cause'], rows)
  return [table, '', line('this', totals), line('always notify_team/HIGH', baseline)].join('\n')
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
