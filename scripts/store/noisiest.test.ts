import { expect, test } from 'vitest'
import { decideOn, exampleAlert, receive, useTestStore } from '../../tests/support/store.ts'
import { closeIncident } from './incidents.ts'
import { addModelUsage, modelDays } from './model-usage.ts'
import { noisiestRules } from './noisiest.ts'

const database = useTestStore()
const span = { from: new Date(Date.now() - 86_400_000), to: new Date(Date.now() + 86_400_000) }

test('rules are ranked by their alerts, over all of their incidents, under the latest title', async () => {
  const store = database.tenant()
  const noisy = { fingerprint: 'fp_noisy_rule', asset: { kind: 'table', name: 'noisy' } } as const
  const first = (await receive(store, exampleAlert({ ...noisy, title: 'old title' }))).incidents[0] ?? expect.fail()
  await receive(store, exampleAlert({ ...noisy, external_id: 'again' }))
  await decideOn(store, first)
  await closeIncident(store, first, 'manual', { who: 'ada', why: 'over' })
  const second = (await receive(store, exampleAlert({ ...noisy, title: 'new title', external_id: 'third' })))
    .incidents[0]
  await receive(store, exampleAlert())
  const [top, next] = await noisiestRules(store, span)
  expect(top).toEqual({ title: 'new title', source: 'alertmanager', alerts: 3, incidents: 2, told: 0, latest: second })
  expect(next).toMatchObject({ title: 'orders failed', alerts: 1, incidents: 1 })
  expect(await noisiestRules(store, { ...span, severity: 'LOW' })).toEqual([])
})

test('the model’s days are those on which it was asked', async () => {
  const store = database.tenant()
  await addModelUsage(store, { calls: 2, tokens: 3000, costUsd: 0.5 })
  const day = new Date().toISOString().slice(0, 10)
  expect(await modelDays(store, span)).toEqual([{ day, calls: 2, tokens: 3000, cost_usd: 0.5 }])
  expect(await modelDays(store, { from: new Date(0), to: span.from })).toEqual([])
})
