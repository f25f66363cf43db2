import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '../../lib/errors.ts'
import { parseJson } from '../../lib/json.ts'
import { freshAlert } from './alerts.ts'
import { type Ended, runNode } from './node-process.ts'
import { mebibytes, milliseconds, type Section, times } from './report.ts'
import { judge, type Summary, summarize } from './statistics.ts'
import { contextOf } from './task-start.ts'

const home = join(import.meta.dirname, '..', '..', '..')
const chain = ['receive', 'gather', 'analyze', 'route', 'notify']
/** Rows of its own: nothing of the product's flows sees them. */
const tenant = 'bench_tasks'

/** What every task of the chain is handed. */
export interface WorkSettings {
  DATABASE_URL: string
  SLACK_WEBHOOK_URL: string
}

/** How the incident is decided, by what it is called. */
export type Analyzers = Readonly<Record<string, Readonly<Record<string, string>>>>

export interface TaskWork {
  node: Summary
  tasks: { task: string; work: Summary; ratio: number; peakBytes: number | null }[]
}

/**
 * Runs the five tasks of an incident's way by hand, as the flows would and with all their work: a new alert is received,
 * its evidence gathered, it is decided, routed and told. In turn with `node -e 0`. Peaks are taken in runs of their own.
 */
export async function measureTaskWork(
  settings: WorkSettings,
  analyzers: Analyzers,
  options: { runs: number; onProgress: (text: string) => void },
): Promise<TaskWork> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-work-'))
  const common = { ...settings, DIM_CONFIG_DIR: join(home, 'config') }
  const measured = new Map<string, number[]>()
  const peaks = new Map<string, number>()
  const bare: number[] = []
  try {
    for (let run = 1 - peakRuns; run <= options.runs; run += 1) {
      const measurePeak = run < 1
      options.onProgress(measurePeak ? 'Memory of the tasks' : `Task work: ${run} of ${options.runs}`)
      const { ms } = await runNode(['-e', '0'], { environment: {}, folder })
      if (!measurePeak) bare.push(ms)
      for (const [analyzer, own] of Object.entries(analyzers)) {
        const way = oneIncident({ folder, environment: { ...common, ...own }, name: `${analyzer}-${run}`, measurePeak })
        for await (const { task, ended } of way) {
          const label = task === 'analyze' ? `analyze, by ${analyzer}` : task
          if (measurePeak) peaks.set(label, Math.max(peaks.get(label) ?? 0, ended.peakBytes ?? 0))
          else measured.set(label, [...(measured.get(label) ?? []), ended.ms])
        }
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const node = summarize(bare)
  const tasks = [...measured].map(([task, values]) => {
    const work = summarize(values)
    return { task, work, ratio: judge(work, node, null).ratio, peakBytes: peaks.get(task) || null }
  })
  return { node, tasks }
}

export function taskWorkSection({ node, tasks }: TaskWork): Section {
  return {
    title: 'Tasks with their work',
    header: ['task', 'median', 'p90', '× node -e 0', 'peak memory'],
    rows: [
      ['node -e 0', milliseconds(node.median), milliseconds(node.p90), '1', ''],
      ...tasks.map(({ task, work, ratio, peakBytes }) => [
        task,
        milliseconds(work.median),
        milliseconds(work.p90),
        times(ratio),
        mebibytes(peakBytes),
      ]),
    ],
    notes: [
      `${node.runs} runs in turn, without Kestra: a new alert goes through the tasks one after the other, from start of the process to its end, PostgreSQL included. Gemini and Slack are stand-ins that answer at once. Peak: the largest resident set of ${peakRuns} further runs.`,
    ],
  }
}

const peakRuns = 3

interface Way {
  folder: string
  environment: Record<string, string>
  name: string
  measurePeak: boolean
}

/** One new alert from its receipt to its message. */
async function* oneIncident({ folder, environment, name, measurePeak }: Way) {
  await writeFile(join(folder, 'body.json'), JSON.stringify(await freshAlert('notified', `work-${name}`)))
  await writeFile(join(folder, 'headers.json'), '{"content-type":"application/json"}')
  let incident = ''
  for (const task of chain) {
    const ended = await runNode([join(home, 'dist', 'tasks', `${task}.cjs`)], {
      environment: { ...environment, DIM_CONTEXT: contextOf(tenant, `bench-${name}`), DIM_INCIDENT: incident },
      folder,
      measurePeak,
    })
    const outputs = outputsOf(task, ended)
    if (task === 'receive') incident = z.string().min(1).parse(outputs.incident)
    yield { task, ended }
  }
}

const OutputLine = z.object({ outputs: z.record(z.string(), z.unknown()) })

/** What a task emitted for its flow. @throws AppError when it failed */
function outputsOf(task: string, { code, stdout, stderr }: Ended): Record<string, unknown> {
  const line = /^::(\{"outputs":.*\})::$/m.exec(stdout)?.[1]
  if (code === 0 && line) return OutputLine.parse(parseJson(line)).outputs
  throw new AppError('E_UNEXPECTED', `${task} failed: ${`${stdout}${stderr}`.trim().slice(0, 1000)}`, 'See its error.')
}
