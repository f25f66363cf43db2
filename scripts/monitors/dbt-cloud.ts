import { z } from 'zod'
import type { AlertStatus } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readFailureCategory } from '../domain/reading/category.ts'
import { labelsIn } from '../domain/reading/leaves.ts'
import { at, firstText, lookUp, textOf } from '../domain/reading/value.ts'
import { readPayload } from '../lib/payload.ts'
import type { Monitor } from './monitor.ts'

/** `runStatus`, and its number in `runStatusCode`: a run that completed may have failed. */
const statuses: Record<string, AlertStatus> = {
  errored: 'firing',
  error: 'firing',
  failed: 'firing',
  success: 'resolved',
  succeeded: 'resolved',
  cancelled: 'info',
  running: 'info',
  starting: 'info',
  queued: 'info',
  '10': 'resolved',
  '20': 'firing',
  '30': 'info',
}

const Body = z.looseObject({
  eventType: z.string().regex(/^job\.run\./),
  accountId: z.unknown().optional(),
  timestamp: z.unknown().optional(),
  data: z.looseObject({
    jobId: z.union([z.string(), z.number()]),
    jobName: z.string().optional().catch(undefined),
  }),
})

/** A run as dbt Cloud's API has it (https://docs.getdbt.com/dbt-cloud/api-v2#/operations/Retrieve%20Run), alone or carried. */
const Run = z.looseObject({
  job_definition_id: z.union([z.string(), z.number()]),
  account_id: z.unknown().optional(),
  status: z.union([z.string(), z.number()]),
})

/** dbt Cloud's webhooks about the runs of jobs, and runs as its API has them. */
export const dbtCloud: Monitor = {
  name: 'dbt-cloud',
  documentation: 'https://docs.getdbt.com/docs/deploy/webhooks',

  recognises({ body }) {
    const webhook = asWebhook(body)
    const isOurs = webhook !== body || firstText(body, ['eventType'])?.startsWith('job.run.') === true
    return isOurs && Body.safeParse(webhook).success
  },

  parse({ body, receivedAt }) {
    const { eventType, accountId, timestamp, data } = readPayload(Body, asWebhook(body), 'dbt Cloud webhook')
    const name = textOf(data.jobName) ?? `job ${data.jobId}`
    const message = firstText(data, ['runStatusMessage'])
    const status = statusOf(eventType, data)
    const said = firstText(data, ['runStatus']) ?? eventType
    const draft: AlertDraft = {
      source: 'dbt-cloud',
      check: `run\n${textOf(accountId) ?? ''}\n${data.jobId}`,
      identity: 'check',
      external_id: firstText(data, ['runId']),
      status,
      title: `dbt job ${textOf(data.jobName) ?? data.jobId}: ${said}${message !== null && status === 'firing' ? `, ${message}` : ''}`,
      description: [message, firstText(data, ['runReason'])].filter((text) => text !== null).join('\n'),
      severity: null,
      category: readFailureCategory([message]),
      environment: firstText(data, ['environmentName']),
      asset: assetOf('job', name, {
        name,
        job_id: String(data.jobId),
        ...(textOf(data.projectName) === null ? {} : { project: `${textOf(data.projectName)}` }),
      }),
      started_at: firstText(data, ['runErroredAt', 'runStartedAt']) ?? timestamp,
      ended_at: status === 'resolved' ? (firstText(data, ['runFinishedAt']) ?? timestamp) : null,
      labels: { event_type: eventType, ...labelsIn(data) },
    }
    return [buildAlert(draft, receivedAt)]
  },
}

/** A run of the API as the webhook would have told of it; any other body as it is. */
function asWebhook(body: unknown): unknown {
  for (const holder of [body, at(body, 'payload'), at(body, 'data'), at(body, 'run')]) {
    if (at(holder, 'job_definition_id') === undefined) continue
    const run = Run.safeParse(holder).data
    if (run === undefined) continue
    return {
      eventType: 'job.run.told',
      accountId: run.account_id,
      timestamp: firstText(run, ['finished_at', 'updated_at']),
      data: {
        jobId: run.job_definition_id,
        jobName: firstText(run, ['job.name', 'job_name']) ?? undefined,
        runId: firstText(run, ['run_id', 'id']),
        runStatus: firstText(run, ['status_humanized', 'status']),
        runStatusCode: firstText(run, ['status_code', 'status']),
        runStatusMessage: firstText(run, ['status_message']),
        runStartedAt: firstText(run, ['started_at', 'created_at']),
        environmentName: firstText(run, ['environment.name']),
        projectName: firstText(run, ['project.name']),
      },
    }
  }
  return body
}

function statusOf(eventType: string, data: z.infer<typeof Body>['data']): AlertStatus {
  for (const said of [firstText(data, ['runStatus']), firstText(data, ['runStatusCode'])]) {
    const status = lookUp(statuses, said?.toLowerCase() ?? '')
    if (status !== undefined) return status
  }
  // A status that nobody knows, of a run that was told of by itself, may be a failure.
  return eventType === 'job.run.errored' || eventType === 'job.run.told' ? 'firing' : 'info'
}
