import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Stack, type StackOptions, startStack } from '../../engine/stack.ts'
import type { Settings } from '../../scripts/lib/config.ts'
import { endedStates, KestraExecution, kestraApi } from '../../scripts/lib/kestra-api.ts'
import { openStore, type Store } from '../../scripts/store/connection.ts'
import { type Outcome, outcomeOf } from '../../scripts/store/outcomes.ts'
import { type AirflowStandIn, dailyEltPipeline, startAirflow } from '../stand-ins/airflow.ts'
import { type SlackStandIn, startSlack } from '../stand-ins/slack.ts'

export const namespace = 'incident_management'
const home = join(import.meta.dirname, '..', '..')

/** What a test may wait for, before it says what it saw instead. */
const guardMs = 120_000

/** The whole product on the real engine, with stand-ins at the network's edge. */
export interface Product {
  stack: Stack
  store: Store
  slack: SlackStandIn
  airflow: AirflowStandIn
  /** Posts a body to the webhook and answers what the webhook said. */
  post(body: string | Buffer, headers?: Record<string, string>): Promise<Response>
  /** Posts a body that is to be accepted and answers its execution. */
  fire(body: unknown): Promise<KestraExecution>
  /** The body of one of the classic scenarios. */
  scenario(name: string): Promise<Record<string, unknown>>
  /** Waits until the execution has ended; `limitMs` where that takes longer than anything else. */
  ended(id: string, limitMs?: number): Promise<KestraExecution>
  /** Waits until the incident that the execution led to has come to rest. */
  outcome(id: string, accept?: (outcome: Outcome) => boolean): Promise<Outcome>
  /** Waits for a turn of the clock that starts now, and for the analyses it started. */
  tick(): Promise<KestraExecution>
  stop(): Promise<void>
}

export async function startProduct(
  name: string,
  settings: (standIns: { slack: SlackStandIn; airflow: AirflowStandIn }) => Settings = ({ slack, airflow }) => ({
    SLACK_WEBHOOK_URL: slack.webhookUrl,
    ...airflow.settings,
  }),
  { separateWorker = false }: Pick<StackOptions, 'separateWorker'> = {},
): Promise<Product> {
  const slack = await startSlack()
  const airflow = await startAirflow({ dags: [dailyEltPipeline()] })
  const stack = await startStack({
    name: `test-${name}`,
    kestraVersion: process.env.KESTRA_VERSION ?? '1.3.31',
    settings: settings({ slack, airflow }),
    fresh: true,
    keepAlive: true,
    separateWorker,
    onProgress() {},
  })
  const store = openStore(stack.settings.DATABASE_URL, namespace)
  const api = kestraApi(stack.settings)

  const product: Product = {
    stack,
    store,
    slack,
    airflow,
    post(body, headers = { 'content-type': 'application/json' }) {
      return fetch(stack.webhookUrl, {
        method: 'POST',
        headers,
        body: typeof body === 'string' ? body : new Uint8Array(body),
      })
    },
    async fire(body) {
      const response = await product.post(JSON.stringify(body))
      if (response.status !== 200) throw new Error(`The webhook answered ${response.status}: ${await response.text()}`)
      return KestraExecution.parse(await response.json())
    },
    async scenario(name) {
      return JSON.parse(await readFile(join(home, 'test_scenarios', `${name}.json`), 'utf8'))
    },
    ended(id, limitMs) {
      const look = async () => {
        const execution = await api.execution(id)
        return { done: endedStates.includes(execution.state.current), value: execution, seen: execution.state.current }
      }
      return until(`execution ${id} has ended`, look, limitMs)
    },
    outcome(id, accept = ({ at_rest }) => at_rest) {
      return until(`the incident of ${id} is at rest`, async () => {
        const outcome = await outcomeOf(store, id)
        return { done: outcome !== null && accept(outcome), value: outcome, seen: outcome?.state ?? 'no incident' }
      })
    },
    async tick() {
      // The schedule ticks too; a tick that came upon another one was cancelled and says nothing.
      for (;;) {
        const { id } = await api.start(namespace, 'clock', {})
        const execution = await product.ended(id)
        if (execution.state.current !== 'CANCELLED') return execution
      }
    },
    async stop() {
      await store[Symbol.asyncDispose]()
      await stack.stop()
      await slack.close()
      await airflow.close()
    },
  }
  return product
}

/** Asks until it is so. Fails with what was seen last. */
export async function until<T>(
  what: string,
  look: () => Promise<{ done: boolean; value: T | null; seen: string }>,
  limitMs = guardMs,
): Promise<T> {
  const end = Date.now() + limitMs
  for (;;) {
    const began = performance.now()
    const { done, value, seen } = await look()
    if (done && value !== null) return value
    if (Date.now() > end) throw new Error(`Waited ${limitMs / 1000} s until ${what}; it is: ${seen}`)
    // Kestra shows an execution whole, its body included: a large one must not be kept busy with being looked at.
    await delay(Math.max(100, 5 * (performance.now() - began)))
  }
}
