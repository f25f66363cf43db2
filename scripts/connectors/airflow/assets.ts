import type { Asset } from '../../domain/alert.ts'
import { sameAsset } from '../../domain/assess/asset-names.ts'
import type { EvidenceDraft } from '../../domain/evidence.ts'
import { DagTie, type FailedFirst, spellFailedFirst } from '../../domain/failed-first.ts'
import { assetOf } from '../../domain/reading/asset.ts'
import { oneLine } from '../../domain/text.ts'
import type { DagAbove } from './above.ts'
import type { AssetEvents, Assets } from './answers.ts'

/** Of each kind of neighbour, so many are asked about next. */
export const mostNeighbours = 3

/** Addresses whose path names a table. https://airflow.apache.org/docs/apache-airflow-providers/core-extensions/asset-schemes.html */
const tableAddress =
  /^(?:postgres(?:ql)?|mysql|redshift|trino|snowflake|mssql|oracle|duckdb|databricks):\/\/[^/]*\/(.+)$/i
/** BigQuery's project stands where others have a host. */
const projectAddress = /^bigquery:\/\/(.+)$/i
/** `db.schema.table`: a name that is nothing else. */
const dottedName = /^\w[\w$-]*(?:\.\w[\w$-]*){1,3}$/

/** The table that one of Airflow's assets stands for, by its address, else by its name; null when it is none. */
export function tableOf({ name, uri }: Pick<Assets[number], 'name' | 'uri'>): Asset | null {
  const path = (tableAddress.exec(uri ?? '') ?? projectAddress.exec(uri ?? ''))?.[1]
  const dotted = path?.split(/[?#]/)[0]?.split('/').filter(Boolean).map(decoded).join('.')
  if (dotted) return assetOf('table', dotted)
  return dottedName.test(name) ? assetOf('table', name) : null
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** What a DAG waits for, or names as what its tasks read. */
function readBy(dagId: string, assets: Assets): Assets {
  return assets.filter(({ scheduled_dags: dags, consuming_tasks: tasks }) =>
    [...dags, ...(tasks ?? [])].some(({ dag_id }) => dag_id === dagId),
  )
}

/** The DAGs that make what a DAG reads, and by which assets. */
export function makersOf(dagId: string, assets: Assets): { dagId: string; by: string[] }[] {
  const reads = readBy(dagId, assets)
  const makers = dagIds(reads.map(({ producing_tasks: tasks }) => tasks)).filter((id) => id !== dagId)
  return makers.map((id) => ({
    dagId: id,
    by: reads.filter(({ producing_tasks: tasks }) => tasks.some(({ dag_id }) => dag_id === id)).map(nameOf),
  }))
}

/** How a DAG's hanging on others reads. */
const spelled: Readonly<Record<DagTie, (others: string) => string>> = {
  waits: (others) => `waits for ${others}`,
  started: (others) => `started ${others} and waits for its end`,
  started_by: (others) => `was started by ${others}`,
  reads: (others) => `reads what ${others} make`,
}

/**
 * What a DAG reads and writes, the DAGs above it, and which of those failed first: asked about next are those DAGs, by the
 * run that failed, and the tables that it makes.
 */
export function dagLineage(
  dagId: string,
  assets: Assets,
  above: readonly DagAbove[],
  failed: readonly FailedFirst[],
): Lineage[] {
  const reads = readBy(dagId, assets)
  const writes = assets.filter(({ producing_tasks: tasks }) => tasks.some(({ dag_id }) => dag_id === dagId))
  if (reads.length === 0 && writes.length === 0 && above.length === 0) return []
  const fed = dagIds(writes.map(({ scheduled_dags: dags }) => dags))
  const hangs = Object.entries(Object.groupBy(above, ({ tie }) => tie)).map(([tie, those]) =>
    spelled[DagTie.parse(tie)](
      those
        .slice(0, mostNeighbours)
        .map((one) => one.dagId)
        .join(', '),
    ),
  )
  const first = failed.map((one) => `${spellFailedFirst(one)}. `).join('')
  const made = writes.flatMap((one) => tableOf(one) ?? [])
  const makes = made.length > 0 ? `; makes ${made.slice(0, mostNeighbours).map(({ name }) => name)}` : ''
  const says = `${dagId} ${hangs.join('; ') || 'feeds other DAGs'}${makes}${lastUpdated(reads)}.`
  const runs = new Map(failed.map((one) => [one.dag_id, one.run_id]))
  const next = above
    .slice(0, mostNeighbours)
    .flatMap((one) => dagLead(one.dagId, runs.get(one.dagId) ?? one.runId ?? undefined))
  return [
    {
      kind: 'lineage',
      summary: oneLine(`${first}${says}`, 400),
      data: {
        upstream: [...new Set([...reads.map(nameOf), ...above.map((one) => one.dagId)])],
        downstream: [...new Set([...writes.map(nameOf), ...fed])],
        ...(failed.length > 0 ? { failed_first: [...failed] } : {}),
        leads: [...next, ...made.slice(0, mostNeighbours)],
      },
    },
  ]
}

/** What started a run that waited for assets: which run of which DAG wrote them. Asked about next are those runs. */
export function startedBy(run: { dag_id: string; dag_run_id: string }, events: AssetEvents): Lineage[] {
  const known = events.slice(0, 2 * mostNeighbours).flatMap((event) => {
    const { source_dag_id: dagId, source_run_id: runId, timestamp } = event
    if (!dagId || dagId === run.dag_id) return []
    const asset = nameOf({ name: event.name ?? event.uri ?? 'an asset', uri: event.uri })
    return [{ asset, dagId, runId: runId ?? null, timestamp }]
  })
  if (known.length === 0) return []
  const texts = known.map(({ asset, dagId, timestamp }) => `${asset}, which ${dagId} wrote at ${timestamp}`)
  const leads = known.slice(0, mostNeighbours).flatMap(({ dagId, runId }) => dagLead(dagId, runId ?? undefined))
  return [
    {
      kind: 'lineage',
      summary: oneLine(`Run ${run.dag_run_id} of ${run.dag_id} was started by ${texts.join('; ')}.`, 400),
      data: { upstream: [...new Set(known.flatMap(({ asset, dagId }) => [asset, dagId]))], leads },
    },
  ]
}

/** Which DAGs make a table, as their tasks' outlets say. None when no asset stands for it. */
export function tableLineage(table: Asset, assets: Assets): Lineage[] {
  const own = assets.filter((one) => {
    const means = tableOf(one)
    return means !== null && sameAsset(means.name, table.name)
  })
  const makers = dagIds(own.map(({ producing_tasks: tasks }) => tasks))
  if (makers.length === 0) return []
  const readers = dagIds(own.map(({ scheduled_dags: dags }) => dags))
  return [
    {
      kind: 'lineage',
      summary: oneLine(
        `${table.name} is made by the DAG ${makers.slice(0, mostNeighbours).join(', ')}${lastUpdated(own)}.`,
        400,
      ),
      data: { upstream: makers, downstream: readers, leads: dagLeads(makers) },
    },
  ]
}

type Lineage = Pick<Extract<EvidenceDraft, { kind: 'lineage' }>, 'kind' | 'summary' | 'data'>

function nameOf(asset: Pick<Assets[number], 'name' | 'uri'>): string {
  return tableOf(asset)?.name ?? asset.name
}

function dagIds(of: readonly (readonly { dag_id: string }[])[]): string[] {
  return [...new Set(of.flat().map(({ dag_id }) => dag_id))]
}

function dagLeads(ids: readonly string[]): Asset[] {
  return ids.slice(0, mostNeighbours).flatMap((id) => dagLead(id))
}

function dagLead(dagId: string, runId?: string): Asset[] {
  const dag = assetOf('dag', dagId)
  return dag ? [{ ...dag, native: { ...dag.native, ...(runId ? { run_id: runId } : {}) } }] : []
}

function lastUpdated(assets: Assets): string {
  const latest = assets.flatMap((one) =>
    one.last_asset_event?.timestamp ? [`${nameOf(one)} at ${one.last_asset_event.timestamp}`] : [],
  )
  return latest.length > 0 ? `; last updated: ${latest.join(', ')}` : ''
}
