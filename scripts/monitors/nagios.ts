import { z } from 'zod'
import type { Alert, AlertStatus, Severity } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { isObject, type JsonObject, lookUp, plainKey, textOf } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** `$NOTIFICATIONTYPE$`. What is not here (downtime, custom, flapping that is over) tells of no state. */
const notifications: Record<string, AlertStatus> = {
  PROBLEM: 'firing',
  ACKNOWLEDGEMENT: 'firing',
  FLAPPINGSTART: 'firing',
  RECOVERY: 'resolved',
}

/** `$SERVICESTATE$` and `$HOSTSTATE$`, Checkmk's short ones too; for what is well nobody says how bad it was. */
const severities: Record<string, Severity | null> = {
  OK: null,
  UP: null,
  WARNING: 'MEDIUM',
  WARN: 'MEDIUM',
  UNKNOWN: 'MEDIUM',
  UNREACHABLE: 'HIGH',
  UNREACH: 'HIGH',
  CRITICAL: 'CRITICAL',
  CRIT: 'CRITICAL',
  DOWN: 'CRITICAL',
}

/** Icinga's event stream counts states. */
const serviceStates = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN']
const hostStates = ['UP', 'DOWN']

/** Macros go by their own name in any case, with or without a prefix: `HOSTNAME`, `host_name`, `NAGIOS_HOSTNAME`. */
const names = {
  host: ['hostname', 'hostdisplayname', 'hostalias', 'host'],
  service: ['servicedesc', 'servicedescription', 'servicename', 'servicedisplayname', 'service'],
  serviceState: ['servicestate'],
  hostState: ['hoststate'],
  /** Scripts for Icinga call it so, of a host as of a service. */
  state: ['state', 'currentstate', 'checkstate'],
  notification: ['notificationtype'],
  output: ['serviceoutput', 'hostoutput', 'output', 'checkoutput', 'message'],
  time: ['longdatetime', 'shortdatetime', 'timet', 'timestamp', 'datetime'],
} as const
type Macro = keyof typeof names

/** https://icinga.com/docs/icinga-2/latest/doc/12-icinga2-api/#event-streams */
const Event = z.looseObject({ host: z.string(), state: z.number(), check_result: z.looseObject({}) })
const Notification = z.custom<JsonObject>((body) => {
  if (!isObject(body) || !Object.keys(body).some((key) => /host/i.test(key))) return false
  const macros = macrosOf(body)
  if (macros('host') === null) return false
  const state = macros('serviceState') ?? macros('hostState')
  return (state !== null && Object.hasOwn(severities, state.toUpperCase())) || macros('notification') !== null
})
const Body = z.union([Event, Notification])

/** Nagios, Icinga and their kin, by a notification command that posts their macros, and Icinga's event stream. */
export const nagios: Monitor = {
  name: 'nagios',
  documentation: 'https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/macrolist.html',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'notification of Nagios', 'Post at least HOSTNAME, SERVICESTATE or HOSTSTATE.')
    return bodies.map((one) => readOne(one, receivedAt))
  },
}

function readOne(body: JsonObject, receivedAt: string): Alert {
  const macros = macrosOf(body)
  const host = macros('host') ?? ''
  const service = macros('service')
  const state = stateOf(body, macros).toUpperCase()
  const type = macros('notification')?.toUpperCase() ?? null
  const known = lookUp(severities, state)
  const status = type === null ? (known === null ? 'resolved' : 'firing') : (lookUp(notifications, type) ?? 'info')
  const output = macros('output') ?? textOf(isObject(body.check_result) ? body.check_result.output : null)
  const time = macros('time')
  return buildAlert(
    {
      source: 'nagios',
      check: `${host}\n${service ?? ''}`,
      status,
      title: `${service === null ? host : `${service} on ${host}`} is ${state || type}`,
      description: output,
      severity: known ?? null,
      category: readCategory([service, output, 'host down']),
      asset: assetOf('host', host),
      started_at: time,
      ended_at: status === 'resolved' ? time : null,
      labels: body,
    },
    receivedAt,
  )
}

function stateOf(body: JsonObject, macros: (macro: Macro) => string | null): string {
  const isService = macros('service') !== null
  const own = isService ? macros('serviceState') : macros('hostState')
  const plain = macros('state')
  const worded = plain !== null && Object.hasOwn(severities, plain.toUpperCase()) ? plain : null
  const said = own ?? worded ?? macros('hostState') ?? macros('serviceState')
  const counted = typeof body.state === 'number' ? (isService ? serviceStates : hostStates)[body.state] : undefined
  return said ?? counted ?? ''
}

function macrosOf(body: JsonObject): (macro: Macro) => string | null {
  const texts = new Map(
    Object.entries(body)
      .slice(0, 200)
      .map(([key, value]) => [plainKey(key).replace(/^(?:nagios|icinga)2?/, ''), textOf(value)]),
  )
  return (macro) => names[macro].map((name) => texts.get(name) ?? null).find((text) => text !== null) ?? null
}
