import { z } from 'zod'
import type { Alert, AlertStatus, Asset } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { buildAlert, checkFromTitle } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { labelsIn } from '../domain/reading/leaves.ts'
import { readSeverity } from '../domain/reading/severity.ts'
import { firstText } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/**
 * What happened, by the words of the message, the first that fits; hundreds of events are numbered, and new ones come.
 * What is not here is firing: a failure that nobody has named yet must be seen.
 */
const meanings: readonly (readonly [RegExp, AlertStatus])[] = [
  [
    /fail(?!over)|error|unable|cannot|could not|couldn't|exceed|exhaust|insufficient|incompatible|unavailable|not available|crash|low storage|is low|critical|shut ?down|stopped|\blag|terminated|unhealthy|not healthy|degraded/i,
    'firing',
  ],
  [
    /restarted|recovery .{0,60}complete|failover .{0,40}complete|completed .{0,40}failover|resumed|is now available|back online/i,
    'resolved',
  ],
  [
    /back(?:ing )?up|snapshot|started|starting|finished|completed?|applied|applying|created|creating|deleted|restored|modif|patch|upgrad|updated|changed|reset|enabled|disabled|scheduled|resiz|renamed|maintenance|promoted|added|removed/i,
    'info',
  ],
]

/** What brings an instance down and what brings it back are events of different numbers, and one condition. */
const availability = /shut ?down|restart|stopped|recover|failover|crash|\bfail|available/i

const Body = z
  .looseObject({ 'Event Source': z.string(), 'Event Message': z.string() })
  .refine((body) => firstText(body, ['Source ID', 'Resource', 'Identifier Link']) !== null)

/** Events of Amazon RDS, DocumentDB, Neptune and Redshift as their subscriptions send them by SNS. */
export const rdsEvents: Monitor = {
  name: 'rds-events',
  documentation: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'event of Amazon RDS', 'Subscribe to events of RDS or Redshift by SNS.')
    return bodies.map((one) => readOne(one, receivedAt))
  },
}

function readOne(body: z.infer<typeof Body>, receivedAt: string): Alert {
  const message = body['Event Message']
  const kind = body['Event Source']
  const name = nameOf(body)
  // `RDS-EVENT-0007` at the end of a link to the page that explains it.
  const id = /[A-Z]+-EVENT-\d+/.exec(firstText(body, ['Event ID', 'About this Event']) ?? '')?.[0] ?? null
  const status = statusOf(message, firstText(body, ['Severity']))
  const time = firstText(body, ['Event Time'])
  return buildAlert(
    {
      source: 'rds-events',
      check: `${kind}\n${availability.test(message) ? 'availability' : (id ?? checkFromTitle(message))}`,
      external_id: id,
      status,
      title: name === null || message.includes(name) ? message : `${name}: ${message}`,
      description: message,
      severity: status === 'firing' ? readSeverity(firstText(body, ['Severity'])) : null,
      category: readCategory([message, 'database down']),
      asset: name === null ? null : readAsset(kind, name),
      started_at: time,
      ended_at: status === 'resolved' ? time : null,
      url: firstText(body, ['Identifier Link']),
      labels: labelsIn(body),
    },
    receivedAt,
  )
}

/** Redshift says itself which events are errors. */
function statusOf(message: string, severity: string | null): AlertStatus {
  if (/^error$/i.test(severity ?? '')) return 'firing'
  return meanings.find(([pattern]) => pattern.test(message))?.[1] ?? 'firing'
}

/** Redshift names a thing in the link to its page only: `…#cluster-details:cluster=lake`. */
function nameOf(body: z.infer<typeof Body>): string | null {
  const named = firstText(body, ['Source ID', 'SourceId'])
  const link = firstText(body, ['Resource', 'Identifier Link']) ?? ''
  return named ?? /#[^\s]{0,200}[=:]([\w.-]{1,100})[;/]?$/.exec(link)?.[1] ?? (link.startsWith('http') ? null : link)
}

/** An instance is a machine; clusters, proxies and groups are not. */
function readAsset(kind: string, name: string): Asset | null {
  return assetOf(/instance/i.test(kind) ? 'host' : 'service', name)
}
