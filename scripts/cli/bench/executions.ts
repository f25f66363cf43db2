import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { Stack } from '../../../engine/stack.ts'
import { AppError } from '../../lib/errors.ts'
import { requestJson } from '../../lib/http.ts'
import { endedStates } from '../../lib/kestra-api.ts'

/** Looking costs the engine time, which it then lacks for what is measured. Times come from its own records. */
const lookEveryMs = 100
const longestWaitMs = 120_000

const Execution = z.object({
  id: z.string(),
  flowId: z.string(),
  state: z.object({ current: z.string(), histories: z.array(z.object({ date: z.coerce.date() })).min(1) }),
})
type Execution = z.infer<typeof Execution>

const Page = z.object({ results: z.array(Execution), total: z.number() })

/** Posting alerts and seeing what Kestra made of them. */
export interface Executions {
  /** Posts an alert to the webhook of a namespace; `postedAt` by the machine's clock, which is the engine's too. */
  post(namespace: string, alert: unknown): Promise<{ id: string; postedAt: number }>
  /** Waits until an execution has ended. @throws AppError when it did not end well */
  end(id: string): Promise<Date>
  /** Waits for the execution of `flow` that this one starts. */
  startedBy(id: string, flow: string): Promise<string>
  /** How many executions a flow has had. */
  count(namespace: string, flow: string): Promise<number>
}

export function openExecutions({ engine, settings }: Pick<Stack, 'engine' | 'settings'>): Executions {
  const base = `${engine.url}/api/v1/main/executions`
  const login = `${settings.KESTRA_USERNAME}:${settings.KESTRA_PASSWORD}`
  const headers = { authorization: `Basic ${Buffer.from(login).toString('base64')}` }

  function search(filters: Record<string, string>) {
    const query = new URLSearchParams({ page: '1', size: '10' })
    for (const [name, value] of Object.entries(filters)) query.set(`filters[${name}][EQUALS]`, value)
    return requestJson(`${base}/search?${query}`, { headers, schema: Page })
  }

  return {
    async post(namespace, alert) {
      const postedAt = Date.now()
      const response = await fetch(`${base}/webhook/${namespace}/alert_ingestion/${settings.ALERT_WEBHOOK_KEY}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alert),
      })
      if (!response.ok) throw new AppError('E_HTTP_STATUS', `The webhook answered ${response.status}.`, 'See its log.')
      return { ...z.object({ id: z.string() }).parse(await response.json()), postedAt }
    },
    async end(id) {
      const execution = await until(`execution ${id} has ended`, async () => {
        const found = await requestJson(`${base}/${id}`, { headers, schema: Execution })
        return endedStates.includes(found.state.current) ? found : null
      })
      if (execution.state.current === 'SUCCESS') return endOf(execution)
      const { flowId, state } = execution
      throw new AppError('E_UNEXPECTED', `${flowId} ended ${state.current} (${id}).`, 'See the engine’s log.')
    },
    startedBy(id, flow) {
      return until(`${id} has started ${flow}`, async () => {
        const { results } = await search({ triggerExecutionId: id })
        return results.find(({ flowId }) => flowId === flow)?.id ?? null
      })
    },
    count: async (namespace, flow) => (await search({ namespace, flowId: flow })).total,
  }
}

/** Asks until there is an answer. */
export async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  for (const end = Date.now() + longestWaitMs; Date.now() < end; await delay(lookEveryMs)) {
    const found = await look()
    if (found !== null) return found
  }
  throw new AppError('E_UNEXPECTED', `Waited ${longestWaitMs / 1000} s in vain until ${what}.`, 'See the engine’s log.')
}

function endOf({ state }: Execution): Date {
  return new Date(Math.max(...state.histories.map(({ date }) => date.getTime())))
}
