import { z } from 'zod'
import type { Alert, AlertStatus, Asset, AssetKind } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { labelsOfLeaves, leavesOf } from '../domain/reading/leaves.ts'
import { readSeverity } from '../domain/reading/severity.ts'
import { readStatus } from '../domain/reading/status.ts'
import { at, firstText, type JsonObject, lookUp, objectAt, textOf } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** What an event is about, by its `detail-type`: the kind of thing and where its name stands. */
const things: Record<string, readonly [AssetKind, string]> = {
  'AWS Health Event': ['service', 'detail.affectedEntities.0.entityValue'],
  'Batch Job State Change': ['job', 'detail.jobName'],
  'CodeBuild Build State Change': ['job', 'detail.project-name'],
  'CodePipeline Pipeline Execution State Change': ['job', 'detail.pipeline'],
  'Data Quality Evaluation Results Available': ['table', 'detail.context.tableName'],
  'DMS Replication Task State Change': ['connector', 'resources.0'],
  'EMR Cluster State Change': ['service', 'detail.name'],
  'EMR Step Status Change': ['job', 'detail.name'],
  'Glue Crawler State Change': ['job', 'detail.crawlerName'],
  'Glue Job Run Status': ['job', 'detail.jobName'],
  'Glue Job State Change': ['job', 'detail.jobName'],
  'RDS DB Instance Event': ['host', 'detail.SourceIdentifier'],
  'Redshift Data Statement Status Change': ['job', 'detail.statementName'],
  'Step Functions Execution Status Change': ['job', 'detail.stateMachineArn'],
}

/** Words of AWS that `readStatus` would take for something else. */
const statuses: Record<string, AlertStatus> = {
  TIMED_OUT: 'firing',
  STOPPED: 'firing',
  TERMINATED_WITH_ERRORS: 'firing',
  // A cluster that ends as it should.
  TERMINATED: 'resolved',
  UPCOMING: 'info',
}

const states = ['detail.state', 'detail.status', 'detail.build-status', 'detail.statusCode', 'detail.lastStatus']
const reasons = [
  'detail.message',
  'detail.Message',
  'detail.cause',
  'detail.error',
  'detail.errorMessage',
  'detail.statusReason',
  'detail.stoppedReason',
  'detail.eventDescription.0.latestDescription',
]

const Body = z.looseObject({
  'detail-type': z.string(),
  source: z.string(),
  account: z.string(),
  detail: z.looseObject({}),
})

/** Events of AWS services, as EventBridge hands them on. Alarms of CloudWatch have their own file. */
export const eventbridge: Monitor = {
  name: 'eventbridge',
  documentation: 'https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'event of EventBridge', 'Send the matched event as it is.')
    return bodies.map((one) => readEvent(one, receivedAt))
  },
}

function readEvent(body: z.infer<typeof Body>, receivedAt: string): Alert {
  const type = body['detail-type']
  const state = firstText(body, states) ?? stateIn(objectAt(body, 'detail'))
  const asset = readAsset(body, type)
  const thing = asset?.native?.name ?? asset?.name ?? null
  const code = firstText(body, ['detail.eventTypeCode'])
  const reason = firstText(body, reasons)
  const status = statusOf(state, firstText(body, ['detail.eventTypeCategory']))
  const title = [code ?? type, ...(thing === null ? [] : [`: ${thing}`]), ...(state === null ? [] : [` ${state}`])]
  const detail = objectAt(body, 'detail')
  return buildAlert(
    {
      source: 'eventbridge',
      check: [body.source, body.account, textOf(body.region) ?? '', type, code ?? ''].join('\n'),
      external_id: textOf(body.id),
      status,
      title: title.join(''),
      description: reason,
      severity: readSeverity(detail.severity),
      category: readCategory([type, code, reason, `${asset?.kind ?? ''} ${state ?? ''}`]),
      environment: firstText(detail, ['affectedEntities.0.tags.stage', 'affectedEntities.0.tags.env']),
      asset,
      started_at: firstText(detail, ['startTime', 'startedAt']) ?? body.time,
      ended_at: status === 'resolved' ? (firstText(detail, ['endTime', 'stoppedAt']) ?? body.time) : null,
      labels: labelsOfLeaves(leavesOf(body)),
      facts: readClaims(asset, {}, [detail]),
    },
    receivedAt,
  )
}

/** `TrainingJobStatus: InProgress`: services name the state after their thing. */
function stateIn(detail: JsonObject): string | null {
  const key = Object.keys(detail).find((one) => /(?<!Secondary|Previous|Last)(?:Status|State)$/.test(one))
  return key === undefined ? null : textOf(detail[key])
}

/** Health's events of the category `issue` or `scheduledChange` are open until their `statusCode` says otherwise. */
function statusOf(state: string | null, category: string | null): AlertStatus {
  if (state === null) return category === null || category === 'issue' ? 'firing' : 'info'
  return lookUp(statuses, state.toUpperCase()) ?? readStatus(state) ?? 'firing'
}

function readAsset(body: JsonObject, type: string): Asset | null {
  const [kind, path] = lookUp(things, type) ?? []
  const named = path === undefined ? null : textOf(at(body, path))
  const native = named ?? textOf(at(body, 'resources.0')) ?? firstText(body, ['detail.service'])
  if (native === null) return null
  const database = kind === 'table' ? firstText(body, ['detail.context.databaseName']) : null
  return assetOf(kind ?? 'service', database === null ? nameOfArn(native) : `${database}.${native}`)
}

/** `arn:aws:states:eu-west-1:1234:stateMachine:orders` is `orders`. */
function nameOfArn(text: string): string {
  if (!text.startsWith('arn:')) return text
  const resource = text.split(':').slice(5).join(':')
  return resource.replace(/^[\w-]+[/:]/, '') || text
}
