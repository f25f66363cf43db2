import { z } from 'zod'
import type { Settings } from './config.ts'
import { AppError } from './errors.ts'
import { HttpStatusError, requestJson } from './http.ts'

const TaskRun = z.looseObject({
  id: z.string(),
  taskId: z.string(),
  state: z.looseObject({ current: z.string() }),
  outputs: z.record(z.string(), z.unknown()).nullish(),
  attempts: z.array(z.unknown()).nullish(),
})

/** An execution as Kestra's API gives it; only what is used. */
export const KestraExecution = z.looseObject({
  id: z.string(),
  namespace: z.string(),
  flowId: z.string(),
  originalId: z.string().nullish(),
  state: z.looseObject({ current: z.string(), startDate: z.string().nullish() }),
  taskRunList: z.array(TaskRun).nullish(),
  inputs: z.record(z.string(), z.unknown()).nullish(),
  labels: z.array(z.looseObject({ key: z.string(), value: z.unknown() })).nullish(),
  trigger: z.looseObject({ variables: z.record(z.string(), z.unknown()).nullish() }).nullish(),
})
export type KestraExecution = z.infer<typeof KestraExecution>

/** A flow as Kestra's API gives it; only what is used. */
export const KestraFlow = z.looseObject({
  id: z.string(),
  revision: z.number().nullish(),
  disabled: z.boolean().nullish(),
  inputs: z.array(z.looseObject({ id: z.string() })).nullish(),
})
export type KestraFlow = z.infer<typeof KestraFlow>

const Page = z.looseObject({ results: z.array(KestraExecution), total: z.number() })
const FlowId = z.looseObject({ id: z.string(), namespace: z.string(), revision: z.number().nullish() })
const Violations = z.array(z.looseObject({ index: z.number().nullish(), constraints: z.string().nullish() }))
const LogEntry = z.looseObject({ level: z.string(), message: z.string().nullish(), taskId: z.string().nullish() })

/** States an execution does not leave by itself. */
export const endedStates = ['SUCCESS', 'FAILED', 'KILLED', 'WARNING', 'CANCELLED', 'SKIPPED', 'RETRIED']

/** Reading flows for the first time takes an engine that has just started, on a busy machine, longer than anything else. */
const patient = { timeoutMs: 60_000 }

/** An execution holds the body that started it, up to 1 MiB, more than once and nested as deep as Kestra reads it. */
const large = { maxBytes: 50_000_000, deepest: 2_000 }

/** Kestra's own API, tenant `main`, as both engines answer it. */
export interface KestraApi {
  execution(id: string): Promise<KestraExecution>
  /** One page, oldest first; `page` counts from 1. */
  executions(query: {
    namespace: string
    flow: string
    states: string[]
    since: Date
    page: number
    size: number
  }): Promise<{ results: KestraExecution[]; total: number }>
  /** How many executions a namespace itself has, those below it not counted; or only those that have not ended. */
  count(namespace: string, options?: { open: boolean }): Promise<number>
  /** Executions of a namespace itself that have not ended, 100 at most. */
  open(namespace: string): Promise<KestraExecution[]>
  /** The ids of a namespace's flows. */
  flows(namespace: string): Promise<string[]>
  deleteFlow(namespace: string, id: string): Promise<void>
  start(
    namespace: string,
    flow: string,
    inputs: Record<string, string>,
    labels?: Record<string, string>,
  ): Promise<KestraExecution>
  /** The executions of a flow since then, newest first, at most 100; those with a label, or all. */
  latest(
    namespace: string,
    flow: string,
    since: Date,
    label?: { key: string; value: string },
  ): Promise<KestraExecution[]>
  /** Ends an execution that runs. */
  kill(execution: string): Promise<void>
  /** Null when there is no such flow. */
  flow(namespace: string, id: string): Promise<KestraFlow | null>
  logs(execution: string): Promise<z.infer<typeof LogEntry>[]>
  /** The faults of each document, empty when there are none. */
  validate(source: string): Promise<string[]>
  /** Creates or updates the flows of a namespace, as `kestra flow namespace update --no-delete` does. */
  deploy(namespace: string, sources: string[]): Promise<string[]>
}

