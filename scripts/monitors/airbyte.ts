import { z } from 'zod'
import type { AlertStatus } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readFailureCategory } from '../domain/reading/category.ts'
import { labelsIn } from '../domain/reading/leaves.ts'
import { at, firstText } from '../domain/reading/value.ts'
import { readPayload } from '../lib/payload.ts'
import type { Monitor } from './monitor.ts'

const outcomes: Record<AlertStatus, string> = { firing: 'failed', resolved: 'succeeded', info: 'reports' }

const Named = z.looseObject({
  id: z.string().optional().catch(undefined),
  name: z.string().optional().catch(undefined),
})
const Body = z.looseObject({
  text: z.string().optional().catch(undefined),
  data: z.looseObject({
    connection: Named,
    workspace: Named.optional().catch(undefined),
    source: Named.optional().catch(undefined),
    destination: Named.optional().catch(undefined),
    success: z.boolean().optional().catch(undefined),
    errorMessage: z.unknown().optional(),
  }),
})

/** Airbyte's notifications: a sync that failed or succeeded, a source whose schema changed, a sync that was disabled. */
export const airbyte: Monitor = {
  name: 'airbyte',
  documentation: 'https://docs.airbyte.com/platform/cloud/managing-airbyte-cloud/manage-airbyte-cloud-notifications',

  recognises({ body }) {
    if (fromText(body) !== null) return true
    const isNamed = firstText(body, ['data.connection.id', 'data.connection.name']) !== null
    return isNamed && (at(body, 'data.workspace') !== undefined || at(body, 'data.jobId') !== undefined)
  },

  parse({ body, receivedAt }) {
    return [buildAlert(readOne(readPayload(Body, fromText(body) ?? body, 'Airbyte notification')), receivedAt)]
  },
}

function readOne({ text, data }: z.infer<typeof Body>): AlertDraft {
  const { connection, source, destination, success } = data
  const error = firstText(data, ['errorMessage', 'errorType'])
  // What tells of no sync tells of something that broke: a changed schema, a connection that was switched off.
  const status: AlertStatus = success === true ? 'resolved' : 'firing'
  const ends = [source?.name, destination?.name].filter((name) => name !== undefined && name !== '')
  const name = connection.name || connection.id || ''
  const isTold = ends.every((end) => end !== undefined && name.includes(end))
  const route = ends.join(' → ')
  const full = route === '' || isTold ? name : `${name} (${route})`
  const isSchema = success === undefined && /schema/i.test(text ?? '')
  const isDisabled = success === undefined && /\bdisabled\b/i.test(text ?? '')
  return {
    source: 'airbyte',
    check: `${isSchema ? 'schema' : 'sync'}\n${connection.id ?? name}`,
    external_id: firstText(data, ['jobId']),
    status,
    title: isSchema
      ? `The schema of ${full} changed`
      : `Sync of ${full} ${isDisabled ? 'was disabled' : outcomes[status]}${error === null || status !== 'firing' ? '' : `: ${error}`}`,
    description: [text, error].filter((part) => part).join('\n'),
    severity: null,
    category: isSchema ? 'schema_change' : readFailureCategory([error]),
    asset: assetOf('connector', full, {
      name,
      ...(connection.id ? { connection_id: connection.id } : {}),
      ...(source?.name ? { source: source.name } : {}),
      ...(destination?.name ? { destination: destination.name } : {}),
    }),
    started_at: firstText(data, ['startedAt']),
    ended_at: status === 'resolved' ? firstText(data, ['finishedAt']) : null,
    url: firstText(data, ['connection.url']),
    labels: labelsIn(data),
  }
}

/**
 * Where only the text for Slack is sent: `Your connection Billing from MySQL to Lake just failed`, or without a name
 * `Your connection from Stripe to Lake has been automatically disabled`.
 */
function fromText(body: unknown): unknown {
  const text = at(body, 'data') === undefined ? firstText(body, ['text']) : null
  const told =
    /^Your connection (?:(.{1,200}?) )?from (.{1,200}?) to (.{1,200}?) (succeeded|(?:just )?failed|(?:has|is|was|will)\b[^\n]{0,60}?(?:failed|disabled))\b/.exec(
      text ?? '',
    )
  if (told === null) return null
  const [, named, source = '', destination = '', outcome = ''] = told
  const [url, id] = /https?:\/\/\S{1,500}\/connections\/([\da-f-]{8,36})/.exec(text ?? '') ?? []
  const name = named ?? `${source} → ${destination}`
  const success = outcome.endsWith('disabled') ? undefined : outcome === 'succeeded'
  return {
    text,
    data: { connection: { id, name, url }, source: { name: source }, destination: { name: destination }, success },
  }
}
