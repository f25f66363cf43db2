import { z } from 'zod'
import type { AlertStatus } from '../domain/alert.ts'
import { assetOf } from '../domain/reading/asset.ts'
import { type AlertDraft, buildAlert } from '../domain/reading/build-alert.ts'
import { readFailureCategory } from '../domain/reading/category.ts'
import { factsAndLines, readChatMessage } from '../domain/reading/chat-message.ts'
import { labelsIn } from '../domain/reading/leaves.ts'
import { firstText, lookUp, objectAt, objectsIn } from '../domain/reading/value.ts'
import { readPayload } from '../lib/payload.ts'
import { parseFitting } from './bodies.ts'
import type { Monitor } from './monitor.ts'

/** https://kestra.io/docs/workflow-components/states */
const statuses: Record<string, AlertStatus> = {
  FAILED: 'firing',
  WARNING: 'firing',
  KILLED: 'firing',
  SUCCESS: 'resolved',
  RETRIED: 'info',
  CANCELLED: 'info',
}

const Execution = z.object({
  namespace: z.string().min(1),
  flow: z.string().min(1),
  state: z.string().min(1),
  id: z.string().nullable(),
  task: z.string().nullable(),
  details: z.string(),
  url: z.string().nullable(),
  start: z.string().nullable(),
  end: z.string().nullable(),
})

/** Kestra: its notification tasks' messages about an execution, and an execution as its API and triggers give it. */
export const kestra: Monitor = {
  name: 'kestra',
  documentation: 'https://kestra.io/plugins/plugin-slack/io.kestra.plugin.slack.slackexecution',

  recognises({ body }) {
    return parseFitting(Execution, fromExecution(body) ?? fromMessage(body)) !== undefined
  },

  parse({ body, receivedAt }) {
    const execution = readPayload(Execution, fromExecution(body) ?? fromMessage(body), 'Kestra execution')
    return [buildAlert({ ...readOne(execution), labels: labelsIn(body) }, receivedAt)]
  },
}

function readOne({
  namespace,
  flow,
  state,
  id,
  task,
  details,
  url,
  start,
  end,
}: z.infer<typeof Execution>): AlertDraft {
  const status = lookUp(statuses, state) ?? 'info'
  return {
    source: 'kestra',
    check: 'execution',
    external_id: id,
    status,
    title: `[${namespace}] ${flow} is ${state}${task !== null && status === 'firing' ? ` at ${task}` : ''}`,
    description: details,
    severity: null,
    category: readFailureCategory([details]),
    asset: assetOf('job', `${namespace}.${flow}`, {
      namespace,
      flow_id: flow,
      ...(task !== null && status === 'firing' ? { task_id: task } : {}),
    }),
    started_at: start,
    ended_at: status === 'resolved' ? end : null,
    url,
  }
}

/** `{namespace, flowId, state: {current}}`, at the top or under `execution`. */
function fromExecution(body: unknown): unknown {
  for (const execution of [body, objectAt(body, 'execution')]) {
    const namespace = firstText(execution, ['namespace'])
    const flow = firstText(execution, ['flowId'])
    const state = firstText(execution, ['state.current', 'state'])
    if (namespace === null || flow === null || state === null) continue
    const runs = objectsIn(objectAt({ execution }, 'execution').taskRunList)
    const failed = runs.findLast((run) => firstText(run, ['state.current']) === 'FAILED')
    return {
      namespace,
      flow,
      state: state.toUpperCase(),
      id: firstText(execution, ['id', 'executionId']),
      task: firstText(failed, ['taskId']),
      details: firstText(execution, ['error', 'message']) ?? '',
      url: firstText(execution, ['url', 'link']),
      start: firstText(execution, ['state.startDate']),
      end: firstText(execution, ['state.endDate']),
    }
  }
  return undefined
}

/** The template of the notification tasks: `[namespace] flow ➛ STATE`, with fields. */
function fromMessage(body: unknown): unknown {
  const message = readChatMessage(body)
  if (message === null) return undefined
  const [, namespace, flow, state] = /^\[([\w.-]{1,200})\] ([\w.-]{1,200}) ➛ ([A-Z]{2,20})$/.exec(message.title) ?? []
  const facts = factsAndLines(message)
  return {
    namespace: facts.get('namespace') ?? namespace,
    flow: facts.get('flowid') ?? flow,
    state: facts.get('executionstatus') ?? state,
    id: facts.get('executionid') ?? null,
    task: facts.get('finaltaskid') ?? null,
    details: message.texts[0]?.split('\n').slice(1).join('\n') ?? '',
    url: message.link,
    start: null,
    end: null,
  }
}
