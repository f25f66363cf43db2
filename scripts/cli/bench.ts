import { writeFile } from 'node:fs/promises'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { buildEngine } from '../../engine/build.ts'
import { buildTasks } from '../../engine/bundle.ts'
import { sharedFolder } from '../../engine/state.ts'
import { geminiKey, startGemini } from '../../tests/stand-ins/gemini.ts'
import { startSlack } from '../../tests/stand-ins/slack.ts'
import { safeStringify } from '../lib/json.ts'
import { openStore } from '../store/connection.ts'
import { consoleSections, measureConsole, quickConsole, thoroughConsole } from './bench/console.ts'
import { decidingSection, measureDeciding } from './bench/deciding.ts'
import { duplicatesSection, measureDuplicates } from './bench/duplicates.ts'
import { openExecutions } from './bench/executions.ts'
import { gatheringSection, measureGathering } from './bench/gathering.ts'
import { latencySection, measureLatency } from './bench/latency.ts'
import { lineageSection, measureLineage } from './bench/lineage.ts'
import { memoryOf, memorySection } from './bench/memory.ts'
import { measureParsing, parsingSection } from './bench/parsing.ts'
import { measureRemembering, rememberingSection } from './bench/remembering.ts'
import { markdownReport, mebibytes, plainReport } from './bench/report.ts'
import { measureTaskStarts, taskStartSection } from './bench/task-start.ts'
import { measureTaskWork, taskWorkSection } from './bench/task-work.ts'
import { launch, runCommand, wantedKestra } from './launch.ts'
import { showProgress } from './progress.ts'

const help = `Usage: npm run --silent bench [-- --console] [--quick] [--markdown] [--json FILE]

Measures the product on this machine, on the embedded engine, with a store of its own; Slack and Gemini are stand-ins.
Start of each task, gathering, deciding by rules, searching 100,000 past incidents, the parser alone, a large dbt project, each task with its work, webhook to terminal state beside the same flows with empty scripts,
duplicates, memory. Takes about seven minutes; let the machine do nothing else meanwhile.

  --console      instead: the console's pages, taking alerts in, live updates and connections over a store of a million alerts
                 of 20 tenants; takes about four minutes and 5 GB, needs no engine, and Chromium
  --quick        few runs: whether it works, not how fast it is
  --markdown     prints the tables as they stand in docs/benchmarks.md
  --json FILE    writes every figure, in milliseconds and bytes
  KESTRA_VERSION=2.0.0 npm run bench    the other engine (needs a JDK 25)

A target that is missed is said in its line. Exit code 1 when duplicates led to more than one incident or message.
`

const thorough = { start: 21, work: 11, latency: 30, deliveries: 200, remembered: 100_000 }
const quick = { start: 5, work: 3, latency: 5, deliveries: 40, remembered: 5_000 }
/** After the first start of an engine another one runs in the background, to write down what makes starts fast. */
const disturbed = 'Disturbed: the engine was started for the first time, which writes an archive. Run it again.'

await runCommand(
  help,
  { console: { type: 'boolean' }, quick: { type: 'boolean' }, markdown: { type: 'boolean' }, json: { type: 'string' } },
  async (values) => {
    if (values.console) return reportConsole(values)
    const runs = values.quick ? quick : thorough
    const machine = describeMachine()
    // Bare starts are measured before the engine runs beside them.
    const early = showProgress()
    const starts = await measureTaskStarts(await buildTasks(), { runs: runs.start, onProgress: early.step })
    const gathering = await measureGathering({ runs: runs.work, onProgress: early.step })
    const deciding = measureDeciding({ runs: runs.work })
    const parsing = await measureParsing({ runs: runs.work, onProgress: early.step })
    const remembering = await measureRemembering({
      incidents: runs.remembered,
      runs: runs.work,
      onProgress: early.step,
    })
    const isNew = await isNewEngine(early.step)
    early.pause()
    const figures = await measureStack(runs)
    const { lineage, taskWork, latency, duplicates, memory } = figures
    const report = {
      heading: `Kestra ${wantedKestra()}, ${new Date().toISOString().slice(0, 10)}`,
      about: [machine.text, ...(isNew ? [disturbed] : [])],
      sections: [
        taskStartSection(starts),
        gatheringSection(gathering),
        decidingSection(deciding),
        lineageSection(lineage),
        parsingSection(parsing),
        rememberingSection(remembering),
        taskWorkSection(taskWork),
        latencySection(latency),
        duplicatesSection(duplicates),
        memorySection(memory),
      ],
    }
    process.stdout.write(values.markdown ? markdownReport(report) : plainReport(report))
    if (typeof values.json === 'string') {
      const all = {
        date: new Date().toISOString(),
        kestra: wantedKestra(),
        machine,
        runs,
        taskStart: starts,
        gathering,
        deciding,
        parsing,
        remembering,
        ...figures,
      }
      await writeFile(values.json, `${safeStringify(all, 2)}\n`)
    }
    if (duplicates.faults.length > 0) process.exitCode = 1
  },
)

