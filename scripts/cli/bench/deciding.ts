import { stuckDag } from '../../../tests/support/evidence.ts'
import { analyzeWithRules } from '../../analysis/rules.ts'
import type { AnalysisInput } from '../../domain/assess/situation.ts'
import { Evidence } from '../../domain/evidence.ts'
import { applyGuardrails } from '../../domain/guardrails.ts'
import { milliseconds, type Section } from './report.ts'
import { type Summary, summarize } from './statistics.ts'

const limitMs = 20
export const piecesOfEvidence = 200

/** An incident that everybody knows something about: a stuck DAG in a lineage of hundreds, with their runs and tests. */
export function fullIncident(pieces: number): AnalysisInput {
  const base = stuckDag()
  const names = Array.from({ length: pieces }, (_, index) => `shop.marts.table_${index}`)
  const around = names.slice(base.evidence.length).map((name, index) =>
    Evidence.parse({
      id: `more_${index}`,
      source: 'airflow',
      asset: name,
      observed_at: base.now.toISOString(),
      summary: `What is known of ${name}.`,
      ...facts(name, names, index),
    }),
  )
  return { ...base, evidence: [...base.evidence, ...around] }
}

function facts(name: string, names: readonly string[], index: number): { kind: string; data: object } {
  const log = 'INFO working on it\n'.repeat(150)
  const kinds = [
    { kind: 'task_failure', data: { dag_id: name, task_id: 'load', state: 'failed', log_excerpt: `${log}timed out` } },
    { kind: 'dag_run', data: { dag_id: name, state: 'running', typical_duration_s: 60, duration_s: 90 } },
    { kind: 'dbt_test', data: { unique_id: `test.shop.${name}`, status: 'pass' } },
    { kind: 'lineage', data: { upstream: [], downstream: names, exposures: [] } },
    { kind: 'change', data: { what: 'deploy', files: names.slice(0, 50) } },
  ]
  return kinds[index % kinds.length] ?? { kind: 'unavailable', data: { system: name, reason: 'timeout' } }
}

/** Cheap pass, rules and guardrails for an incident with 200 pieces of evidence. */
export function measureDeciding({ runs }: { runs: number }): Summary {
  const input = fullIncident(piecesOfEvidence)
  const decide = () => {
    const began = performance.now()
    applyGuardrails({ ...input, ...analyzeWithRules(input), recentFixes: 0 })
    return performance.now() - began
  }
  for (let warm = 0; warm < 5; warm += 1) decide()
  return summarize(Array.from({ length: runs * 5 }, decide))
}

export function decidingSection(measured: Summary): Section {
  return {
    title: 'Deciding by rules',
    header: ['evidence', 'median', 'p95', 'target', ''],
    rows: [
      [
        `${piecesOfEvidence} pieces`,
        milliseconds(measured.median),
        milliseconds(measured.p95),
        `≤ ${limitMs} ms`,
        measured.p95 <= limitMs ? 'met' : 'not met',
      ],
    ],
    notes: ['Cheap pass, rules and guardrails, in process.'],
  }
}
