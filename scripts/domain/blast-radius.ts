import { spellDuration } from './duration.ts'
import { type Evidence, ofKind } from './evidence.ts'
import { oneLine } from './text.ts'

const shownReaders = 3

/**
 * What a fix may reach beyond its target, from evidence: who reads what runs again, how many rows that is, and how long
 * and dear it is. One short part each, the widest first; what nothing is known of is said so.
 */
export function blastRadius(evidence: readonly Evidence[]): string[] {
  return [readers(evidence), rows(evidence), time(evidence)].filter((part) => part !== null)
}

function readers(evidence: readonly Evidence[]): string {
  const lineage = ofKind(evidence, 'lineage').flatMap(({ data }) => [
    ...(data.downstream ?? []),
    ...(data.exposures ?? []),
  ])
  const consumers = ofKind(evidence, 'catalog_entry').flatMap(({ data }) => data.consumers ?? [])
  const names = [...new Set(lineage.length > 0 ? lineage : consumers)].map((name) => oneLine(name, 100))
  if (names.length === 0) return 'nobody is known to read it'
  const more = names.length > shownReaders ? ` and ${names.length - shownReaders} more` : ''
  const verb = names.length === 1 ? 'reads' : 'read'
  return `${names.slice(0, shownReaders).join(', ')}${more} ${verb} what runs again`
}

function rows(evidence: readonly Evidence[]): string | null {
  const counts = ofKind(evidence, 'table_state').flatMap(({ data }) => data.row_count ?? [])
  return counts.length === 0 ? null : `about ${Math.max(...counts).toLocaleString('en')} rows`
}

/** What a machine is busy for is what it costs. */
function time(evidence: readonly Evidence[]): string | null {
  const task = ofKind(evidence, 'task_failure').flatMap(({ data }) => data.typical_duration_s ?? [])
  const run = ofKind(evidence, 'dag_run').flatMap(({ data }) => data.typical_duration_s ?? [])
  const model = ofKind(evidence, 'dbt_model').flatMap(({ data }) => data.execution_time_s ?? [])
  const seconds = (task.length > 0 ? task : run.length > 0 ? run : model)[0]
  return seconds === undefined ? null : `it usually takes ${spellDuration(seconds)}`
}
