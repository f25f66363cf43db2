import { partOf, sameAsset } from '../../domain/assess/asset-names.ts'
import { categoryOfSign } from '../../domain/assess/finding.ts'
import { assess } from '../../domain/assess/situation.ts'
import { isConfigured } from '../../domain/assess/systems.ts'
import type { Remediation } from '../../domain/decision.ts'
import { type Evidence, ofKind } from '../../domain/evidence.ts'
import { flowAssetIn } from '../../domain/flow-fix.ts'
import type { Health, Looking } from '../remediation.ts'

/**
 * Asks all that know of the planned asset whether what was wrong with it still is. It is well when one of them speaks of it
 * and none shows that trouble; while nobody does, or one that should does not answer, it can't be told.
 */
export async function stillInTrouble({ target, params }: Remediation, ask: Looking['ask']): Promise<Health> {
  const { asset, category = 'unknown', environment = null } = params
  const name = flowAssetIn(target)
  if (!asset) return { state: 'bad', detail: `the plan does not say what ${target} is for` }
  const evidence = await ask({ asset, category, environment })
  const about = evidence.filter((item) => isSeen(item) && speaksOf(item, name))
  const { findings } = assess({ alerts: [], evidence, now: new Date(), severity: 'LOW' })
  const trouble = findings.find(
    (finding) =>
      finding.isWrong &&
      finding.observed &&
      categoryOfSign(finding.sign) === category &&
      about.some(({ id }) => finding.evidence.includes(id)),
  )
  // Systems take their time to see what has just changed: bad is what stays so until the fix has had its time.
  if (trouble) return { state: 'working', detail: `still so: ${trouble.says}` }
  const silent = ofKind(evidence, 'unavailable').flatMap(({ source, data }) =>
    // What was changed shows of nothing how it is.
    source !== 'change' && isConfigured(data) ? [data.system] : [],
  )
  if (silent.length > 0) return { state: 'working', detail: `${silent.join(', ')} could not be asked about ${name}` }
  if (about.length === 0) return { state: 'working', detail: `no system says how ${name} is` }
  return { state: 'well', detail: `${name} is well again: ${about[0]?.summary ?? ''}` }
}

/** States of the thing itself; what a catalogue or a lineage says of it shows nothing. */
const states: ReadonlySet<Evidence['kind']> = new Set<Evidence['kind']>([
  'table_state',
  'source_freshness',
  'dbt_model',
  'dbt_test',
  'task_failure',
  'lock',
  'metric',
  'schema_change',
])

function isSeen(item: Evidence): boolean {
  if (item.source === 'alert' || item.source === 'history') return false
  // A run that has not ended shows nothing yet.
  if (item.kind === 'dag_run') return ['success', 'failed'].includes(item.data.state)
  if (item.kind === 'sync_job') return ['succeeded', 'failed'].includes(item.data.status)
  return states.has(item.kind)
}

function speaksOf(item: Evidence, name: string): boolean {
  // A run speaks of all its tasks.
  if (item.kind === 'dag_run') return partOf(name, item.data.dag_id)
  if (item.kind === 'task_failure') return sameAsset(`${item.data.dag_id}.${item.data.task_id}`, name)
  const { data } = item
  const names = [item.asset, 'table' in data ? data.table : null, 'unique_id' in data ? data.unique_id : null]
  return names.some((one) => typeof one === 'string' && sameAsset(one, name))
}
