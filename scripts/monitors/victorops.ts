import { z } from 'zod'
import type { Alert, AlertStatus, Severity } from '../domain/alert.ts'
import { assetInText, assetOf } from '../domain/reading/asset.ts'
import { buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { labelsOfLeaves, leavesOf } from '../domain/reading/leaves.ts'
import { readAnyAsset } from '../domain/reading/meaning-asset.ts'
import { firstText, lookUp } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

const statuses: Record<string, AlertStatus> = {
  CRITICAL: 'firing',
  WARNING: 'firing',
  ACKNOWLEDGEMENT: 'firing',
  RECOVERY: 'resolved',
  INFO: 'info',
}
const severities: Record<string, Severity> = { CRITICAL: 'CRITICAL', WARNING: 'MEDIUM', INFO: 'LOW' }

const Body = z.looseObject({ message_type: z.string(), entity_id: z.string().min(1) })

/** Splunk On-Call, formerly VictorOps: what monitors send to its REST endpoint, and its own webhooks repeat. */
export const victorops: Monitor = {
  name: 'victorops',
  documentation: 'https://help.victorops.com/knowledge-base/rest-endpoint-integration-guide/',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'alert of Splunk On-Call', 'Send `message_type` and `entity_id`.')
    return bodies.map((one) => readOne(one, receivedAt))
  },
}

function readOne(body: z.infer<typeof Body>, receivedAt: string): Alert {
  const { message_type, entity_id } = body
  const type = message_type.toUpperCase()
  const status = lookUp(statuses, type) ?? 'firing'
  const name = firstText(body, ['entity_display_name']) ?? entity_id
  const description = firstText(body, ['state_message'])
  const leaves = leavesOf(body)
  return buildAlert(
    {
      source: 'victorops',
      check: entity_id,
      identity: 'check',
      external_id: entity_id,
      status,
      title: name,
      description,
      severity: lookUp(severities, type) ?? null,
      category: readCategory([name, entity_id, description]),
      asset: readAnyAsset(leaves, name) ?? assetInText(`${name}. ${entity_id}`) ?? assetOf('service', entity_id),
      started_at: body.state_start_time ?? body.timestamp,
      ended_at: status === 'resolved' ? body.timestamp : null,
      url: firstText(body, ['alert_url', 'incident_url']),
      labels: labelsOfLeaves(leaves),
    },
    receivedAt,
  )
}
