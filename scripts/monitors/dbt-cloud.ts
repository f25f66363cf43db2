import { z } from 'zod'
import type { AlertStatus } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readFailureCategory } from '../domain/reading/category.ts'
import { labelsIn } from '../domain/reading/leaves.ts'
import { firstText, lookUp, textOf } from '../domain/reading/value.ts'
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

/** dbt Cloud's webhooks about the runs of jobs. */
export const dbtCloud: Monitor = {
  name: 'dbt-cloud',
  documentation: 'https://docs.getdbt.com/docs/deploy/webhooks',

  recognises({ body }) {
    return firstText(body, ['eventType'])?.startsWith('job.run.') === true && Body.safeParse(body).success
  },

  parse({ body, receivedAt }) {
    const { eventType, accountId, timestamp, data } = readPayload(Body, body, 'dbt Cloud webhook')
    const name = textOf(data.jobName) ?? `job ${data.jobId}`
    const message = firstText(data, ['runStatusMessage'])
    const status = statusOf(eventType, data)
    const said = firstText(data, ['runStatus']) ?? eventType
    const draft: AlertDraft = {
      source: 'dbt-cloud',
      check: `run\n${textOf(accountId) ?? ''}\n${data.jobId}`,
      external_id: firstText(data, ['runId']),
      status,
      title: `dbt job ${name}: ${said}${message !== null && status === 'firing' ? `, ${message}` : ''}`,
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

function statusOf(eventType: string, data: z.infer<typeof Body>['data']): AlertStatus {
  for (const said of [firstText(data, ['runStatus']), firstText(data, ['runStatusCode'])]) {
    const status = lookUp(statuses, said?.toLowerCase() ?? '')
    if (status !== undefined) return status
  }
  return eventType === 'job.run.errored' ? 'firing' : 'info'
}
