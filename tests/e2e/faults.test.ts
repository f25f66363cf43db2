import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { requestJson } from '../../scripts/lib/http.ts'
import { kestraApi } from '../../scripts/lib/kestra-api.ts'
import { type StandIn, startStandIn } from '../stand-ins/server.ts'
import { accountOf, endOfAll } from './account.ts'
import { type Product, startProduct, until } from './product.ts'

describe('when something is down', () => {
  let product: Product
  let fallback: StandIn
  beforeAll(async () => {
    fallback = await startStandIn(() => ({ status: 200, body: {} }))
    product = await startProduct('faults', ({ slack, airflow }) => ({
      SLACK_WEBHOOK_URL: slack.webhookUrl,
      ...airflow.settings,
      FALLBACK_URL: `${fallback.url}/fallback`,
    }))
  })
  afterAll(async () => {
    await product.stop()
    await fallback.close()
  })

  it('loses nothing while the store is down, and ends all two ticks after it is back', async () => {
    const postgres = product.stack.postgres
    if (!postgres) throw new Error('This test needs a PostgreSQL of its own.')
    await postgres.stop()
    const executions = await Promise.all(
      Array.from({ length: 20 }, (_, number) =>
        product.fire({
          source: 'datadog',
          title: 'A table is late',
          severity: 'high',
          // A database each: many of one would be that database's outage.
          related_context: { table: `shop_${String.fromCharCode(97 + number)}.sales.orders` },
        }),
      ),
    )
    const ended = await Promise.all(executions.map(({ id }) => product.ended(id)))
    expect(ended.map(({ state }) => state.current)).toEqual(ended.map(() => 'FAILED'))
    // The clock may have ticked meanwhile and failed as well.
    expect(fallback.requests.filter(({ body }) => body.includes('alert_ingestion'))).toHaveLength(20)

    await product.stack.restartPostgres()
    const first = await product.tick()
    const purges = (first.taskRunList ?? []).filter(({ taskId }) => taskId.startsWith('purge_'))
    expect(first.state.current).toBe('SUCCESS')
    expect(purges.length).toBeGreaterThan(0)
    await product.tick()
    const account = await endOfAll(product)
    expect(account).toMatchObject({ deliveries: 20, incidents: 20, decisions: 20, unfinished: 0 })
  })

  it('keeps a message that Slack will not take now, and sends it later', async () => {
    product.slack.fail({ status: 500, body: 'server error' }, { times: 1 })
    const { id } = await product.fire(await product.scenario('schema_drift'))
    await product.outcome(id, ({ state }) => state === 'notified')
    await until('the first attempt has failed', async () => {
      const { requests, messages } = product.slack
      return { done: requests.length > messages.length, value: true, seen: `${requests.length} requests` }
    })
    await until('a tick sends it', async () => {
      await product.tick()
      const outcome = await product.outcome(id, () => true)
      return { done: outcome.at_rest, value: true, seen: outcome.state }
    })
    expect((await accountOf(product.store)).unsent).toBe(0)
  })

  it('states an Airflow that does not answer, and tells people in place of fixing', async () => {
    product.airflow.fail('hang', { times: Number.POSITIVE_INFINITY })
    const { id } = await product.fire(await product.scenario('dag_timeout'))
    const outcome = await product.outcome(id)
    product.airflow.heal()
    expect(outcome).toMatchObject({ severity: 'CRITICAL', action: 'notify_team', state: 'notified', fix: null })
    expect(product.airflow.clears).toHaveLength(0)
    const message = await product.slack.waitForMessage((text) => text.includes(outcome.incident))
    expect(JSON.stringify(message).toLowerCase()).toContain('airflow')
  })

  it('says “later”, and never “never again”, to a monitor whose key it cannot read', async () => {
    const { engine, settings } = product.stack
    const flow = `
id: without_secret
namespace: company.gate
tasks: [{ id: nothing, type: io.kestra.plugin.core.log.Log, message: "-" }]
triggers: [{ id: webhook, type: io.kestra.plugin.core.trigger.Webhook, key: "{{ secret('SET_NOWHERE') }}" }]
`
    await kestraApi(settings).deploy('company.gate', [flow])
    const at = (path: string) => fetch(`${engine.url}/api/v1/main/executions/webhook/${path}`, { method: 'POST' })
    expect((await at('company.gate/without_secret/guess')).status).toBe(503)
    expect((await at('company.gate/no_such_flow/guess')).status).toBe(404)
    expect((await at('incident_management/alert_ingestion/guess')).status).toBe(404)
  })

  it('answers health while all of this happens', async () => {
    const schema = z.looseObject({ status: z.string() })
    expect((await requestJson(`${product.stack.engine.url}/health`, { schema })).status).toBe('UP')
  })
})
