import { spellDuration } from '../../domain/duration.ts'
import type { EvidenceDraft } from '../../domain/evidence.ts'
import { oneLine } from '../../domain/text.ts'
import type { Question } from '../connector.ts'
import { dagsAbove, tiedTo } from './above.ts'
import type { Dag, DagRun, DagVersions, Monitor, Pools } from './answers.ts'
import { dagLineage, mostNeighbours } from './assets.ts'
import type { Airflow } from './client.ts'
import { errorExcerpt } from './log-excerpt.ts'
import { orNothing } from './or-nothing.ts'
import { failedFirst } from './upstream.ts'

/** A version this old explains nothing of today. */
const recentVersionMs = 7 * 86_400_000
/** Trouble that the whole of Airflow may be the cause of. */
const ofTheWhole: ReadonlySet<string> = new Set(['pipeline_delay', 'infrastructure', 'resource', 'unknown'])

/**
 * What stands around a DAG: its schedule and owners, why it can't be imported, what it reads, which DAG above
 * it failed before its own run in trouble (`focus`), its last version, and whether Airflow itself is well. Each is missed alone when it can't be read.
 */
export async function surroundings(
  client: Airflow,
  dag: Dag,
  focus: DagRun | null,
  question: Question,
): Promise<EvidenceDraft[]> {
  const observed_at = question.now.toISOString()
  const about = { source: 'airflow', asset: dag.dag_id, observed_at } as const
  const [importError, versions, lineage, pools, health] = await Promise.all([
    dag.has_import_errors ? orNothing(client.importError(dag)) : null,
    question.isLead ? null : orNothing(client.versions(dag.dag_id)),
    question.isLead ? [] : readLineage(client, dag, focus, question.now),
    !question.isLead && ofTheWhole.has(question.category) ? orNothing(client.pools()) : null,
    !question.isLead && ofTheWhole.has(question.category) ? orNothing(client.health()) : null,
  ])
  const version = versions?.[0] ?? null
  return [
    { ...about, kind: 'dag_state', ...describe(client, dag, importError, version?.version_number ?? null) },
    ...versionChange(dag, version, question.now).map((piece) => ({ ...about, ...piece })),
    ...lineage.map((piece) => ({ ...about, ...piece })),
    ...fullPools(pools ?? []).map((piece) => ({ ...about, asset: null, ...piece })),
    ...unwell(health ?? [], question.now).map((piece) => ({ ...about, asset: null, ...piece })),
  ]
}

async function readLineage(client: Airflow, { dag_id: dagId }: Dag, focus: DagRun | null, now: Date) {
  const [assets, tied] = await Promise.all([orNothing(client.assetsOf(dagId)), focus ? tiedTo(client, focus) : []])
  const above = dagsAbove(dagId, assets ?? [], tied)
  const looked = above.slice(0, mostNeighbours)
  return dagLineage(dagId, assets ?? [], above, await failedFirst(client, { dagId, above: looked, focus, now }))
}

type Piece<K extends EvidenceDraft['kind']> = Pick<Extract<EvidenceDraft, { kind: K }>, 'kind' | 'summary' | 'data'>

function describe(client: Airflow, dag: Dag, importError: string | null, version: number | null) {
  const schedule = dag.timetable_description || dag.timetable_summary || null
  const next = dag.next_dagrun_run_after ?? null
  const parts = [
    schedule ? `runs by the schedule ${oneLine(schedule, 100)}` : 'has no schedule',
    dag.owners?.length ? `is owned by ${oneLine(dag.owners.join(', '), 100)}` : null,
    dag.is_paused ? 'is paused' : null,
    dag.has_import_errors ? 'can not be imported' : null,
    dag.is_stale ? 'is in no file any more' : null,
  ]
  return {
    summary: `${dag.dag_id} ${parts.filter(Boolean).join(', ')}.`,
    data: {
      dag_id: dag.dag_id,
      schedule,
      next_run_at: next,
      owners: dag.owners ?? null,
      tags: dag.tags?.map(({ name }) => name) ?? null,
      is_paused: dag.is_paused,
      import_error: importError === null ? null : errorExcerpt(importError, client.redact),
      version,
    },
  }
}

function versionChange(dag: Dag, version: DagVersions[number] | null, now: Date): Piece<'change'>[] {
  const age = version ? now.getTime() - Date.parse(version.created_at) : Number.NaN
  // The first version is the DAG itself.
  if (!version || version.version_number < 2 || !(age >= 0 && age < recentVersionMs)) return []
  return [
    {
      kind: 'change',
      summary: `${dag.dag_id} was changed ${spellDuration(age / 1000)} before: version ${version.version_number}.`,
      data: {
        what: 'deploy',
        ref: version.bundle_version ?? `version ${version.version_number} of ${dag.dag_id}`,
        by: null,
        at: version.created_at,
        files: dag.relative_fileloc ? [dag.relative_fileloc] : [],
      },
    },
  ]
}

function fullPools(pools: Pools): Piece<'pool_state'>[] {
  return pools.flatMap(
    ({ name, slots, occupied_slots: occupied, queued_slots: queued, scheduled_slots: scheduled, open_slots: open }) => {
      const waiting = queued + scheduled
      if (open > 0 || waiting === 0) return []
      return [
        {
          kind: 'pool_state' as const,
          summary: `Pool ${oneLine(name, 100)} is full: ${occupied} of ${slots} slots are taken, ${waiting} tasks wait.`,
          data: { pool: name, slots, occupied, waiting },
        },
      ]
    },
  )
}

function unwell(parts: Monitor, now: Date): Piece<'system_health'>[] {
  return parts
    .filter(({ status }) => status === 'unhealthy')
    .map(({ part, since }) => {
      const lasting = since ? `, for ${spellDuration((now.getTime() - Date.parse(since)) / 1000)}` : ''
      return {
        kind: 'system_health' as const,
        summary: `Airflow's own ${part} is not well${lasting}.`,
        data: { system: 'airflow', status: 'unhealthy', part, since },
      }
    })
}
