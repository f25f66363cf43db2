import { z } from 'zod'
import type { AlertStatus, Asset } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readFailureCategory } from '../domain/reading/category.ts'
import { labelsIn } from '../domain/reading/leaves.ts'
import { firstText, lookUp } from '../domain/reading/value.ts'
import { readPayload } from '../lib/payload.ts'
import type { Monitor } from './monitor.ts'

const states: Record<string, AlertStatus> = {
  FAILED: 'firing',
  SUCCEEDED: 'resolved',
  CANCELLED: 'info',
  PENDING: 'info',
  RUNNING: 'info',
}

/** `projects/P[/locations/L]/transferConfigs/C/runs/R` */
const runName =
  /^(projects\/([^/]{1,200})(?:\/locations\/[^/]{1,60})?\/transferConfigs\/([^/]{1,200}))\/runs\/[^/]{1,200}$/

const Body = z.looseObject({
  name: z.string().regex(runName),
  state: z.string(),
})

/** BigQuery Data Transfer Service: run notifications by Pub/Sub, scheduled queries among them. */
export const bigqueryTransfer: Monitor = {
  name: 'bigquery-transfer',
  documentation: 'https://cloud.google.com/bigquery/docs/transfer-run-notifications',

  recognises({ body }) {
    return firstText(body, ['name'])?.includes('/transferConfigs/') === true && Body.safeParse(body).success
  },

  parse({ body, receivedAt }) {
    const run = readPayload(Body, body, 'transfer run')
    const [, config = '', project = ''] = runName.exec(run.name) ?? []
    const status = lookUp(states, run.state) ?? 'info'
    const error = firstText(run, ['errorStatus.message'])
    const asset = readAsset(run, config, project)
    const kind = firstText(run, ['dataSourceId']) ?? 'transfer'
    const draft: AlertDraft = {
      source: 'bigquery-transfer',
      check: `run\n${config}`,
      external_id: run.name,
      status,
      title: `${kind} into ${asset?.name ?? config}: ${run.state}${error && status === 'firing' ? `, ${error}` : ''}`,
      description: error,
      severity: null,
      category: readFailureCategory([error]),
      asset,
      started_at: firstText(run, ['startTime', 'scheduleTime', 'runTime']),
      ended_at: status === 'resolved' ? firstText(run, ['endTime']) : null,
      labels: labelsIn(run),
    }
    return [buildAlert(draft, receivedAt)]
  },
}

/** The table that is filled; a name with a template in it changes with the day, so it is no table's name. */
function readAsset(run: z.infer<typeof Body>, config: string, project: string): Asset | null {
  const dataset = firstText(run, ['destinationDatasetId'])
  const table = firstText(run, ['params.destination_table_name_template'])
  if (dataset !== null && table !== null && /^[\w$-]{1,300}$/.test(table)) {
    return assetOf('table', `${project}.${dataset}.${table}`)
  }
  const kind = firstText(run, ['dataSourceId']) ?? 'transfer'
  return assetOf('job', dataset === null ? config : `${project}.${dataset} (${kind})`, {
    config,
    ...(dataset === null ? {} : { dataset }),
  })
}
