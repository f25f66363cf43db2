import { z } from 'zod'
import type { AlertFact, AlertStatus, Asset } from '../domain/alert.ts'
import { assetOf, taskAsset } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readFailureCategory } from '../domain/reading/category.ts'
import { firstText, lookUp, namesIn } from '../domain/reading/value.ts'
import { AppError } from '../lib/errors.ts'
import type { Monitor } from './monitor.ts'

/** https://openlineage.io/docs/spec/run-cycle: what is not here tells of a run on its way. */
const statuses: Record<string, AlertStatus> = {
  FAIL: 'firing',
  ABORT: 'firing',
  COMPLETE: 'resolved',
}

const Event = z.looseObject({
  eventType: z.string().min(1),
  eventTime: z.unknown().optional(),
  run: z.looseObject({ runId: z.string() }),
  job: z.looseObject({ namespace: z.string(), name: z.string().min(1) }),
  inputs: z.unknown().optional(),
  outputs: z.unknown().optional(),
})
type Event = z.infer<typeof Event>

/** OpenLineage run events, one or a list: failures, and the completions that end them. */
export const openlineage: Monitor = {
  name: 'openlineage',
  documentation: 'https://openlineage.io/docs/spec/object-model',

  recognises({ body }) {
    return Array.isArray(body) ? body.length > 0 && body.every(isEvent) : isEvent(body)
  },

  parse({ body, receivedAt }) {
    const all: unknown[] = Array.isArray(body) ? body : [body]
    const events = all.flatMap((one) => Event.safeParse(one).data ?? [])
    if (events.length < all.length) {
      throw new AppError('E_PAYLOAD_UNREADABLE', 'The body is no OpenLineage event.', 'Send run events.')
    }
    return telling(events).map((event) => buildAlert(readOne(event), receivedAt))
  },
}

function isEvent(body: unknown): boolean {
  return firstText(body, ['run.runId']) !== null && Event.safeParse(body).success
}

/**
 * Of several events those that end a run: a start says nothing beside its end, and a step that completed is no recovery
 * while what it belongs to failed in the same body.
 */
function telling(events: readonly Event[]): Event[] {
  const ends = events.filter(({ eventType }) => statusOf(eventType) !== 'info')
  const failed = new Set(ends.filter(({ eventType }) => statusOf(eventType) === 'firing').map(({ job }) => job.name))
  const kept = ends.filter((event) => statusOf(event.eventType) === 'firing' || !failed.has(parentOf(event) ?? ''))
  return kept.length > 0 ? kept : events.slice(0, 1)
}

function statusOf(eventType: string): AlertStatus {
  return lookUp(statuses, eventType.toUpperCase()) ?? 'info'
}

function parentOf(event: Event): string | null {
  return firstText(event, ['run.facets.parent.job.name'])
}

function readOne(event: Event): AlertDraft {
  const { job, run, eventType, eventTime } = event
  const status = statusOf(eventType)
  const error = firstText(event, ['run.facets.errorMessage.message'])
  const outcome = status === 'resolved' ? 'completed' : status === 'info' ? eventType.toLowerCase() : 'failed'
  const asset = readAsset(event)
  return {
    source: 'openlineage',
    check: `run\n${job.namespace}`,
    external_id: run.runId,
    status,
    title: `${job.name} ${outcome}${error !== null && status === 'firing' ? `: ${error.split('\n')[0]}` : ''}`,
    description: error,
    severity: null,
    category: readFailureCategory([error]),
    asset,
    started_at: firstText(event, ['run.facets.nominalTime.nominalStartTime']) ?? eventTime,
    ended_at: status === 'resolved' ? eventTime : null,
    url: firstText(event, ['run.facets.airflow.taskInstance.log_url', 'job.facets.sourceCodeLocation.url']),
    labels: {
      event_type: eventType,
      namespace: job.namespace,
      parent: parentOf(event),
      job_type: firstText(job, ['facets.jobType.jobType']),
      integration: firstText(job, ['facets.jobType.integration']),
    },
    facts: lineageOf(asset, event),
  }
}

/** What runs, by what its job type says it is: Airflow's DAGs and tasks, dbt's models, else a job. */
function readAsset(event: Event): Asset | null {
  const { name, namespace } = event.job
  const integration = firstText(event, ['job.facets.jobType.integration'])?.toUpperCase()
  const type = firstText(event, ['job.facets.jobType.jobType'])?.toUpperCase()
  const parent = parentOf(event)
  if (integration === 'AIRFLOW') {
    if (type === 'DAG') return assetOf('dag', name)
    // A task's job is called after its DAG, which the parent names: nothing is split by guess.
    if (parent !== null && name.startsWith(`${parent}.`)) return taskAsset(parent, name.slice(parent.length + 1))
  }
  if (integration === 'DBT' && type === 'MODEL') return assetOf('model', name)
  return assetOf('job', name, { name, namespace })
}

function lineageOf(asset: Asset | null, { inputs, outputs }: Event): AlertFact[] {
  const upstream = namesIn(Array.isArray(inputs) ? inputs.slice(0, 200) : [])
  const downstream = namesIn(Array.isArray(outputs) ? outputs.slice(0, 200) : [])
  if (upstream.length + downstream.length === 0) return []
  const summary = `The event names ${upstream.length} inputs and ${downstream.length} outputs of ${asset?.name ?? 'it'}.`
  return [{ kind: 'lineage', summary: summary.slice(0, 500), data: { upstream, downstream, exposures: [] } }]
}
