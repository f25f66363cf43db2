import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { dbtManifest, dbtModel, shop, writeArtifacts } from '../../../tests/support/dbt-project.ts'
import { readManifest } from '../../connectors/dbt/manifest.ts'
import { parseJson } from '../../lib/json.ts'
import type { Store } from '../../store/connection.ts'
import { keepDbtProject } from '../../store/dbt.ts'
import { lineageOf } from '../../store/lineage.ts'
import { runNode } from './node-process.ts'
import { mebibytes, milliseconds, type Section } from './report.ts'
import { type Summary, summarize } from './statistics.ts'

const models = 5_000
const limits = { readMs: 1_500, peakBytes: 500 * 2 ** 20, questionMs: 20 } as const
/** Each layer is made from the one before, so that a walk goes as deep as lineage goes. */
const layers = 20

export interface LineageFigures {
  bytes: number
  read: Summary
  peakBytes: number
  question: Summary
}

const Read = z.object({ ms: z.number(), nodes: z.number() })

/** A project of thousands of models: read by a process of its own, kept in the store, asked about its lineage. */
export async function measureLineage(
  store: Store,
  { runs, onProgress }: { runs: number; onProgress: (text: string) => void },
): Promise<LineageFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'dim-bench-'))
  try {
    const manifest = largeManifest()
    await writeArtifacts(folder, { ...shop(), manifest })
    const { size } = await stat(join(folder, 'manifest.json'))
    const measured: number[] = []
    let peakBytes = 0
    for (let run = 1; run <= runs; run += 1) {
      onProgress(`Reading a manifest of ${models} models: ${run} of ${runs}`)
      const script = join(import.meta.dirname, 'read-project.ts')
      const home = join(import.meta.dirname, '..', '..', '..')
      const ended = await runNode(['--import', 'tsx', script, folder], {
        environment: {},
        folder: home,
        measurePeak: true,
      })
      const { ms, nodes } = Read.parse(parseJson(ended.stdout))
      if (nodes !== models) throw new RangeError(`Read ${nodes} of ${models} models.`)
      measured.push(ms)
      peakBytes = Math.max(peakBytes, ended.peakBytes ?? 0)
    }
    await keepDbtProject(store, 'bench', 'bench', readManifest(manifest))
    return { bytes: size, read: summarize(measured), peakBytes, question: await ask(store, runs * 10) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function ask(store: Store, times: number): Promise<Summary> {
  const measured: number[] = []
  for (let time = 0; time < times; time += 1) {
    const name = `prod.analytics.model_${(time * 7919) % models}`
    const start = performance.now()
    const { up, down } = await lineageOf(store, name)
    measured.push(performance.now() - start)
    if (up.size + down.size === 0) throw new RangeError(`${name} has no lineage.`)
  }
  return summarize(measured)
}

/** As large as dbt writes one: most of it is code and descriptions that nobody here reads. */
function largeManifest(): Record<string, unknown> {
  const width = models / layers
  const columns = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [
      `column_${index}`,
      { name: `column_${index}`, data_type: 'numeric', description: 'What this column holds. '.repeat(3) },
    ]),
  )
  const nodes = Array.from({ length: models }, (_, index) => {
    const parents = index < width ? [] : [index - width, index - width + ((index * 31) % width) - (index % width)]
    const ids = parents.map((parent) => `model.shop.model_${Math.max(0, parent)}`)
    return dbtModel(`model_${index}`, [...new Set(ids)], {
      relation_name: `"prod"."analytics"."model_${index}"`,
      columns,
      raw_code: 'select a, b, c from {{ ref("other") }} where d is not null\n'.repeat(40),
      compiled_code: 'select a, b, c from prod.analytics.other where d is not null\n'.repeat(40),
    })
  })
  return dbtManifest(nodes)
}

export function lineageSection({ bytes, read, peakBytes, question }: LineageFigures): Section {
  const verdict = (met: boolean) => (met ? 'met' : 'not met')
  return {
    title: 'A large dbt project',
    header: ['', 'median', 'highest', 'target', ''],
    rows: [
      [
        `manifest of ${models} models (${mebibytes(bytes)})`,
        milliseconds(read.median),
        milliseconds(read.highest),
        `< ${milliseconds(limits.readMs)}`,
        verdict(read.highest < limits.readMs),
      ],
      [
        'memory for it',
        '',
        mebibytes(peakBytes),
        `≤ ${mebibytes(limits.peakBytes)}`,
        verdict(peakBytes > 0 && peakBytes <= limits.peakBytes),
      ],
      [
        'a lineage question (p95)',
        milliseconds(question.median),
        milliseconds(question.p95),
        `≤ ${milliseconds(limits.questionMs)}`,
        verdict(question.p95 <= limits.questionMs),
      ],
    ],
    notes: [
      `${read.runs} readings, each in a process of its own, all of whose memory counts; ${question.runs} questions up and down, ten levels far, out of the store.`,
    ],
  }
}
