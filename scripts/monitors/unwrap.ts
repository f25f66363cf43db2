import { readTextBody } from '../domain/reading/text-body.ts'
import { at, firstText, isObject, textOf } from '../domain/reading/value.ts'
import { parseJson, tryParseJson } from '../lib/json.ts'

/** What carries a body: how it shows, and what is inside. An inside that can't be had leaves the body as it is. */
interface Wrapping {
  readonly name: string
  /** The inside; undefined when this is not the wrapping. Never throws. */
  open(body: unknown): unknown
}

const wrappings: readonly Wrapping[] = [
  {
    // https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html: a text message stays wrapped, for
    // its subject.
    name: 'sns',
    open: (body) => (firstText(body, ['TopicArn']) === null ? undefined : parsedObject(at(body, 'Message'))),
  },
  {
    // https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
    name: 'sns_records',
    open: (body) => (at(body, 'Records.length') === 1 ? at(body, 'Records.0.Sns') : undefined),
  },
  {
    // https://cloud.google.com/pubsub/docs/push
    name: 'pubsub',
    open: (body) => {
      const data = textOf(at(body, 'message.data'))
      if (data === null || firstText(body, ['subscription', 'message.messageId', 'message.message_id']) === null)
        return undefined
      const text = Buffer.from(data, 'base64').toString('utf8')
      return tryParseJson(text) ?? asMessage(text, at(body, 'message.attributes'))
    },
  },
  {
    // Slack's and others' form posts: payload={…}
    name: 'form',
    open: (body) =>
      typeof body === 'string' && /^payload=(?:%7b|\{)/i.test(body) ? parsedObject(formField(body)) : undefined,
  },
]

/** What a script publishes in words; undefined for what is no text. */
function asMessage(text: string, attributes: unknown): unknown {
  const isText = /\p{L}/u.test(text.slice(0, 400)) && !/[\0\ufffd]/.test(text) && !/^\s*[[{]/.test(text)
  return isText ? { message: text, ...(isObject(attributes) ? { attributes } : {}) } : undefined
}

/** More than any real chain (a string, Records, SNS, an event). */
const deepest = 5

/**
 * The body without what carried it: a string that holds JSON, SNS, Lambda's records of SNS, Pub/Sub push, a form field.
 * A form and a plain text that says what is wrong become documents.
 * @throws AppError E_PAYLOAD_UNREADABLE for any other string.
 */
export function unwrap(body: unknown): unknown {
  // UTF-16 without its mark that was read as UTF-8 has a NUL beside each letter.
  let current = typeof body === 'string' ? body.replaceAll('\0', '') : body
  for (let depth = 0; depth < deepest; depth += 1) {
    const inside = openOnce(current)
    if (inside === undefined) break
    current = inside
  }
  return typeof current === 'string' ? (readTextBody(current) ?? parseJson(current)) : current
}

function openOnce(body: unknown): unknown {
  for (const wrapping of wrappings) {
    const inside = wrapping.open(body)
    if (inside !== undefined) return inside
  }
  return typeof body === 'string' ? tryParseJson(body) : undefined
}

function parsedObject(value: unknown): unknown {
  const text = textOf(value)
  const parsed = text === null || !/^\s*[[{]/.test(text) ? undefined : tryParseJson(text)
  return isObject(parsed) || Array.isArray(parsed) ? parsed : undefined
}

function formField(body: string): string | null {
  return new URLSearchParams(body).get('payload')
}

/** The parts of a batch that each carry a body of their own: several SNS records, several CloudEvents; else undefined. */
export function partsOf(body: unknown): readonly unknown[] | undefined {
  const records = at(body, 'Records')
  const isRecords = Array.isArray(records) && records.every((record) => isObject(at(record, 'Sns')))
  const parts: unknown = isRecords ? records.map((record) => at(record, 'Sns')) : body
  if (!Array.isArray(parts) || parts.length < 2) return undefined
  return isRecords || parts.every((part) => eventData(part) !== undefined) ? parts : undefined
}

/**
 * What a CloudEvent carries, opened; undefined when there is none. It isn't unwrapped like the rest, because the event
 * says more than its data unless that is a whole body of a monitor.
 */
export function eventData(body: unknown): unknown {
  if (firstText(body, ['specversion']) === null || firstText(body, ['type']) === null) return undefined
  const encoded = firstText(body, ['data_base64'])
  if (encoded !== null) return tryParseJson(Buffer.from(encoded, 'base64').toString('utf8'))
  return openOnce(at(body, 'data')) ?? at(body, 'data')
}

/** What Jira tells of: `jira:issue_updated`, `comment_created`, `sprint_started`. */
const jiraEvent = /^(?:jira:)?[a-z]{2,40}(?:_[a-z]{2,40}){1,3}$/

/** Bodies by which a sender only asks whether we are there, or tells of what can't be trouble. */
const handshakes: readonly ((body: unknown) => boolean)[] = [
  // SNS: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
  (body) => /^(?:Subscription|Unsubscribe)Confirmation$/.test(firstText(body, ['Type', 'type']) ?? ''),
  // Slack: https://api.slack.com/events/url_verification
  (body) => at(body, 'type') === 'url_verification' && textOf(at(body, 'challenge')) !== null,
  // Event Grid: https://learn.microsoft.com/azure/event-grid/webhook-event-delivery
  (body) => at(body, '0.eventType') === 'Microsoft.EventGrid.SubscriptionValidationEvent',
  // Telegram: somebody pressed a button in a chat.
  (body) => at(body, 'update_id') !== undefined && isObject(at(body, 'callback_query')),
  // Jira, of anything but issues: comments, links, worklogs, sprints.
  // https://developer.atlassian.com/cloud/jira/platform/webhooks/
  (body) => {
    const event = firstText(body, ['webhookEvent']) ?? ''
    return jiraEvent.test(event) && !event.startsWith('jira:issue_')
  },
  // Slack: somebody pressed a button or filled in a form. https://docs.slack.dev/interactivity/handling-user-interaction
  (body) =>
    /^(?:block_actions|block_suggestion|interactive_message|message_action|shortcut|view_submission|view_closed)$/.test(
      firstText(body, ['type']) ?? '',
    ) && isObject(at(body, 'user')),
  // Discord asks whether we are there, and sends what people do. https://docs.discord.com/developers/interactions/overview
  (body) => typeof at(body, 'type') === 'number' && firstText(body, ['application_id']) !== null && isDiscord(body),
  isPressed,
  // Zoom: https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint
  (body) => at(body, 'event') === 'endpoint.url_validation' && textOf(at(body, 'payload.plainToken')) !== null,
  // GitLab and Bitbucket, of what people do to code, whatever its words say; how pipelines end is none of it.
  // https://docs.gitlab.com/user/project/integrations/webhook_events/
  (body) =>
    /^(?:push|tag_push|merge_request|note|wiki_page|emoji)$/.test(firstText(body, ['object_kind']) ?? '') &&
    isObject(at(body, 'project')),
  // https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/
  (body) =>
    firstText(body, ['repository.full_name']) !== null &&
    (Array.isArray(at(body, 'push.changes')) || isObject(at(body, 'pullrequest'))),
  // GitHub's ping.
  (body) => textOf(at(body, 'zen')) !== null && at(body, 'hook_id') !== undefined,
]

function isDiscord(body: unknown): boolean {
  return at(body, 'token') !== undefined && (isObject(at(body, 'user')) || isObject(at(body, 'member')))
}

/**
 * What a chat sends when somebody pressed a button, filled in a form or typed a command, whichever chat it is: it says
 * where to answer, or who did it in which channel and with what.
 */
function isPressed(body: unknown): boolean {
  const has = (...keys: string[]) => keys.some((key) => at(body, key) !== undefined)
  if (has('response_url') && has('user', 'user_id', 'channel_id', 'team_id')) return true
  if (/^(?:CARD_CLICKED|ADDED_TO_SPACE|REMOVED_FROM_SPACE|SUBMIT_FORM)$/.test(firstText(body, ['type']) ?? ''))
    return true
  if (at(body, 'type') === 'invoke' && isObject(at(body, 'conversation'))) return true
  const isByUser =
    has('user_id', 'user', 'user_name', 'open_id', 'operator') &&
    has('channel_id', 'channel', 'post_id', 'open_message_id', 'chat_id')
  const isAction =
    has('trigger_id', 'callback_id', 'context.action', 'action.tag', 'action.value', 'action_id') ||
    /^(?:button|select|interactive|dialog_submission|card\.action\.trigger)$/.test(firstText(body, ['type']) ?? '')
  return isByUser && isAction
}

/** Whether this is a handshake, which opens no incident. */
export function isHandshake(body: unknown): boolean {
  return handshakes.some((matches) => matches(body))
}
