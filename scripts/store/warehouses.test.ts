import { expect, test } from 'vitest'
import { useTestStore } from '../../tests/support/store.ts'
import { spendCredits } from './warehouses.ts'

const { tenant } = useTestStore()
const now = new Date('2026-11-26T23:30:00Z')
const cost = { credits: 0.4, limit: 1, now }

test('credits are spent until the day’s are gone, whoever asks at once', async () => {
  const store = await tenant()
  const spent = await Promise.all(Array.from({ length: 6 }, () => spendCredits(store, 'snowflake', cost)))
  expect(spent.filter(Boolean)).toHaveLength(2)
  // What is cheap enough still fits.
  expect(await spendCredits(store, 'snowflake', { ...cost, credits: 0.2 })).toBe(true)
  expect(await spendCredits(store, 'snowflake', { ...cost, credits: 0.1 })).toBe(false)
})

test('each day, instance and tenant has its own', async () => {
  const store = await tenant()
  const all = { ...cost, credits: 1 }
  expect(await spendCredits(store, 'snowflake', all)).toBe(true)
  expect(await spendCredits(store, 'snowflake', all)).toBe(false)
  expect(await spendCredits(store, 'snowflake', { ...all, now: new Date('2026-11-27T00:00:00Z') })).toBe(true)
  expect(await spendCredits(store, 'snowflake_finance', all)).toBe(true)
  expect(await spendCredits(await tenant(), 'snowflake', all)).toBe(true)
})

test('one question that costs more than a day may is never asked', async () => {
  expect(await spendCredits(await tenant(), 'snowflake', { ...cost, credits: 2 })).toBe(false)
  expect(await spendCredits(await tenant(), 'snowflake', { ...cost, limit: 0 })).toBe(false)
})
