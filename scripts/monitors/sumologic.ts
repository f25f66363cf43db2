import { z } from 'zod'
import type { Alert, AlertStatus, Asset } from '../domain/alert.ts'
import { assetIn, assetInText, assetOf } from '../domain/reading/asset.ts'
import { buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { labelsOfLeaves, leavesOf } from '../domain/reading/leaves.ts'
import { readSeverity } from '../domain/reading/severity.ts'
import { firstText, lookUp, objectsIn, textOf } from '../domain/reading/value.ts'
import { tryParseJson } from '../lib/json.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** `{{TriggerType}}`. How bad a missing measurement is, nobody says. */
const triggerTypes: Record<string, AlertStatus> = {
  critical: 'firing',
  warning: 'firing',
  missingdata: 'firing',
  resolvedcritical: 'resolved',
  resolvedwarning: 'resolved',
  resolvedmissingdata: 'resolved',
}

/** The keys of the template are the user's own; these are named like the variables. */
const names = ['name', 'monitorName', 'Name', 'SearchName']
const ids = ['id', 'monitorId', 'Id']
const results = ['resultsJson', 'ResultsJson', 'resultsJSON']
const links = ['alertResponseUrl', 'alertResponseURL', 'queryURL', 'queryUrl']

const Body = z
  .looseObject({ triggerType: z.string() })
  .refine((body) => firstText(body, names) !== null)
  .refine((body) =>
    ['triggerCondition', 'detectionMethod', 'queryURL', 'triggerTimeRange', 'alertResponseUrl'].some((key) =>
      Object.hasOwn(body, key),
    ),
  )

/** Sumo Logic monitors, by a webhook connection with the documented variables. */
export const sumologic: Monitor = {
  name: 'sumologic',
  documentation: 'https://help.sumologic.com/docs/alerts/webhook-connections/set-up-webhook-connections/',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'alert of Sumo Logic', 'Send at least {{TriggerType}} and {{Name}}.')
    return bodies.map((one) => readOne(one, receivedAt))
  },
}

function readOne(body: z.infer<typeof Body>, receivedAt: string): Alert {
  const { triggerType } = body
  const type = triggerType.toLowerCase().replace(/[^a-z]/g, '')
  const status = lookUp(triggerTypes, type) ?? 'firing'
  const name = firstText(body, names) ?? ''
  const description = firstText(body, ['description', 'Description'])
  const asset =
    readAsset(body) ?? assetIn(body) ?? assetInText(`${name}. ${description ?? ''}`) ?? assetOf('service', name)
  const metric = { name, value: body.triggerValue, condition: body.triggerCondition }
  return buildAlert(
    {
      source: 'sumologic',
      // Results are named while it fires only: the monitor alone is the condition.
      check: firstText(body, ids) ?? name,
      identity: 'check',
      external_id: firstText(body, ['alertId', ...ids]),
      status,
      title: name,
      description,
      severity: readSeverity(triggerType),
      category: readCategory([name, description, firstText(body, ['query'])]),
      environment: firstText(body, ['environment', 'env']),
      asset,
      started_at: [body.triggerTimeStart, body.triggerTime].find((time) => textOf(time) !== null),
      ended_at: status === 'resolved' ? (body.triggerTime ?? body.triggerTimeEnd) : null,
      url: firstText(body, links),
      labels: labelsOfLeaves(leavesOf(body)),
      facts: readClaims(asset, metric, [body]),
    },
    receivedAt,
  )
}

/** The first row of the results that names anything: they come as a string of JSON. */
function readAsset(body: z.infer<typeof Body>): Asset | null {
  const rows = results.map((key) => body[key]).find((value) => value !== undefined)
  const parsed = typeof rows === 'string' ? tryParseJson(rows) : rows
  for (const row of objectsIn(parsed).slice(0, 20)) {
    const asset = assetIn(row)
    if (asset) return asset
  }
  return null
}
