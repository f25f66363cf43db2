import { z } from 'zod'
import type { AlertStatus, Asset } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readFailureCategory } from '../domain/reading/category.ts'
import { labelsIn } from '../domain/reading/leaves.ts'
import { readStatus } from '../domain/reading/status.ts'
import { at, firstText, type JsonObject, lookUp, textOf } from '../domain/reading/value.ts'
import { readPayload } from '../lib/payload.ts'
import type { Monitor } from './monitor.ts'

/** Names of states (https://docs.prefect.io/v3/concepts/states) and of what deployments and work pools report. */
const statuses: Record<string, AlertStatus> = {
  failed: 'firing',
  crashed: 'firing',
  timedout: 'firing',
  late: 'firing',
  awaitingretry: 'firing',
  notready: 'firing',
  offline: 'firing',
  unhealthy: 'firing',
  completed: 'resolved',
  cached: 'resolved',
  rolledback: 'resolved',
  ready: 'resolved',
  online: 'resolved',
}
/** What a run belongs to; a run's own name is made up anew for each. */
const owners = ['deployment', 'flow']

const Texts = z.record(z.string(), z.unknown())
const Event = z.looseObject({
  event: z.string().regex(/^prefect\.[\w-]+\.[\w-]+$/),
  resource: Texts,
  related: z.array(Texts).catch([]),
  occurred: z.unknown().optional(),
})
const Notification = z.looseObject({ body: z.string(), subject: z.string().optional().catch(undefined) })
const told =
  /Flow run (\S{1,300})\/(\S{1,200}) (?:observed in|entered) state [`"']?(\w{1,40})[`"']?(?: at (\S{1,60}))?/i

/** Prefect: events as automations send them on, the text of its notifications, and templates of a user's own. */
export const prefect: Monitor = {
  name: 'prefect',
  documentation: 'https://docs.prefect.io/v3/api-ref/events/flow-run-events',

  recognises({ body }) {
    if (templateOf(body) !== null) return true
    return /^prefect\./.test(firstText(body, ['event']) ?? '')
      ? Event.safeParse(body).success
      : told.test(textOf(firstText(body, ['body', 'text', 'message']))?.slice(0, 2000) ?? '')
  },

  parse({ body, receivedAt }) {
    const template = templateOf(body)
    if (template !== null) return [buildAlert({ ...readTemplate(template, body), labels: labelsIn(body) }, receivedAt)]
    const event = Event.safeParse(body)
    const text = firstText(body, ['body', 'text', 'message'])
    const draft = event.success
      ? readEvent(event.data)
      : readText(readPayload(Notification, { body: text?.slice(0, 8000) }, 'Prefect event').body)
    return draft === null ? [] : [buildAlert({ ...draft, labels: labelsIn(body) }, receivedAt)]
  },
}

function readEvent({ event, resource, related, occurred }: z.infer<typeof Event>): AlertDraft {
  const [, kind = '', word = ''] = event.split('.')
  const status = statusOf(word)
  const message = textOf(resource['prefect.state-message'])
  const name = nameOf(kind, resource, related)
  const asset = readAsset(kind, name, resource, related)
  return {
    source: 'prefect',
    check: kind,
    external_id: textOf(resource['prefect.resource.id']),
    status,
    title: `${name ?? kind} is ${word}${message && status === 'firing' ? `: ${message}` : ''}`,
    description: message,
    severity: null,
    category: categoryOf(kind, word, message),
    environment: null,
    asset,
    started_at: resource['prefect.state-timestamp'] ?? occurred,
    ended_at: status === 'resolved' ? (resource['prefect.state-timestamp'] ?? occurred) : null,
  }
}

/** The keys hold dots themselves, so they are no paths. */
function nameOf(kind: string, resource: JsonObject, related: readonly JsonObject[]): string | null {
  const own = textOf(resource['prefect.resource.name'])
  if (!kind.endsWith('-run')) return own
  const owner = owners
    .map((role) => related.find((one) => one['prefect.resource.role'] === role))
    .map((one) => textOf(one?.['prefect.resource.name']))
    .find((found) => found !== null)
  // Task runs are numbered: `load_orders-0`.
  return kind === 'task-run' && own !== null ? `${owner ?? ''}/${own.replace(/-[\da-f]{1,8}$/, '')}` : (owner ?? own)
}

function readAsset(
  kind: string,
  name: string | null,
  resource: JsonObject,
  related: readonly JsonObject[],
): Asset | null {
  if (name === null) return null
  const ids = [resource, ...related].map((one) => textOf(one['prefect.resource.id'])?.split('.'))
  const parts = owners.flatMap((role) => {
    const id = ids.find((found) => found?.[1] === role)?.[2]
    return id === undefined ? [] : [[`${role}_id`, id] as const]
  })
  return assetOf(/-run$|^deployment$/.test(kind) ? 'job' : 'service', name, { name, ...Object.fromEntries(parts) })
}

/** Prefect's own template: `Flow run orders/brave-fox observed in state `Failed` at …`, then lines of `name: value`. */
function readText(text: string): AlertDraft | null {
  const [, flow, run, word = '', time] = told.exec(text.slice(0, 2000)) ?? []
  if (flow === undefined) return null
  const line = (name: string) => new RegExp(`^${name}: (.{1,1000})$`, 'm').exec(text)?.[1] ?? null
  const message = line('State message')
  const status = statusOf(word)
  return {
    source: 'prefect',
    check: 'flow-run',
    external_id: line('Flow run ID') ?? run ?? null,
    status,
    title: `${flow} is ${word}${message && status === 'firing' ? `: ${message}` : ''}`,
    description: text,
    severity: null,
    category: categoryOf('flow-run', word, message),
    asset: assetOf('job', flow, { name: flow, ...(line('Flow ID') ? { flow_id: `${line('Flow ID')}` } : {}) }),
    started_at: time?.replace(/\.$/, ''),
    ended_at: status === 'resolved' ? time?.replace(/\.$/, '') : null,
    url: line('Flow run URL'),
  }
}

/** What an automation's own template picks from a run, by the names that such keys are given. */
interface Template {
  flow: string
  run: string
  word: string
}

const runKeys = ['flow_run', 'flow_run_name', 'flow_run_id']

/** A body that names a flow, a run of it and a state by its name; null for any other. */
function templateOf(body: unknown): Template | null {
  if (!runKeys.some((key) => at(body, key) !== undefined)) return null
  const run = firstText(body, ['flow_run_name', 'flow_run.name', 'flow_run', 'flow_run_id', 'flow_run.id'])
  if (run === null) return null
  const flow = firstText(body, ['flow_name', 'flow.name', 'flow'])
  const word = firstText(body, [
    ...['flow_run_state_name', 'flow_run_state', 'state_name', 'state.name', 'state.type', 'state'],
    ...['flow_run.state.name', 'flow_run.state_name', 'flow_run.state', 'state_type', 'status'],
  ])
  return flow === null || word === null ? null : { flow, run, word }
}

function readTemplate({ flow, run, word }: Template, body: unknown): AlertDraft {
  // States may be given other names.
  const known = statusOf(word)
  const status = known === 'info' ? (readStatus(word) ?? known) : known
  const message = firstText(body, ['state_message', 'flow_run_state_message', 'state.message', 'message', 'reason'])
  const time = firstText(body, [
    'state_timestamp',
    'state.timestamp',
    'occurred',
    'timestamp',
    'end_time',
    'start_time',
  ])
  return {
    source: 'prefect',
    check: 'flow-run',
    external_id: firstText(body, ['flow_run_id', 'flow_run.id']) ?? run,
    status,
    title: `${flow} is ${word}${message !== null && status === 'firing' ? `: ${message}` : ''}`,
    description: message,
    severity: null,
    category: categoryOf('flow-run', word, message),
    environment: firstText(body, ['environment', 'env']),
    asset: assetOf('job', flow),
    started_at: time,
    ended_at: status === 'resolved' ? time : null,
    url: firstText(body, ['flow_run_url', 'url', 'link']),
  }
}

function statusOf(word: string): AlertStatus {
  const key = word.toLowerCase().replace(/[^a-z]/g, '')
  return lookUp(statuses, key) ?? 'info'
}

function categoryOf(kind: string, word: string, message: string | null): AlertDraft['category'] {
  if (!/-run$/.test(kind)) return 'infrastructure'
  return /^(?:late|timedout)$/i.test(word) ? 'pipeline_delay' : readFailureCategory([message])
}
