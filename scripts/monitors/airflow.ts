import { z } from 'zod'
import type { AlertStatus, Asset } from '../domain/alert.ts'
import { assetOf, taskAsset } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert, readUrl } from '../domain/reading/build-alert.ts'
import { readFailureCategory } from '../domain/reading/category.ts'
import { readChatMessage } from '../domain/reading/chat-message.ts'
import { readClaims } from '../domain/reading/claims.ts'
import { labelsIn } from '../domain/reading/leaves.ts'
import { readSeverity } from '../domain/reading/severity.ts'
import { readTitleStatus } from '../domain/reading/status.ts'
import { firstText, isObject, type JsonObject, lookUp, textOf } from '../domain/reading/value.ts'
import { readPayload } from '../lib/payload.ts'
import type { Monitor } from './monitor.ts'

/** States of runs and task instances, and the callbacks that tell of them. */
const statuses: Record<string, AlertStatus> = {
  failed: 'firing',
  failure: 'firing',
  error: 'firing',
  upstream_failed: 'firing',
  up_for_retry: 'firing',
  retry: 'firing',
  timeout: 'firing',
  timed_out: 'firing',
  removed: 'firing',
  sla_miss: 'firing',
  sla_missed: 'firing',
  deadline_missed: 'firing',
  success: 'resolved',
  succeeded: 'resolved',
  running: 'info',
  queued: 'info',
  scheduled: 'info',
  restarting: 'info',
  deferred: 'info',
  skipped: 'info',
  none: 'info',
}
const stateKeys = ['state', 'status', 'task_state', 'dag_state', 'event', 'event_type', 'callback', 'type']
/** Where a callback's context puts what it knows, the widest first: a task says more than its run. */
const parts = ['dag', 'dag_run', 'task', 'task_instance', 'ti']
/** Where senders put the context. */
const wrappers = ['context', 'metadata', 'payload', 'data', 'details', 'extra']
/** One of these beside a DAG's id makes a body a callback's. */
const telling = [
  ...['run_id', 'dag_run_id', 'task_id', 'execution_date', 'logical_date', 'data_interval_start', 'try_number'],
  ...[
    'log_url',
    'exception',
    'dag_run',
    'task_instance',
    'ti',
    'slas',
    'blocking_task_list',
    'task_list',
    'failed_tasks',
    'deadline',
    'state',
    'status',
  ],
]
/** One of these makes a body a callback's that names its DAG as `dag` in plain words, as many things have a graph. */
const ours = telling.filter((key) => !['exception', 'deadline', 'state', 'status'].includes(key))
const delay = /\bsla\b|deadline|timed?[ _]?out/i

const Callback = z.custom<JsonObject>(isCallback)

/** Airflow's callbacks and notifiers, which post the context or what a team picks from it. */
export const airflow: Monitor = {
  name: 'airflow',
  documentation:
    'https://airflow.apache.org/docs/apache-airflow/stable/administration-and-deployment/logging-monitoring/callbacks.html',

  recognises({ body }) {
    return Array.isArray(body) ? body.length > 0 && body.every(isCallback) : isCallback(body)
  },

  parse({ body, receivedAt }) {
    const all: unknown[] = Array.isArray(body) ? body : [body]
    return all.map((one) => buildAlert(readOne(readPayload(Callback, one, 'Airflow callback')), receivedAt))
  },
}

/** A body that names its source and has a title is the plain shape, whoever sent it. */
function isCallback(body: unknown): boolean {
  if (!isObject(body) || Array.isArray(body.alerts)) return false
  if (textOf(body.source) !== null && (textOf(body.title) !== null || isObject(body.metric))) return false
  if (!mayNameDag(body)) return false
  const context = contextOf(body)
  return dagIdOf(context) !== null && telling.some((key) => context[key] !== undefined && context[key] !== null)
}

