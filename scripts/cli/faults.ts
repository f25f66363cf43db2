import { writeFile } from 'node:fs/promises'
import { AppError } from '../lib/errors.ts'
import { safeStringify } from '../lib/json.ts'
import { tryEngine, type Victim, victims } from './faults/engine.ts'
import { prepareGround } from './faults/ground.ts'
import { type FaultRow, judge, markdownTable, plainTable } from './faults/report.ts'
import { type Trial, tryOnce } from './faults/trial.ts'
import { killSteps, ways } from './faults/ways.ts'
import { runCommand, wantedKestra } from './launch.ts'
import { showProgress } from './progress.ts'

const help = `Usage: npm run --silent faults [-- --times N] [--ways LIST] [--steps LIST] [--engine] [--worker]
                                [--json FILE] [--markdown]

Kills processes of the product with -9 and counts at the other side what came of it: fixes, PagerDuty, Jira and the
Slack bot exactly once; incoming webhook, e-mail and signed webhook at least once, a repeat only where the kill fell
between call and record, and marked. Nothing lost, every incident in an end state. Everything is its own: a PostgreSQL,
the tasks as they are deployed, stand-ins that hold a call untouched, or done with its answer held, until the kill. The
minutes for which a killed process holds what it worked on are let pass in the store.

  --times N      kills of a task's process a step; default 20, 0 for none
  --ways LIST    of those processes only these: fix, pagerduty, jira, "slack bot", "slack webhook", e-mail, signed;
                 default all, separated by commas
  --steps LIST   of before, between, after; default all, separated by commas
  --engine       also kills the engine, its worker with it, once a step (KESTRA_VERSION=2.0.0 for the other one)
  --worker       also kills Kestra's worker alone, as a process of its own, once a step
  --json FILE    writes every count
  --markdown     prints tables as Markdown

Exit code 1 on a breach.
`

await runCommand(
  help,
  {
    times: { type: 'string' },
    ways: { type: 'string' },
    steps: { type: 'string' },
    engine: { type: 'boolean' },
    worker: { type: 'boolean' },
    json: { type: 'string' },
    markdown: { type: 'boolean' },
  },
  async (values) => {
    const times = Number(values.times ?? 20)
    if (!Number.isInteger(times) || times < 0) {
      throw new AppError('E_SETTING_INVALID', '--times is no whole number.', 'Leave it out for 20.')
    }
    const steps = chosen('step', killSteps, (step) => step, values.steps)
    const wanted = chosen('way', ways, ({ name }) => name, values.ways)
    const progress = showProgress()
    const rows: FaultRow[] = []
    const engine: (FaultRow & { killed: Victim })[] = []
    const ground = await prepareGround(progress.step)
    try {
      for (const [wayNumber, way] of wanted.entries()) {
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
    const print = values.markdown ? markdownTable : plainTable
    if (rows.length > 0) process.stdout.write(`${print(rows)}\n`)
    for (const victim of victims.filter((one) => values[one])) {
      const killed = await tryEngine(victim, steps)
      process.stdout.write(`\nKestra ${wantedKestra()}, the ${victim} killed:\n${print(killed)}\n`)
      engine.push(...killed.map((row) => ({ killed: victim, ...row })))
    }
    if (typeof values.json === 'string') {
      await writeFile(values.json, `${safeStringify({ times, tasks: rows, kestra: wantedKestra(), engine }, 2)}\n`)
    }
    if ([...rows, ...engine].some(({ breaches }) => breaches.length > 0)) process.exitCode = 1
  },
)

/** Those whose names begin with one of the words; all when there is none. @throws AppError E_SETTING_INVALID */
function chosen<T>(
  what: string,
  all: readonly T[],
  nameOf: (one: T) => string,
  given: string | boolean | undefined,
): readonly T[] {
  if (typeof given !== 'string') return all
  const words = given.split(',').map((word) => word.trim().toLowerCase())
  const isMeant = (one: T, word: string) => word !== '' && nameOf(one).toLowerCase().startsWith(word)
  const unknown = words.find((word) => !all.some((one) => isMeant(one, word)))
  if (unknown === undefined) return all.filter((one) => words.some((word) => isMeant(one, word)))
  const names = all.map((one) => nameOf(one)).join(', ')
  throw new AppError('E_SETTING_INVALID', `${unknown || 'Nothing'} is no ${what}.`, `There are: ${names}.`)
}
