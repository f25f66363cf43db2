import { z } from 'zod'
import type { AlertStatus } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readFailureCategory } from '../domain/reading/category.ts'
import { labelsIn } from '../domain/reading/leaves.ts'
import { at, firstText, isObject, lookUp, objectsIn } from '../domain/reading/value.ts'
import { readPayload } from '../lib/payload.ts'
import type { Monitor } from './monitor.ts'

const types: Record<string, AlertStatus> = {
  USER_TASK_FAILED: 'firing',
  // By the name of its opposite: the page documents the failures only.
  USER_TASK_SUCCEEDED: 'resolved',
  INGEST_FAILED_FILE: 'firing',
}

const Body = z
  .looseObject({
    messageType: z.string().min(1),
    accountName: z.string().optional().catch(undefined),
    timestamp: z.unknown().optional(),
    messages: z.unknown().optional(),
  })
  .refine(isNotice)

/** Snowflake's error notifications for tasks and Snowpipe, by SNS, Event Grid or Pub/Sub. */
export const snowflake: Monitor = {
  name: 'snowflake',
  documentation: 'https://docs.snowflake.com/en/user-guide/tasks-errors-payload',

  recognises({ body }) {
    const notices = noticesOf(body)
    return notices.length > 0 && notices.every(isNotice)
  },

  parse({ body, receivedAt }) {
    return noticesOf(body).map((one) =>
      buildAlert(readOne(readPayload(Body, one, 'Snowflake notification')), receivedAt),
    )
  },
}

/** Event Grid sends a list of events with the notification as their `data`. */
function noticesOf(body: unknown): unknown[] {
  const all: unknown[] = Array.isArray(body) ? body : [body]
  return all.map((one) => (isObject(at(one, 'data')) ? at(one, 'data') : one))
}

function isNotice(body: unknown): boolean {
  return firstText(body, ['messageType']) !== null && firstText(body, ['taskName', 'pipeName']) !== null
}

function readOne(body: z.infer<typeof Body>): AlertDraft {
  const pipe = firstText(body, ['pipeName'])
  const task = firstText(body, ['taskName'])
  const table = firstText(body, ['tableName'])
  const name = pipe ?? task ?? ''
  const messages = objectsIn(body.messages)
  const errors = messages.map((one) => firstText(one, ['errorMessage', 'firstError'])).filter((text) => text !== null)
  const files = messages.map((one) => firstText(one, ['fileName'])).filter((text) => text !== null)
  const status = lookUp(types, body.messageType) ?? (/FAIL|ERROR/.test(body.messageType) ? 'firing' : 'info')
  const said = status === 'firing' ? 'failed' : status === 'resolved' ? 'succeeded' : body.messageType
  return {
    source: 'snowflake',
    check: [pipe === null ? 'task' : 'pipe', body.accountName ?? '', name].join('\n'),
    external_id: firstText(messages[0], ['runId', 'queryId']) ?? firstText(body, ['messageId']),
    status,
    title: `Snowflake ${pipe === null ? 'task' : 'pipe'} ${name} ${said}${errors[0] && status === 'firing' ? `: ${errors[0]}` : ''}`,
    description: [...errors, ...files].join('\n'),
    severity: null,
    category: readFailureCategory(errors),
    asset: pipe !== null && table !== null ? assetOf('table', qualified(table, pipe)) : assetOf('job', name),
    started_at: firstText(messages[0], ['queryStartTime', 'scheduledTime']) ?? body.timestamp,
    ended_at: status === 'resolved' ? body.timestamp : null,
    labels: labelsIn(body),
  }
}

/** A pipe and its table may be of different schemas; only a bare table is taken to be where its pipe is. */
function qualified(table: string, pipe: string): string {
  const at = pipe.lastIndexOf('.')
  return table.includes('.') || at < 0 ? table : `${pipe.slice(0, at)}.${table}`
}
