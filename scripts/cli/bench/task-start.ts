import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { AppError } from '../../lib/errors.ts'
import { servedFlows } from '../../lib/kestra.ts'
import { type Ended, runNode } from './node-process.ts'
import { milliseconds, type Section, targetCells, times } from './report.ts'
import { judge, type Summary, summarize, type Verdict } from './statistics.ts'

/** The most that a task's start may cost, in starts of bare Node. */
const limits: ReadonlyMap<string, number> = new Map([
  ['receive', 2.5],
  ['gather', 2.5],
  ['analyze', 3.5],
  ['route', 2.5],
  ['notify', 2.5],
])

export interface TaskStarts {
  node: Summary
  tasks: { task: string; start: Summary; verdict: Verdict }[]
}

/**
 * Starts each bundle and lets it end without work: it is handed its context and no settings, so it loads all that it
 * loads before it works, reads its settings, says which is missing, and ends. In turn with `node -e 0`, so that what
 * else goes on in the machine falls on all alike.
 */
export async function measureTaskStarts(
  bundles: readonly string[],
  options: { runs: number; onProgress: (text: string) => void },
): Promise<TaskStarts> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-start-'))
  const environment = { DIM_CONTEXT: contextOf('bench_start', 'bench') }
  const tasks = bundles.map((file) => ({ task: basename(file, '.cjs'), file, measured: [] as number[] }))
  const bare: number[] = []
  try {
    for (const { task, file } of tasks) requireSettingsCheck(task, await runNode([file], { environment, folder }))
    for (let run = 1; run <= options.runs; run += 1) {
      options.onProgress(`Task start: ${run} of ${options.runs}`)
      bare.push((await runNode(['-e', '0'], { environment: {}, folder })).ms)
      for (const { file, measured } of tasks) measured.push((await runNode([file], { environment, folder })).ms)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const node = summarize(bare)
  return {
    node,
    tasks: tasks
      .map(({ task, measured }) => {
        const start = summarize(measured)
        return { task, start, verdict: judge(start, node, limits.get(task) ?? null) }
      })
      .sort((a, b) => order(a.task) - order(b.task)),
  }
}

/** What a flow tells a task about its execution. */
export function contextOf(tenant: string, execution: string): string {
  return JSON.stringify({ tenant, execution, original: execution, flows: servedFlows[0] })
}

export function taskStartSection({ node, tasks }: TaskStarts): Section {
  const row = (name: string, { median, p90 }: Summary) => [name, milliseconds(median), milliseconds(p90)]
  return {
    title: 'Task start',
    header: ['task', 'median', 'p90', '× node -e 0', 'target', ''],
    rows: [
      [...row('node -e 0', node), '1', '–', ''],
      ...tasks.map(({ task, start, verdict }) => [...row(task, start), times(verdict.ratio), ...targetCells(verdict)]),
    ],
    notes: [
      `${node.runs} runs in turn. Each bundled task is started and ends at its settings check, without work; ratio of medians.`,
    ],
  }
}

/** A task that ended anywhere else was not measured up to where its work begins. */
function requireSettingsCheck(task: string, { code, stdout, stderr }: Ended): void {
  const said = `${stdout}\n${stderr}`
  if (code === 1 && said.includes('E_SETTING_MISSING') && said.includes('DATABASE_URL')) return
  throw new AppError(
    'E_UNEXPECTED',
    `${task} did not end at its settings check: ${said.trim().slice(0, 500)}`,
    'See it.',
  )
}

/** The main road first, in its order. */
function order(task: string): number {
  const place = [...limits.keys()].indexOf(task)
  return place === -1 ? limits.size : place
}
