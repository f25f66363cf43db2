import { z } from 'zod'
import type { Alert, AlertStatus, Asset } from '../domain/alert.ts'
import { assetIn, assetOf } from '../domain/reading/asset.ts'
import { buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { labelsOfLeaves, leavesOf } from '../domain/reading/leaves.ts'
import { at, firstText, isObject, lookUp, objectsIn, textOf } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

const statuses: Record<string, AlertStatus> = { triggered: 'firing', ok: 'resolved' }

/** Triggers and burn alerts of SLOs. */
const Body = z
  .looseObject({ version: z.string(), id: z.string(), name: z.string(), status: z.string(), summary: z.string() })
  .refine((body) => ['trigger_url', 'trigger_description', 'result_url', 'slo'].some((key) => Object.hasOwn(body, key)))

/** Honeycomb webhooks. Which groups triggered is told while it fires only: the trigger alone is the condition. */
export const honeycomb: Monitor = {
  name: 'honeycomb',
  documentation: 'https://docs.honeycomb.io/notify/recipients/webhooks/',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'webhook of Honeycomb', 'Use a webhook recipient with the default payload.')
    return bodies.map((one) => readOne(one, receivedAt))
  },
}

function readOne(body: z.infer<typeof Body>, receivedAt: string): Alert {
  const { id, name, status: said, summary } = body
  const status = body.is_test === true ? 'info' : (lookUp(statuses, said.toLowerCase()) ?? 'firing')
  const description = firstText(body, ['description', 'trigger_description'])
  const asset = readAsset(body) ?? assetOf('service', firstText(body, ['slo.name']) ?? name)
  const metric = { name, value: at(body, 'result_groups_triggered.0.Result'), threshold: body.threshold }
  return buildAlert(
    {
      source: 'honeycomb',
      check: id,
      identity: 'check',
      external_id: id,
      status,
      title: summary,
      description,
      severity: null,
      category: readCategory([name, firstText(body, ['trigger_description'])]),
      environment: firstText(body, ['environment']),
      asset,
      url: firstText(body, ['result_url', 'trigger_url']),
      labels: labelsOfLeaves(leavesOf(body)),
      facts: readClaims(asset, metric, []),
    },
    receivedAt,
  )
}

/**
 * The first group that triggered: `{service: orders}`, or a list of keys and values. Of what is well again all groups
 * are told: one alone is the one that it was about.
 */
function readAsset(body: z.infer<typeof Body>): Asset | null {
  const only = at(body, 'result_groups.length') === 1 ? at(body, 'result_groups.0.Group') : undefined
  const group = at(body, 'result_groups_triggered.0.Group') ?? only
  const pairs = objectsIn(group).map((one) => [textOf(one.key) ?? '', one.value])
  return assetIn(isObject(group) ? group : Object.fromEntries(pairs))
}