/** `signal` ends every call. @throws AppError E_SETTING_MISSING when KESTRA_URL or the log-in is not set. */
export function kestraApi(settings: Settings, signal?: AbortSignal): KestraApi {
  const { KESTRA_URL: url, KESTRA_USERNAME: username, KESTRA_PASSWORD: password } = settings
  if (!url || !username || !password) {
    throw new AppError(
      'E_SETTING_MISSING',
      'Kestra’s address or log-in is not set.',
      'Set KESTRA_URL, KESTRA_USERNAME and KESTRA_PASSWORD in .env.',
    )
  }
  const base = `${url.replace(/\/+$/, '')}/api/v1/main`
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  const request = { headers: { authorization }, signal }
  const yaml = { authorization, 'content-type': 'application/x-yaml' }
  const at = (...parts: string[]) => `${base}/${parts.map(encodeURIComponent).join('/')}`

  function searchIn(namespace: string, isOpen: boolean, size: number) {
    const query = new URLSearchParams({ page: '1', size: String(size) })
    query.set('filters[namespace][EQUALS]', namespace)
    if (isOpen) query.set('filters[state][NOT_IN]', endedStates.join(','))
    return requestJson(`${base}/executions/search?${query}`, { headers: { authorization }, schema: Page, ...large })
  }

  return {
    execution: (id) => requestJson(at('executions', id), { ...request, schema: KestraExecution, ...large }),
    executions({ namespace, flow, states, since, page, size }) {
      const query = new URLSearchParams({ page: String(page), size: String(size), sort: 'state.startDate:asc' })
      query.set('filters[namespace][EQUALS]', namespace)
      query.set('filters[flowId][EQUALS]', flow)
      query.set('filters[startDate][GREATER_THAN_OR_EQUAL_TO]', since.toISOString())
      query.set('filters[state][IN]', states.join(','))
      return requestJson(`${base}/executions/search?${query}`, { ...request, schema: Page, ...large })
    },
    count: async (namespace, options) => (await searchIn(namespace, options?.open ?? false, 1)).total,
    open: async (namespace) => (await searchIn(namespace, true, 100)).results,
    async flows(namespace) {
      const flows = await requestJson(at('flows', namespace), { ...request, schema: z.array(FlowId) })
      return flows.map(({ id }) => id)
    },
    async deleteFlow(namespace, id) {
      await requestJson(at('flows', namespace, id), { method: 'DELETE', ...request })
    },
    start(namespace, flow, inputs, labels = {}) {
      const form = new FormData()
      for (const [name, value] of Object.entries(inputs)) form.set(name, value)
      const query = new URLSearchParams()
      for (const [key, value] of Object.entries(labels)) query.append('labels', `${key}:${value}`)
      return requestJson(`${at('executions', namespace, flow)}${query.size > 0 ? `?${query}` : ''}`, {
        method: 'POST',
        ...request,
        body: form,
        schema: KestraExecution,
        ...large,
      })
    },
    async latest(namespace, flow, since, label) {
      const query = new URLSearchParams({ page: '1', size: '100', sort: 'state.startDate:desc' })
      query.set('filters[namespace][EQUALS]', namespace)
      query.set('filters[flowId][EQUALS]', flow)
      query.set('filters[startDate][GREATER_THAN_OR_EQUAL_TO]', since.toISOString())
      if (label) query.set(`filters[labels][EQUALS][${label.key}]`, label.value)
      const search = `${base}/executions/search?${query}`
      return (await requestJson(search, { ...request, schema: Page, ...large })).results
    },
    async kill(id) {
      await requestJson(at('executions', id, 'kill'), { method: 'DELETE', ...request })
    },
    async flow(namespace, id) {
      try {
        return await requestJson(at('flows', namespace, id), { ...request, schema: KestraFlow })
      } catch (thrown) {
        if (thrown instanceof HttpStatusError && thrown.status === 404) return null
        throw thrown
      }
    },
    logs: (id) => requestJson(at('logs', id), { ...request, schema: z.array(LogEntry) }),
    async validate(source) {
      const violations = await requestJson(at('flows', 'validate'), {
        method: 'POST',
        headers: yaml,
        body: source,
        schema: Violations,
        ...patient,
      })
      return violations.flatMap(({ constraints }) => (constraints ? [constraints] : []))
    },
    async deploy(namespace, sources) {
      const flows = await requestJson(`${at('flows', namespace)}?delete=false`, {
        method: 'POST',
        headers: yaml,
        body: sources.join('\n---\n'),
        schema: z.array(FlowId),
        ...patient,
      })
      return flows.map((flow) => flow.id)
    },
  }
}
