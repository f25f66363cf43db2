import { z } from 'zod'
import type { AlertStatus } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readFailureCategory } from '../domain/reading/category.ts'
import { labelsIn } from '../domain/reading/leaves.ts'
import { firstText, lookUp } from '../domain/reading/value.ts'
import { readPayload } from '../lib/payload.ts'
import type { Monitor } from './monitor.ts'

/** `data.status` of `sync_end`. A sync that was put off runs again by itself. */
const results: Record<string, AlertStatus> = {
  SUCCESSFUL: 'resolved',
  FAILURE: 'firing',
  FAILED: 'firing',
  FAILURE_WITH_TASK: 'firing',
  RESCHEDULED: 'info',
}
/** Events that tell the outcome themselves; every other is about how it is set up, or a start. */
const events: Record<string, AlertStatus> = {
  connection_failure: 'firing',
  connection_successful: 'resolved',
  dbt_run_failed: 'firing',
  dbt_run_succeeded: 'resolved',
  transformation_run_failed: 'firing',
  transformation_run_succeeded: 'resolved',
}

const Body = z.looseObject({
  event: z.string().min(1),
  created: z.unknown().optional(),
  data: z.unknown().optional(),
})

/** Fivetran's webhooks about syncs, connections and transformations. */
export const fivetran: Monitor = {
  name: 'fivetran',
  documentation: 'https://fivetran.com/docs/rest-api/api-reference/webhooks',

  recognises({ body }) {
    const isNamed = firstText(body, ['connector_id', 'transformation_id', 'dbt_job_id', 'data.dbtJobId']) !== null
    return isNamed && firstText(body, ['event']) !== null && firstText(body, ['created']) !== null
  },

  parse({ body, receivedAt }) {
    const read = readPayload(Body, body, 'Fivetran webhook')
    const id = firstText(read, ['connector_id', 'transformation_id', 'dbt_job_id', 'data.dbtJobId'])
    const name = firstText(read, ['connector_name', 'transformation_name', 'data.dbtJobName']) ?? id
    const isTransformation = /^(?:dbt|transformation)_/.test(read.event)
    const reason = firstText(read, ['data.reason', 'data.error', 'data.result.description', 'data.message'])
    const result = firstText(read, ['data.status'])?.toUpperCase() ?? ''
    const status: AlertStatus =
      lookUp(events, read.event) ?? (read.event === 'sync_end' ? (lookUp(results, result) ?? 'info') : 'info')
    const said = status === 'firing' ? 'failed' : status === 'resolved' ? 'succeeded' : `reports ${read.event}`
    const type = firstText(read, ['connector_type'])
    const draft: AlertDraft = {
      source: 'fivetran',
      check: `${isTransformation ? 'transformation' : 'sync'}\n${id ?? ''}`,
      external_id: firstText(read, ['sync_id']),
      status,
      title: `${isTransformation ? 'Transformation' : 'Fivetran connector'} ${name ?? ''}${type ? ` (${type})` : ''} ${said}`,
      description: reason,
      severity: null,
      category: readFailureCategory([reason]),
      asset:
        name === null
          ? null
          : assetOf(isTransformation ? 'job' : 'connector', name, {
              name,
              ...(id === null ? {} : { [isTransformation ? 'job_id' : 'connector_id']: id }),
            }),
      started_at: read.created,
      ended_at: status === 'resolved' ? read.created : null,
      labels: labelsIn(read),
    }
    return [buildAlert(draft, receivedAt)]
  },
}
