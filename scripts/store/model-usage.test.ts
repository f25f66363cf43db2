import { expect, test } from 'vitest'
import { useTestStore } from '../../tests/support/store.ts'
import { addModelUsage, claimBudgetNews, modelUsage } from './model-usage.ts'

const { tenant } = useTestStore()

test('what is used adds up, at once too, and no tenant sees another’s', async () => {
  const store = tenant()
  await Promise.all(Array.from({ length: 8 }, () => addModelUsage(store, { calls: 1, tokens: 1000, costUsd: 0.25 })))
  expect(await modelUsage(store)).toEqual({ calls: 8, tokens: 8000, costUsd: 2 })
  expect(await modelUsage(tenant())).toEqual({ calls: 0, tokens: 0, costUsd: 0 })
})

test('one of many tells people that the budget is spent', async () => {
  const store = tenant()
  const claims = await Promise.all(Array.from({ length: 6 }, () => claimBudgetNews(store)))
  expect(claims.filter(Boolean)).toHaveLength(1)
  await addModelUsage(store, { calls: 1, tokens: 1, costUsd: 0 })
  expect(await claimBudgetNews(store)).toBe(false)
})
