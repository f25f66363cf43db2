import type { Alert } from '../alert.ts'
import type { Evidence } from '../evidence.ts'
import type { Neighbourhood } from './asset-names.ts'
import { type Finding, isTrouble, type Reading, type View } from './finding.ts'
import { readFreshness, readModel, readSchemaChange, readTable, readTest } from './read-data.ts'
import { readLock, readMetric } from './read-load.ts'
import { readRun, readSync, readTask } from './read-pipelines.ts'
import { speaksOfRecovery } from './recovery.ts'
import { instantOf } from './service-level.ts'

/** Reads each piece of evidence for what it means. Evidence about other things than the incident's is kept, marked. */
export function findings(
  alerts: readonly Alert[],
  evidence: readonly Evidence[],
  around: Neighbourhood,
  now: Date,
): Finding[] {
  const view: View = { alerts, evidence, around, now, began: beganAt(alerts, now) }
  return evidence.flatMap((item) => {
    const reading = read(item, view)
    if (!reading) return []
    if (reading.sign === 'recovered' && !speaksOfRecovery(item, alerts)) return []
    return {
      relation: 'related',
      failure: null,
      target: null,
      evidence: [item.id],
      ...reading,
      isWrong: isTrouble(reading.sign),
      observed: isObserved(item),
      kind: item.kind,
    }
  })
}

/** The payload is a claim. Of what the store remembers only measurements tell of the world; the rest is what was thought. */
function isObserved({ source, kind }: Evidence): boolean {
  return source !== 'alert' && (source !== 'history' || kind === 'metric')
}

function beganAt(alerts: readonly Alert[], now: Date): number {
  const starts = alerts.flatMap((alert) => instantOf(alert.started_at ?? alert.received_at, now) ?? [])
  return starts.length > 0 ? Math.min(...starts, now.getTime()) : now.getTime()
}

function read(item: Evidence, view: View): Reading | null {
  switch (item.kind) {
    case 'task_failure':
      return readTask(item, view)
    case 'dag_run':
      return readRun(item, view)
    case 'dbt_model':
      return readModel(item, view)
    case 'sync_job':
      return readSync(item, view)
    case 'dbt_test':
      return readTest(item, view)
    case 'source_freshness':
      return readFreshness(item, view)
    case 'table_state':
      return readTable(item, view)
    case 'schema_change':
      return readSchemaChange(item, view)
    case 'lock':
      return readLock(item, view)
    case 'metric':
      return readMetric(item, view)
    default:
      // Catalogue, lineage, history, changes and maintenance are read where they are needed: they are no state.
      return null
  }
}
