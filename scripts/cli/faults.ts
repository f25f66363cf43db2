import { writeFile } from 'node:fs/promises'
import { AppError } from '../lib/errors.ts'
import { safeStringify } from '../lib/json.ts'
import { tryEngine } from './faults/engine.ts'
import { prepareGround } from './faults/ground.ts'
import { type FaultRow, judge, markdownTable, plainTable } from './faults/report.ts'
import { type Trial, tryOnce } from './faults/trial.ts'
import { killSteps, ways } from './faults/ways.ts'
import { runCommand, wantedKestra } from './launch.ts'
import { showProgress } from './progress.ts'

const help = `Usage: npm run --silent faults [-- --times N] [--steps LIST] [--engine] [--json FILE] [--markdown]

Kills processes of the product with -9 and counts at the other side what came of it: fixes, PagerDuty, Jira and the
Slack bot exactly once; incoming webhook, e-mail and signed webhook at least once, a repeat only where the kill fell
between call and record, and marked. Nothing lost, every incident in an end state. Everything is its own: a PostgreSQL,
the tasks as they are deployed, stand-ins that hold a call untouched, or done with its answer held, until the kill. The
minutes for which a killed process holds what it worked on are let pass in the store.

  --times N      kills a step; default 20
  --steps LIST   of before, between, after; default all, separated by commas
  --engine       also kills the engine, its workers with it, once a step (KESTRA_VERSION=2.0.0 for the other one)
  --json FILE    writes every count
  --markdown     prints the table as it stands in docs/benchmarks.md

Exit code 1 on a breach.
`

await runCommand(
  help,
  {
    times: { type: 'string' },
    steps: { type: 'string' },
    engine: { type: 'boolean' },
    json: { type: 'string' },
    markdown: { type: 'boolean' },
  },
  async (values) => {
    const times = Number(values.times ?? 20)
    if (!Number.isInteger(times) || times < 0) {
      throw new AppError('E_SETTING_INVALID', '--times is no whole number.', 'Leave it out for 20.')
    }
    const steps = stepsOf(values.steps)
    const progress = showProgress()
    const rows: FaultRow[] = []
    const ground = await prepareGround(progress.step)
    try {
      for (const [wayNumber, way] of ways.entries()) {
        for (const [stepNumber, step] of steps.entries()) {
          const trials: Trial[] = []
          for (let number = 1; number <= times; number += 1) {
            progress.step(`${way.name}, killed ${step}: ${number} of ${times}`)
            trials.push(await tryOnce(ground, way, step, `f${wayNumber}-${stepNumber}-${number}`))
          }
          if (times > 0) rows.push(judge(way, step, trials))
        }
      }
    } finally {
      progress.pause()
      await ground.stop()
    }
    const engine = values.engine ? await tryEngine(steps) : []
    const print = values.markdown ? markdownTable : plainTable
    if (rows.length > 0) process.stdout.write(`${print(rows)}\n`)
    if (engine.length > 0) process.stdout.write(`\nKestra ${wantedKestra()}, the engine killed:\n${print(engine)}\n`)
    if (typeof values.json === 'string') {
      await writeFile(values.json, `${safeStringify({ times, tasks: rows, kestra: wantedKestra(), engine }, 2)}\n`)
    }
    if ([...rows, ...engine].some(({ breaches }) => breaches.length > 0)) process.exitCode = 1
  },
)

function stepsOf(given: string | boolean | undefined) {
  if (typeof given !== 'string') return killSteps
  const wanted = given.split(',').map((word) => word.trim())
  const found = wanted.map((word) => killSteps.find((step) => word !== '' && step.startsWith(word)))
  const unknown = wanted.find((_, index) => found[index] === undefined)
  if (unknown === undefined) return found.filter((step) => step !== undefined)
  throw new AppError('E_SETTING_INVALID', `${unknown} is no step.`, 'Steps are before, between and after.')
}
