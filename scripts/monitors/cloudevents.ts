import { z } from 'zod'
import type { Alert, AlertStatus, Asset } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { labelsOfLeaves, leavesOf } from '../domain/reading/leaves.ts'
import { readTimes, readWording } from '../domain/reading/meaning.ts'
import { readAnyAsset } from '../domain/reading/meaning-asset.ts'
import { readAnySeverity } from '../domain/reading/meaning-severity.ts'
import { readAnyStatus } from '../domain/reading/meaning-status.ts'
import { isSpent, readStatus } from '../domain/reading/status.ts'
import { objectAt, textOf } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

const Body = z.looseObject({
  specversion: z.string(),
  type: z.string(),
  source: z.string(),
  id: z.string(),
  subject: z.unknown().optional(),
  time: z.unknown().optional(),
})

/** Events in CNCF's envelope, one or a batch. What holds another monitor's body is read as that before. */
export const cloudevents: Monitor = {
  name: 'cloudevents',
  documentation: 'https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'CloudEvent', 'Send structured JSON, one event or a batch.')
    return bodies.map((one) => readEvent(one, receivedAt))
  },
}

function readEvent(event: z.infer<typeof Body>, receivedAt: string): Alert {
  const { id, source, type } = event
  const subject = textOf(event.subject)
  const data = objectAt(event, 'data')
  const leaves = leavesOf(data)
  const wording = readWording(leaves)
  const title = wording.title ?? (subject === null ? type : `${type}: ${subject}`)
  const { check, state } = partsOf(type)
  // A type that says only that something is over leaves it to the data how: `completed`, and `passed: false`.
  const isOver = state !== null && isSpent(type.slice(type.lastIndexOf('.') + 1))
  const status =
    state === null || isOver ? readAnyStatus(isOver ? [...leavesOf({ state: type }), ...leaves] : leaves, title) : state
  const asset = readAnyAsset(leaves, title) ?? assetOfSubject(subject)
  const { started_at, ended_at } = readTimes(leaves)
  return buildAlert(
    {
      source: 'cloudevents',
      check: [source, check, subject ?? ''].join('\n'),
      external_id: id,
      status,
      title,
      description: wording.description,
      severity: readAnySeverity(leaves, title),
      category: readCategory([type, wording.category, title, wording.description]),
      environment: wording.environment,
      asset,
      started_at: started_at ?? event.time,
      ended_at: status === 'resolved' ? (ended_at ?? event.time) : null,
      url: wording.url,
      labels: { event_type: type, event_source: source, subject, ...labelsOfLeaves(leaves) },
      facts: readClaims(asset, objectAt(data, 'metric'), [data]),
    },
    receivedAt,
  )
}

/** `com.example.load.failed` is a state of `com.example.load`; a type that ends in no state is whole. */
function partsOf(type: string): { check: string; state: AlertStatus | null } {
  const end = type.lastIndexOf('.')
  const state = end < 0 ? null : readStatus(type.slice(end + 1))
  return state === null ? { check: type, state: null } : { check: type.slice(0, end), state }
}

/** The last part of a path: `/…/virtualMachines/etl-4`. */
function assetOfSubject(subject: string | null): Asset | null {
  const name = subject?.slice(0, 1000).replace(/\/+$/, '')
  return name ? assetOf('service', name.slice(name.lastIndexOf('/') + 1)) : null
}
