import { expect, test } from 'vitest'
import { letTimePass, useTestStore } from '../../tests/support/store.ts'
import { holdBack, takeTurn } from './paces.ts'

const { tenant } = useTestStore()
const pace = { everyMs: 10_000, burst: 3 }

test('grants a burst, then one a period, over all who ask', async () => {
  const store = tenant()
  const turns = await Promise.all(Array.from({ length: 8 }, () => takeTurn(store, 'slack', pace)))
  expect(turns.filter((wait) => wait === 0)).toHaveLength(3)
  const wait = await takeTurn(store, 'slack', pace)
  expect(wait).toBeGreaterThan(5_000)
  expect(wait).toBeLessThanOrEqual(10_000)
  await letTimePass(store, 10_000)
  expect(await takeTurn(store, 'slack', pace)).toBe(0)
  expect(await takeTurn(store, 'slack', pace)).toBeGreaterThan(0)
  expect(await takeTurn(store, 'slack:#other', pace)).toBe(0)
})

test('holds back everybody for as long as the channel asks', async () => {
  const store = tenant()
  await holdBack(store, 'slack', 60_000, pace)
  expect(await takeTurn(store, 'slack', pace)).toBeGreaterThan(50_000)
  await letTimePass(store, 60_000)
  expect(await takeTurn(store, 'slack', pace)).toBe(0)
})
