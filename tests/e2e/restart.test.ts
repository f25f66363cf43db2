import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { textOf } from '../stand-ins/slack.ts'
import { accountOf, endOfAll } from './account.ts'
import { type Product, startProduct, until } from './product.ts'

describe('an engine that is killed in mid-flow', () => {
  let product: Product
  beforeAll(async () => {
    product = await startProduct('restart')
  })
  afterAll(() => product.stop())

  it('finishes after its next start what was open, and tells people once', async () => {
    // Airflow holds the answer back, so that the flow is in the middle of gathering when the engine dies.
    product.airflow.fail({ delayMs: 3_000 }, { times: 1 })
    const { id } = await product.fire(await product.scenario('dag_timeout'))
    await product.airflow.waitFor(() => true)
    await product.stack.engine.kill()
    await product.stack.restartEngine()
    const outcome = await product.outcome(id)
    expect(outcome).toMatchObject({ severity: 'CRITICAL', state: 'resolved', fix: 'airflow_clear_task' })
    expect(product.airflow.clears).toHaveLength(1)
    expect(product.slack.messages.filter((sent) => textOf(sent).includes(outcome.incident))).toHaveLength(1)
  })

  it('keeps flows and takes alerts at once after a clean restart', async () => {
    await product.stack.engine.stop()
    await product.stack.restartEngine()
    const { id } = await product.fire(await product.scenario('false_positive'))
    expect(await product.outcome(id)).toMatchObject({ state: 'dismissed' })
    await endOfAll(product)
    expect((await accountOf(product.store)).unfinished).toBe(0)
  })

  it('is started again when it ends by itself', async () => {
    const { pid } = product.stack.engine
    process.kill(pid, 'SIGKILL')
    await until('another engine runs', async () => {
      const { engine } = product.stack
      return { done: engine.pid !== pid, value: engine.pid, seen: `engine ${engine.pid}` }
    })
    const { id } = await product.fire(await product.scenario('schema_drift'))
    expect(await product.outcome(id)).toMatchObject({ state: 'notified' })
  })
})
