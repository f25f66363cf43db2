import { z } from 'zod'
import type { Alert } from '../domain/alert.ts'
import { assetInText, assetOf } from '../domain/reading/asset.ts'
import { buildAlert, checkFromTitle } from '../domain/reading/build-alert.ts'
import { readCategory } from '../domain/reading/category.ts'
import { readSeverity } from '../domain/reading/severity.ts'
import { readTitleStatus } from '../domain/reading/status.ts'
import { firstText, objectAt } from '../domain/reading/value.ts'
import { bodiesOf, hasShape } from './bodies.ts'
import type { Monitor } from './monitor.ts'

const Body = z.looseObject({
  Type: z.literal('Notification'),
  TopicArn: z.string().startsWith('arn:'),
  Message: z.string(),
})

/** A text that a person or a script publishes to Amazon SNS. One that holds JSON is unwrapped before. */
export const sns: Monitor = {
  name: 'sns',
  documentation: 'https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html',

  recognises: ({ body }) => hasShape(Body, body),

  parse({ body, receivedAt }) {
    const bodies = bodiesOf(Body, body, 'notification of SNS', 'Subscribe by HTTPS.')
    return bodies.map((one) => readOne(one, receivedAt))
  },
}

function readOne(body: z.infer<typeof Body>, receivedAt: string): Alert {
  const { TopicArn, Message } = body
  const topic = TopicArn.slice(TopicArn.lastIndexOf(':') + 1)
  const title = firstText(body, ['Subject']) ?? Message.trim().split('\n')[0] ?? ''
  // A topic is a channel that unlike things share: where a message names none, what it says stands for it.
  const check = checkFromTitle(title)
  const attributes = Object.entries(objectAt(body, 'MessageAttributes')).map(
    ([name, attribute]) => [name, firstText(attribute, ['Value'])] as const,
  )
  const labels = { topic_arn: TopicArn, ...Object.fromEntries(attributes) }
  return buildAlert(
    {
      source: 'sns',
      check: `${TopicArn}\n${check}`,
      external_id: firstText(body, ['MessageId']),
      status: readTitleStatus(title) ?? 'firing',
      title,
      description: Message,
      severity: readSeverity(firstText(labels, ['severity', 'Severity', 'priority', 'level'])),
      category: readCategory([title, Message]),
      environment: firstText(labels, ['environment', 'env']),
      asset:
        assetInText(`${title}. ${Message.slice(0, 200)}`) ?? assetOf('service', `${topic}: ${check.slice(0, 100)}`),
      started_at: body.Timestamp,
      labels,
    },
    receivedAt,
  )
}