async function reportConsole(values: Readonly<Record<string, string | boolean | undefined>>): Promise<void> {
  const machine = describeMachine()
  const progress = showProgress()
  const runs = values.quick ? quickConsole : thoroughConsole
  const figures = await measureConsole(runs, progress.step).finally(progress.pause)
  const report = {
    heading: `Console and a full store, ${new Date().toISOString().slice(0, 10)}`,
    about: [machine.text],
    sections: consoleSections(figures),
  }
  process.stdout.write(values.markdown ? markdownReport(report) : plainReport(report))
  if (typeof values.json !== 'string') return
  await writeFile(values.json, `${safeStringify({ date: new Date().toISOString(), machine, ...figures }, 2)}\n`)
}

async function isNewEngine(onProgress: (text: string) => void): Promise<boolean> {
  const outputDir = await sharedFolder('engine')
  const build = await buildEngine({ kestraVersion: wantedKestra(), outputDir, onProgress })
  return build.archive === null
}

/** All that needs the engine. Nothing of the user's settings takes part: no real Slack, no real model, no real store. */
async function measureStack(runs: typeof thorough) {
  const slack = await startSlack()
  const gemini = await startGemini()
  try {
    const settings = { SLACK_WEBHOOK_URL: slack.webhookUrl, ANALYZER: 'rules' }
    const { stack, progress } = await launch({ name: 'bench', settings, fresh: true })
    const onProgress = progress.step
    try {
      const boot = await memoryOf(stack)
      await using store = openStore(stack.settings.DATABASE_URL, 'incident_management')
      const lineage = await measureLineage(store, { runs: runs.work, onProgress })
      const executions = openExecutions(stack)
      const taskWork = await measureTaskWork(
        { DATABASE_URL: stack.settings.DATABASE_URL, SLACK_WEBHOOK_URL: slack.webhookUrl },
        {
          rules: { ANALYZER: 'rules' },
          gemini: { GEMINI_API_KEY: geminiKey, GEMINI_BASE_URL: gemini.url },
        },
        { runs: runs.work, onProgress },
      )
      const latency = await measureLatency({ stack, store, slack, executions, runs: runs.latency, onProgress })
      const { deliveries } = runs
      const duplicates = await measureDuplicates({ store, slack, executions, deliveries, onProgress })
      return {
        lineage,
        taskWork,
        latency,
        duplicates,
        memory: { boot, end: await memoryOf(stack) },
        bootMs: stack.engine.bootMs,
      }
    } finally {
      progress.step('Stopping')
      await stack.stop()
      progress.pause()
    }
  } finally {
    await gemini.close()
    await slack.close()
  }
}

function describeMachine() {
  const processors = cpus()
  const model = processors[0]?.model.trim() || 'unknown processor'
  const load = loadavg()[0] ?? 0
  const system = `${type()} ${release()}`
  const text = `${processors.length} × ${model}, ${mebibytes(totalmem())}, ${system}, Node ${process.version}; load before the start ${load.toFixed(1)}.`
  return { processors: processors.length, model, memory: totalmem(), system, node: process.version, load, text }
}
