import { z } from 'zod'
import type { Alert, AlertStatus, Severity } from '../domain/alert.ts'
import { assetIn, assetInText, assetOf } from '../domain/reading/asset.ts'
import { buildAlert, checkFromTitle } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readSeverity } from '../domain/reading/severity.ts'
import { tagsOf } from '../domain/reading/tags.ts'
import { firstText, lookUp } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** `{EVENT.VALUE}`: 1 is a problem, 0 is well. */
const statuses: Record<string, AlertStatus> = { 1: 'firing', 0: 'resolved' }

/** `{EVENT.NSEVERITY}`: from not classified and information to disaster. */
const severities: Record<string, Severity | null> = {
  0: null,
  1: 'LOW',
  2: 'MEDIUM',
  3: 'MEDIUM',
  4: 'HIGH',
  5: 'CRITICAL',
}

const titles = ['event_name', 'alert_subject', 'subject', 'event_subject']
const hosts = ['host_name', 'host_host', 'hostname', 'event_host']

/** The parameters of Zabbix's own webhook media types, named like its macros. */
const Body = z
  .looseObject({ event_value: z.union([z.literal('0'), z.literal('1'), z.literal(0), z.literal(1)]) })
  .refine((body) => firstText(body, ['trigger_id', 'event_id', 'event_nseverity', 'event_severity']) !== null)

/** Zabbix, by a webhook that passes its macros on. Templates of another form are read by meaning. */
export const zabbix: Monitor = {
  name: 'zabbix',
  documentation: 'https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'webhook of Zabbix', 'Pass {EVENT.VALUE}, {TRIGGER.ID} and {HOST.NAME}.')
    return bodies.map((one) => readOne(one, receivedAt))
  },
}

function readOne(body: z.infer<typeof Body>, receivedAt: string): Alert {
  const title = firstText(body, titles)
  const host = firstText(body, hosts)
  const status = lookUp(statuses, String(body.event_value)) ?? 'firing'
  const description = firstText(body, ['alert_message', 'message', 'event_opdata', 'trigger_description'])
  const tags = tagsOf(firstText(body, ['event_tags', 'event_tags_text']) ?? '')
  const asset = assetIn(tags) ?? (host === null ? assetInText(title ?? '') : assetOf('host', host))
  const ended = timeOf(body, 'event_recovery')
  return buildAlert(
    {
      source: 'zabbix',
      check: `${firstText(body, ['trigger_id']) ?? checkFromTitle(title ?? '')}\n${host ?? ''}`,
      external_id: firstText(body, ['event_id']),
      status,
      title,
      description,
      severity:
        lookUp(severities, firstText(body, ['event_nseverity', 'trigger_nseverity']) ?? '') ??
        readSeverity(firstText(body, ['event_severity', 'trigger_severity'])),
      category: readCategory([title, description]),
      environment: tags.environment ?? tags.env ?? null,
      asset,
      started_at: timeOf(body, 'event'),
      ended_at: status === 'resolved' ? ended : null,
      url: firstText(body, ['event_url', 'trigger_url', 'zabbix_url']),
      labels: { ...body, ...tags },
    },
    receivedAt,
  )
}

/** Date and time are two parameters: `2026.11.20` and `07:00:00`. */
function timeOf(body: z.infer<typeof Body>, prefix: string): string | null {
  const date = firstText(body, [`${prefix}_date`])
  return date === null ? null : `${date} ${firstText(body, [`${prefix}_time`]) ?? ''}`.trim()
}
