import { z } from 'zod'
import type { Alert, AlertStatus, Asset, AssetKind } from '../domain/alert.ts'
import { assetIn, assetOf } from '../domain/reading/asset.ts'
import { buildAlert, checkFromTitle } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { labelsOfLeaves, leavesOf } from '../domain/reading/leaves.ts'
import { readSeverity } from '../domain/reading/severity.ts'
import { at, firstText, type JsonObject, lookUp, objectAt, textOf } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

const statuses: Record<string, AlertStatus> = { open: 'firing', acknowledged: 'firing', closed: 'resolved' }

/**
 * The label that names a resource of a type. Others are named by `resource_display_name`.
 * https://cloud.google.com/monitoring/api/resources
 */
const resources: Record<string, readonly [AssetKind, string]> = {
  bigquery_dataset: ['table', 'dataset_id'],
  bigquery_table: ['table', 'table_id'],
  bigquery_dts_config: ['job', 'config_id'],
  cloud_composer_workflow: ['dag', 'workflow_name'],
  cloud_composer_environment: ['service', 'environment_name'],
  cloud_dataproc_cluster: ['service', 'cluster_name'],
  cloud_run_job: ['job', 'job_name'],
  cloud_run_revision: ['service', 'service_name'],
  cloud_scheduler_job: ['job', 'job_id'],
  cloudsql_database: ['host', 'database_id'],
  dataflow_job: ['job', 'job_name'],
  gcs_bucket: ['service', 'bucket_name'],
  pubsub_subscription: ['service', 'subscription_id'],
  pubsub_topic: ['service', 'topic_id'],
  uptime_url: ['host', 'host'],
}

const severities = [
  'severity',
  'policy_user_labels.severity',
  'metadata.user_labels.severity',
  'metadata.system_labels.severity',
]
const environments = [
  'metadata.user_labels.environment',
  'metadata.user_labels.env',
  'policy_user_labels.environment',
  'policy_user_labels.env',
]

const Body = z.looseObject({
  version: z.unknown().optional(),
  incident: z
    .looseObject({ incident_id: z.union([z.string(), z.number()]), state: z.string() })
    .refine((incident) => firstText(incident, ['policy_name', 'condition_name', 'condition.name', 'summary']) !== null),
})

/** Google Cloud Monitoring, by webhook or Pub/Sub: schema versions 1.1 and 1.2. */
export const gcpMonitoring: Monitor = {
  name: 'gcp-monitoring',
  documentation: 'https://cloud.google.com/monitoring/support/notification-options#schema-pubsub',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'notification of Cloud Monitoring', 'Use a webhook or a Pub/Sub channel.')
    return bodies.map(({ incident, version }) => readIncident(incident, version === 'test', receivedAt))
  },
}

function readIncident(incident: z.infer<typeof Body>['incident'], isTest: boolean, receivedAt: string): Alert {
  const status = isTest ? 'info' : (lookUp(statuses, incident.state.toLowerCase()) ?? 'firing')
  const condition = firstText(incident, ['condition_name', 'condition.displayName'])
  const title = firstText(incident, ['summary', 'documentation.subject']) ?? condition
  const asset = readAsset(incident)
  const metric = {
    name: firstText(incident, ['metric.displayName', 'metric.type']) ?? condition,
    value: incident.observed_value,
    threshold: incident.threshold_value ?? at(incident, 'condition.conditionThreshold.thresholdValue'),
  }
  return buildAlert(
    {
      source: 'gcp-monitoring',
      check: checkOf(incident),
      external_id: textOf(incident.incident_id),
      status,
      title,
      description: firstText(incident, ['documentation.content', 'summary']),
      severity: severities.reduce<ReturnType<typeof readSeverity>>(
        (found, path) => found ?? readSeverity(at(incident, path)),
        null,
      ),
      category: readCategory([condition, textOf(metric.name), title]),
      environment: firstText(incident, environments),
      asset,
      started_at: incident.started_at,
      ended_at: status === 'resolved' ? incident.ended_at : null,
      url: incident.url,
      labels: labelsOfLeaves(leavesOf(incident)),
      facts: readClaims(asset, metric, []),
    },
    receivedAt,
  )
}

function readAsset(incident: JsonObject): Asset | null {
  const labels = objectAt(incident, 'resource.labels')
  const type = firstText(incident, ['resource.type', 'resource_type']) ?? ''
  const [kind, label] = lookUp(resources, type) ?? []
  const native = label === undefined ? null : textOf(labels[label])
  if (kind !== undefined && native !== null) return assetOf(kind, native)
  const name = firstText(incident, ['resource_display_name', 'metric.labels.instance_name', 'resource_name'])
  const isHost = /instance|host|server|\bvm\b/i.test(
    `${type} ${firstText(incident, ['resource_type_display_name']) ?? ''}`,
  )
  const byName = name === null ? null : assetOf(isHost ? 'host' : 'service', name)
  return byName ?? assetIn(labels) ?? assetIn(objectAt(incident, 'metric.labels'))
}

/** An incident's id is new each time; a condition and what it was measured on stay. */
function checkOf(incident: JsonObject): string {
  const policy = firstText(incident, ['policy_name'])
  const condition = firstText(incident, ['condition.name', 'condition_name'])
  const labels = [objectAt(incident, 'resource.labels'), objectAt(incident, 'metric.labels')].flatMap((object) =>
    Object.entries(object).map(([key, value]) => `${key}=${textOf(value) ?? ''}`),
  )
  return [
    firstText(incident, ['scoping_project_id']) ?? '',
    condition ?? `${policy ?? ''} ${checkFromTitle(textOf(incident.summary) ?? '')}`,
    firstText(incident, ['resource_id']) ?? '',
    ...labels.sort(),
  ].join('\n')
}
