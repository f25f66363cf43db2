import { z } from 'zod'
import type { Alert } from '../domain/alert.ts'
import { assetIn, assetInText, assetOf } from '../domain/reading/asset.ts'
import { buildAlert } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { readPriority, readSeverity } from '../domain/reading/severity.ts'
import { readTitleStatus } from '../domain/reading/status.ts'
import { firstText } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

const Body = z.looseObject({
  sid: z.string(),
  search_name: z.string(),
  result: z.looseObject({}).default({}),
})

/** Splunk's webhook alert action: a search and its first row. Nothing is sent when it is over. */
export const splunk: Monitor = {
  name: 'splunk',
  documentation: 'https://docs.splunk.com/Documentation/Splunk/latest/Alert/Webhooks',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'webhook of Splunk', 'Use the webhook alert action.')
    return bodies.map((one) => readOne(one, receivedAt))
  },
}

function readOne(body: z.infer<typeof Body>, receivedAt: string): Alert {
  const { search_name, sid, result } = body
  const text = firstText(result, ['message', '_raw'])
  const asset = assetIn(result) ?? assetInText(`${search_name}. ${text ?? ''}`) ?? assetOf('service', search_name)
  const said = firstText(result, ['severity', 'urgency', 'priority', 'log_level'])
  return buildAlert(
    {
      source: 'splunk',
      // A search's id (`sid`) is new with each run.
      check: `${firstText(body, ['app']) ?? ''}\n${search_name}`,
      external_id: sid,
      status: readTitleStatus(search_name) === 'resolved' ? 'resolved' : 'firing',
      title: search_name,
      description: text,
      severity: readSeverity(said) ?? readPriority(said),
      category: readCategory([search_name, text]),
      environment: firstText(result, ['environment', 'env']),
      asset,
      started_at: result._time,
      url: body.results_link,
      labels: result,
      facts: readClaims(asset, {}, [result]),
    },
    receivedAt,
  )
}
