import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { textOf } from '../stand-ins/slack.ts'
import { type Product, startProduct } from './product.ts'

describe('a worker of its own that is killed in the middle of a task', () => {
  let product: Product
  beforeAll(async () => {
    product = await startProduct('worker', undefined, { separateWorker: true })
  })
  afterAll(() => product.stop())

  it('leaves its task to the next worker: the fix runs once, and people are told once', async () => {
    const { worker } = product.stack
    if (!worker) throw new Error('This test needs a worker of its own.')
    // Airflow keeps `gather` waiting, so that the worker is in the middle of it.
    const held = product.airflow.hold('untouched')
    const { id } = await product.fire(await product.scenario('dag_timeout'))
    await held.reached
    await worker.kill()
    await product.stack.restartWorker()
    held.release()
    const outcome = await product.outcome(id)
    expect(outcome).toMatchObject({ severity: 'CRITICAL', state: 'resolved', fix: 'airflow_clear_task' })
    expect(product.stack.worker?.pid).not.toBe(worker.pid)
    expect(product.airflow.clears).toHaveLength(1)
    expect(product.slack.messages.filter((sent) => textOf(sent).includes(outcome.incident))).toHaveLength(1)
  })
})
