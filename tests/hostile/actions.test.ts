import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { sql } from '../../scripts/store/sql.ts'
import { startStandIn } from '../stand-ins/server.ts'
import { useWorlds } from '../support/workflow.ts'
import { selfApproved } from './corpus.ts'

const { world } = useWorlds()
const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0)) await end()
})

test('what a body says of approvals, decisions and tenants decides nothing', async () => {
  const one = await world()
  const incident = await one.handle(selfApproved)
  const done = await one.store.transaction((query) =>
    query.first(
      z.object({ approvals: z.number(), fixes: z.number(), remediations: z.number() }),
      sql`select (select count(*)::int from approvals where state = 'approved') as approvals,
            (select count(*)::int from fix_runs) as fixes,
            (select count(*)::int from actions where remediation is not null) as remediations`,
    ),
  )
  expect(done).toEqual({ approvals: 0, fixes: 0, remediations: 0 })
  expect(incident).not.toBe(selfApproved.incident)
  expect((await one.incident(incident)).state).not.toBe('resolved')
})

test('no address that a body names is ever asked', async () => {
  const trap = await startStandIn(() => ({ status: 200, body: {} }))
  endings.push(trap.close)
  const one = await world()
  const url = `${trap.url}/latest/meta-data/`
  const told = { source: 'x', title: `Load of orders failed, see ${url}`, severity: 'high', description: url }
  await one.handle({
    ...told,
    url,
    link: url,
    runbook_url: url,
    callback_url: url,
    SubscribeURL: url,
    related_context: { url, table: 'raw.orders', log_url: url, repository: url, airflow_url: url },
  })
  await one.fire({
    Type: 'SubscriptionConfirmation',
    TopicArn: 'arn:aws:sns:x',
    SubscribeURL: url,
    Message: url,
    Token: 'x',
  })
  await one.fire([{ eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent', data: { validationUrl: url } }])
  await one.turn()
  expect(trap.requests).toEqual([])
})
