import { z } from 'zod'
import type { Alert, AlertStatus, Asset } from '../domain/alert.ts'
import { assetIn, assetOf } from '../domain/reading/asset.ts'
import { buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { labelsOfLeaves, leavesOf } from '../domain/reading/leaves.ts'
import { readSeverity } from '../domain/reading/severity.ts'
import {
  at,
  firstText,
  isObject,
  type JsonObject,
  lookUp,
  objectAt,
  objectsIn,
  textOf,
} from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** No data is no trouble yet: each new alarm begins so. Who wants to be called for it treats missing data as breaching. */
const statuses: Record<string, AlertStatus> = { ALARM: 'firing', OK: 'resolved', INSUFFICIENT_DATA: 'info' }

/** Where each of the three bodies keeps the same thing. */
const paths = {
  name: ['AlarmName', 'detail.alarmName', 'alarmData.alarmName'],
  arn: ['AlarmArn', 'resources.0', 'alarmArn'],
  account: ['AWSAccountId', 'account', 'accountId'],
  region: ['Region', 'region'],
  state: ['NewStateValue', 'detail.state.value', 'alarmData.state.value'],
  reason: ['NewStateReason', 'detail.state.reason', 'alarmData.state.reason'],
  changed: ['StateChangeTime', 'detail.state.timestamp', 'alarmData.state.timestamp', 'time'],
  description: ['AlarmDescription', 'detail.configuration.description', 'alarmData.configuration.description'],
} as const

/** By SNS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html */
const Notification = z.looseObject({ AlarmName: z.string(), NewStateValue: z.string() })
/** By EventBridge: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html */
const Event = z.looseObject({
  'detail-type': z.literal('CloudWatch Alarm State Change'),
  detail: z.looseObject({ alarmName: z.string(), state: z.looseObject({}) }),
})
/** By Lambda: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html */
const Action = z.looseObject({ alarmData: z.looseObject({ alarmName: z.string(), state: z.looseObject({}) }) })
const Body = z.union([Notification, Event, Action])

/** Amazon CloudWatch alarms: their own notification (also by SNS), by EventBridge, by Lambda. */
export const cloudwatch: Monitor = {
  name: 'cloudwatch',
  documentation: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'alarm of CloudWatch', 'Send it by SNS or EventBridge, with its raw body.')
    return bodies.map((one) => readAlarm(one, receivedAt))
  },
}

function readAlarm(body: JsonObject, receivedAt: string): Alert {
  const text = (name: keyof typeof paths) => firstText(body, paths[name])
  const name = text('name') ?? ''
  const description = text('description')
  const metric = metricOf(body)
  const asset = assetOfDimensions(metric.dimensions) ?? assetOf('service', name)
  const status = lookUp(statuses, text('state')?.toUpperCase() ?? '') ?? 'firing'
  // CloudWatch has no severities: people write them into a name or a description.
  const spoken = /\b(?:P[0-5]|SEV[ -]?[0-5])\b/i.exec(`${name} ${description ?? ''}`)?.[0]
  return buildAlert(
    {
      source: 'cloudwatch',
      check: text('arn') ?? [text('account'), text('region'), name].join('\n'),
      identity: 'check',
      external_id: text('arn') ?? name,
      status,
      title: name,
      description: [description, text('reason')].filter((part) => part !== null).join('\n'),
      severity: readSeverity(spoken),
      category: readCategory([metric.name, name, description]),
      asset,
      started_at: text('changed'),
      ended_at: status === 'resolved' ? text('changed') : null,
      labels: { region: text('region'), account: text('account'), ...labelsOfLeaves(leavesOf(body)) },
      facts: readClaims(
        asset,
        { name: metric.name, value: metric.value, threshold: at(body, 'Trigger.Threshold') },
        [],
      ),
    },
    receivedAt,
  )
}

/** The first metric that the alarm is about; a composite alarm has none. */
function metricOf(body: JsonObject): { name: string | null; dimensions: JsonObject; value: number | undefined } {
  const trigger = objectAt(body, 'Trigger')
  const configuration = [at(body, 'detail.configuration'), at(body, 'alarmData.configuration')].find(isObject)
  const metrics = [...objectsIn(trigger.Metrics), ...objectsIn(configuration?.metrics)]
  const found = [trigger, ...metrics.flatMap((one) => [at(one, 'MetricStat.Metric'), at(one, 'metricStat.metric')])]
    .filter(isObject)
    .find((one) => firstText(one, ['MetricName', 'name']) !== null)
  const dimensions = found?.Dimensions ?? found?.dimensions
  const named = objectsIn(dimensions).map((one) => [textOf(one.name) ?? textOf(one.Name) ?? '', one.value ?? one.Value])
  const measured = /\[(-?\d+(?:\.\d+)?(?:E[+-]?\d+)?)[ \]]/.exec(firstText(body, paths.reason) ?? '')?.[1]
  return {
    name: firstText(found, ['MetricName', 'name']),
    dimensions: isObject(dimensions) ? dimensions : Object.fromEntries(named),
    value: measured === undefined ? undefined : Number(measured),
  }
}

/** What runs or holds something, of a service, is narrower than where it does so. */
const narrow = /task|job|table|pipeline|crawler|function|queue|stream|topic|bucket/i

/** Dimensions name the thing; where no name is known, one that runs something, else the last one, is the narrowest. */
function assetOfDimensions(dimensions: JsonObject): Asset | null {
  const named = Object.entries(dimensions).filter(([, value]) => textOf(value) !== null)
  const [, native] = named.find(([name]) => narrow.test(name)) ?? named.at(-1) ?? []
  return assetIn(dimensions) ?? (native === undefined ? null : assetOf('service', textOf(native) ?? ''))
}