function readOne(body: JsonObject): AlertDraft {
  const context = contextOf(body)
  const dagId = dagIdOf(context) ?? ''
  const taskId = taskIdOf(context)
  const asset: Asset | null = taskId === null ? assetOf('dag', dagId) : taskAsset(dagId, taskId)
  const exception = firstText(context, ['exception', 'error', 'error_message', 'exception_message', 'reason'])
  const message = firstText(context, ['title', 'subject', 'message', 'text'])?.split('\n')[0] ?? null
  const status = statusOf(context, message)
  const late = context.slas !== undefined || context.deadline !== undefined || delay.test(`${exception} ${message}`)
  const what = taskId === null ? `DAG ${dagId}` : `Task ${taskId} of DAG ${dagId}`
  const outcome = status === 'resolved' ? 'succeeded' : status === 'info' ? 'reported' : late ? 'is late' : 'failed'
  return {
    source: 'airflow',
    // One condition a task or DAG: its next success ends whatever was wrong with it.
    check: 'run',
    external_id: firstText(context, ['run_id', 'dag_run_id']),
    status,
    title: message?.includes(dagId)
      ? message
      : `${what} ${outcome}${exception && status === 'firing' ? `: ${exception.split('\n')[0]}` : ''}`,
    description: [message, exception].filter((text) => text !== null).join('\n'),
    severity: readSeverity(context.severity) ?? readSeverity(context.priority),
    category: late ? 'pipeline_delay' : readFailureCategory([exception]),
    environment: firstText(context, ['environment', 'env', 'deployment_environment']),
    asset,
    system: firstText(context, systemKeys),
    started_at: firstText(context, ['start_date', 'started_at', 'execution_date', 'logical_date', 'timestamp', 'ts']),
    ended_at: status === 'resolved' ? firstText(context, ['end_date', 'ended_at', 'timestamp']) : null,
    url: firstText(context, ['log_url', 'url', 'link', 'dag_run_url', 'ui', 'ui_url']),
    labels: labelsIn(body),
    facts: readClaims(asset, {}, [context]),
  }
}

/** What callbacks call the Airflow that they come from, where there are several. */
const systemKeys = ['system', 'airflow_system', 'airflow_instance', 'airflow_name', 'instance']
const dagKeys = ['dag_id', 'dagId', 'dag_name']
const namingKeys = [...dagKeys, 'dag']

/** Whether a DAG can be named anywhere: most bodies are none of Airflow's, and are done with at once. */
function mayNameDag(body: JsonObject): boolean {
  if (holdsDag(body)) return true
  for (const key of wrappers) {
    const inside = body[key]
    if (isObject(inside) && holdsDag(inside)) return true
  }
  return fromMessage(body).length > 0
}

function holdsDag(holder: JsonObject): boolean {
  const names = (one: unknown) => isObject(one) && namingKeys.some((key) => one[key] !== undefined)
  return names(holder) || parts.some((part) => names(holder[part]))
}

/** The context as one object: what the body says itself wins over what its parts say. */
function contextOf(body: JsonObject): JsonObject {
  const inner = wrappers.map((key) => body[key]).filter(isObject)
  const holders = [...fromMessage(body), ...inner.toReversed(), body]
  const nested = parts.flatMap((key) => holders.map((holder) => holder[key])).filter(isObject)
  return Object.fromEntries([...nested, ...holders].flatMap((one) => Object.entries(one)))
}

/**
 * What callbacks write for a chat under each other: `*Task*: load`, `*Dag*: orders`, `*Execution Time*: …`, `*Log Url*: …`,
 * or a line `DAG: orders`; a message that speaks of Airflow may name its DAG in the link to the log alone.
 */
