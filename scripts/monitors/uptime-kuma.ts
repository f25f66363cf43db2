import { z } from 'zod'
import type { Alert, AlertStatus } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { labelsOfLeaves, leavesOf } from '../domain/reading/leaves.ts'
import { readTitleStatus } from '../domain/reading/status.ts'
import { readTime } from '../domain/reading/time.ts'
import { firstText, type JsonObject, lookUp } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** `heartbeat.status`: down, up, pending, maintenance. */
const statuses: Record<string, AlertStatus> = { 0: 'firing', 1: 'resolved', 2: 'info', 3: 'info' }

const Part = z.looseObject({}).nullable()
const Body = z.looseObject({ heartbeat: Part, monitor: Part, msg: z.string() })

/** Uptime Kuma, by its webhook with the preset body. */
export const uptimeKuma: Monitor = {
  name: 'uptime-kuma',
  documentation: 'https://github.com/louislam/uptime-kuma/wiki/Notification-Methods',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'notification of Uptime Kuma', 'Use a webhook with the preset body.')
    return bodies.map((one) => readOne(one, receivedAt))
  },
}

function readOne({ heartbeat, monitor, msg }: z.infer<typeof Body>, receivedAt: string): Alert {
  // `[Orders API][https://…]` at the head of what is said of a certificate.
  const name = firstText(monitor, ['name', 'pathName']) ?? /^\s*\[([^\]]{1,200})\]/.exec(msg)?.[1] ?? null
  const id = firstText(monitor, ['id']) ?? firstText(heartbeat, ['monitorID', 'monitor_id'])
  const status = readStatusOf(heartbeat, msg)
  const said = firstText(heartbeat, ['msg']) ?? msg
  return buildAlert(
    {
      source: 'uptime-kuma',
      check: `${id ?? ''}\n${name ?? msg}\n${heartbeat === null ? 'message' : 'monitor'}`,
      identity: 'check',
      external_id: id,
      status,
      title: name === null || said.includes(name) ? said : `${name}: ${said}`,
      description: msg,
      severity: null,
      category: readCategory([said, firstText(monitor, ['type']), 'service down']),
      asset: name === null ? null : assetOf('service', firstText(monitor, ['hostname']) ?? name),
      started_at: timeOf(heartbeat),
      ended_at: status === 'resolved' ? timeOf(heartbeat) : null,
      url: firstText(monitor, ['url']),
      labels: labelsOfLeaves(leavesOf({ monitor, heartbeat })),
    },
    receivedAt,
  )
}

/** Without a heartbeat it is the test button (`… Testing`) or a word about a certificate. */
function readStatusOf(heartbeat: JsonObject | null, msg: string): AlertStatus {
  const code = firstText(heartbeat, ['status'])
  if (code !== null) return lookUp(statuses, code) ?? 'info'
  return /\btest(?:ing)?\s*$/i.test(msg) ? 'info' : (readTitleStatus(msg) ?? 'firing')
}

/** In the server's zone, which stands beside it. */
function timeOf(heartbeat: JsonObject | null): string | null {
  const local = firstText(heartbeat, ['localDateTime'])
  return local === null
    ? readTime(firstText(heartbeat, ['time']))
    : readTime(`${local} ${firstText(heartbeat, ['timezoneOffset']) ?? ''}`)
}
