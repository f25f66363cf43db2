import { z } from 'zod'
import type { AlertStatus, Asset } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { labelsIn } from '../domain/reading/leaves.ts'
import { firstText, lookUp, objectAt } from '../domain/reading/value.ts'
import { readPayload } from '../lib/payload.ts'
import type { Monitor } from './monitor.ts'

const events: Record<string, { status: AlertStatus; said: string }> = {
  'jobs.on_failure': { status: 'firing', said: 'failed' },
  'jobs.on_success': { status: 'resolved', said: 'succeeded' },
  'jobs.on_start': { status: 'info', said: 'started' },
  'jobs.on_duration_warning_threshold_exceeded': { status: 'firing', said: 'runs longer than it may' },
  'jobs.on_streaming_backlog_exceeded': { status: 'firing', said: 'falls behind its stream' },
}
/** States of SQL alerts; `UNKNOWN` is what one has that could not be evaluated yet. */
const states: Record<string, AlertStatus> = {
  TRIGGERED: 'firing',
  ERROR: 'firing',
  OK: 'resolved',
  UNKNOWN: 'info',
}

const Job = z.looseObject({
  event_type: z.string().regex(/^jobs\.on_/),
  job: z.looseObject({}).optional(),
  run: z.looseObject({}).optional(),
})
const SqlAlert = z.looseObject({
  event: z.string(),
  alert: z.looseObject({}),
  url_base: z.string().optional().catch(undefined),
})

/** Databricks: notifications about jobs and their tasks, and SQL alerts in the present and the older form. */
export const databricks: Monitor = {
  name: 'databricks',
  documentation: 'https://docs.databricks.com/aws/en/jobs/notifications',

  recognises({ body }) {
    if (firstText(body, ['event_type'])?.startsWith('jobs.on_')) return Job.safeParse(body).success
    return firstText(body, ['event']) === 'alert_state_change' && SqlAlert.safeParse(body).success
  },

  parse({ body, receivedAt }) {
    const draft =
      firstText(body, ['event']) === 'alert_state_change'
        ? readAlert(readPayload(SqlAlert, body, 'Databricks SQL alert'))
        : readJob(readPayload(Job, body, 'Databricks job notification'))
    return [buildAlert({ ...draft, labels: labelsIn(body) }, receivedAt)]
  },
}

function readJob(body: z.infer<typeof Job>): AlertDraft {
  const { status, said } = lookUp(events, body.event_type) ?? { status: 'info', said: body.event_type }
  const id = firstText(body, ['job.job_id', 'job_id'])
  const job = firstText(body, ['job.name', 'job_name']) ?? (id === null ? null : `job ${id}`)
  const task = firstText(body, ['task.task_key', 'task_key'])
  const name = [job, task].filter((part) => part !== null).join('.')
  return {
    source: 'databricks',
    check: ['run', firstText(body, ['workspace_id']) ?? '', id ?? job ?? ''].join('\n'),
    external_id: firstText(body, ['run.run_id', 'run_id']),
    status,
    title: `${task === null ? '' : `Task ${task} of `}Databricks job ${job ?? ''} ${said}`,
    description: firstText(body, ['run.state.state_message', 'error', 'message']),
    severity: null,
    category: /duration|backlog/.test(body.event_type) ? 'pipeline_delay' : 'pipeline_failure',
    asset: assetOf(task === null ? 'job' : 'task', name, {
      name,
      ...(id === null ? {} : { job_id: id }),
      ...(task === null ? {} : { task_key: task }),
    }),
    started_at: firstText(body, ['run.start_time', 'timestamp']),
    ended_at: status === 'resolved' ? firstText(body, ['run.end_time', 'timestamp']) : null,
    url: firstText(body, ['run.run_page_url', 'run_page_url']),
  }
}

function readAlert(body: z.infer<typeof SqlAlert>): AlertDraft {
  // The present form keeps the alert itself one level deeper.
  const inner = objectAt(body, 'alert.alert')
  const alert = Object.keys(inner).length > 0 ? inner : body.alert
  const id = firstText(alert, ['id'])
  const name = firstText(alert, ['name']) ?? firstText(body.alert, ['title']) ?? 'SQL alert'
  const title = firstText(body.alert, ['title', 'custom_subject'])
  const told = /changed (?:status|state) to (\w{2,20})/i.exec(title ?? '')?.[1]
  const state = (firstText(body, ['state']) ?? firstText(body.alert, ['state', 'status']) ?? told)?.toUpperCase()
  const status =
    lookUp(states, state ?? '') ??
    lookUp(states, (firstText(alert, ['state', 'status']) ?? '').toUpperCase()) ??
    'firing'
  const base = body.url_base?.split('?')[0]?.replace(/\/$/, '')
  return {
    source: 'databricks',
    check: `sql alert\n${id ?? name}`,
    external_id: id,
    status,
    title: title ?? `SQL alert ${name}`,
    description: firstText(body.alert, ['description', 'custom_body']),
    severity: null,
    category: readCategory([name, title, firstText(body.alert, ['description'])]),
    asset: tableOf(firstText(alert, ['query_text', 'query.query'])) ?? assetOf('service', name),
    started_at: firstText(body, ['alert.evaluated_at', 'timestamp']) ?? firstText(alert, ['last_triggered_at']),
    url: base && id ? `${base}/alerts/${id}` : null,
  }
}

/** The first table that the query reads, when it names it in full. */
function tableOf(query: string | null): Asset | null {
  const name = /\bfrom\s{1,20}((?:[\w$`-]{1,128}\.){1,2}[\w$`-]{1,128})/i.exec(query?.slice(0, 8000) ?? '')?.[1]
  return name === undefined ? null : assetOf('table', name.replaceAll('`', ''))
}