function fromMessage(body: JsonObject): JsonObject[] {
  const message = typeof body.dag_id === 'string' ? null : readChatMessage(body)
  if (!message) return []
  const fact = (...names: string[]) => names.map((name) => message.facts.get(name)).find((text) => text !== undefined)
  const logUrl = fact('logurl', 'log', 'logs') ?? message.link
  const linked = inLink(logUrl)
  const named =
    fact('dag', 'dagid') ??
    lineOf(
      message.texts.filter((text) => /dag/i.test(text)),
      dagLine,
    )
  const dagId = named ?? (/\bairflow\b|\bdag\b/i.test(message.title) ? linked.dag : undefined)
  if (dagId === undefined) return []
  return [
    {
      dag_id: dagId,
      task_id:
        fact('task', 'taskid') ?? lineOf(message.texts, taskLine) ?? (linked.dag === dagId ? linked.task : undefined),
      message: message.title,
      execution_date: fact('executiontime', 'executiondate', 'logicaldate'),
      exception: fact('exception', 'error', 'reason'),
      log_url: logUrl,
      state: fact('state', 'status'),
    },
  ]
}

const dagLine = /^[\s*_`>•-]{0,8}dag(?:[ _]?id)?[*_`]{0,2}:[\s*_`]{0,4}([\w.-]{1,250})[\s*_`]{0,8}$/im
const taskLine = /^[\s*_`>•-]{0,8}task(?:[ _]?id)?[*_`]{0,2}:[\s*_`]{0,4}([\w.-]{1,250})[\s*_`]{0,8}$/im

function lineOf(texts: readonly string[], pattern: RegExp): string | undefined {
  return texts.map((text) => pattern.exec(text)?.[1]).find((name) => name !== undefined)
}

/** `/log?dag_id=orders&task_id=load` of Airflow 2, `/dags/orders/grid?task_id=load`, `/dags/orders/runs/x/tasks/load`. */
function inLink(link: string | null): { dag: string | undefined; task: string | undefined } {
  const url = link?.includes('dag') ? readUrl(link) : null
  if (url === null) return { dag: undefined, task: undefined }
  const { searchParams, pathname } = new URL(url)
  const [, dag, task] = /\/dags\/([\w.-]{1,250})(?:\/runs\/[^/]{1,300}\/tasks\/([\w.-]{1,250}))?/.exec(pathname) ?? []
  return { dag: dag ?? searchParams.get('dag_id') ?? undefined, task: task ?? searchParams.get('task_id') ?? undefined }
}

/** `<DAG: orders>` is how Python writes a DAG where a sender gives its context as strings. */
function dagIdOf(context: JsonObject): string | null {
  const written = /^<DAG: (.{1,250})>$/.exec(textOf(context.dag) ?? '')?.[1]
  return firstText(context, dagKeys) ?? written ?? plainDag(context)
}

function plainDag(context: JsonObject): string | null {
  const isOurs =
    typeof context.dag === 'string' && ours.some((key) => textOf(context[key]) !== null || isFilled(context[key]))
  return isOurs ? plainName(context.dag) : null
}

function isFilled(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

/** An id as Airflow allows it. */
function plainName(value: unknown): string | null {
  const text = typeof value === 'string' ? textOf(value) : null
  return text !== null && /^[\w.-]{1,250}$/.test(text) ? text : null
}

function taskIdOf(context: JsonObject): string | null {
  const written = /^<(?:Mapped|Task)\w{0,20}\([\w.]{1,200}\): (.{1,250})>$/.exec(textOf(context.task) ?? '')?.[1]
  const plain = plainDag(context) === null ? null : plainName(context.task)
  return firstText(context, ['task_id', 'taskId', 'task_name']) ?? written ?? plain
}

/** Callbacks tell of trouble: one that doesn't say of what is about a failure. */
function statusOf(context: JsonObject, message: string | null): AlertStatus {
  const written = /\[(\w{2,30})\]>$/.exec(firstText(context, ['task_instance', 'ti']) ?? '')?.[1]
  for (const said of [...stateKeys.map((key) => textOf(context[key])), written]) {
    const word = (said ?? '')
      .toLowerCase()
      .replace(/^(?:on|dag|task|dagrunstate|taskinstancestate|airflow)[_.-](?:run[_.-])?|_callback$/g, '')
    const status = lookUp(statuses, word)
    if (status !== undefined) return status
  }
  return (message === null ? null : readTitleStatus(message)) ?? 'firing'
}
