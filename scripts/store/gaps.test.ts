import { expect, test } from 'vitest'
import { exampleAlert, receive, useTestStore } from '../../tests/support/store.ts'
import { alertedAssets } from './gaps.ts'

const stores = useTestStore()

test('the assets that fired, most alerts first', async () => {
  const store = stores.tenant()
  const table = { kind: 'table', name: 'shop.orders' } as const
  const now = Date.now()
  for (const [index, changes] of [
    { asset: table },
    { asset: table, status: 'resolved' as const },
    {},
    { external_id: 'again' },
    { asset: null },
  ].entries()) {
    await receive(
      store,
      exampleAlert({
        fingerprint: `fp_${index}_of_gaps`,
        received_at: new Date(now - index).toISOString(),
        ...changes,
      }),
    )
  }
  const found = await alertedAssets(store, 30)
  expect(found.map(({ asset, environment, alerts }) => [asset.name, environment, alerts])).toEqual([
    ['orders', 'production', 2],
    ['shop.orders', 'production', 1],
  ])
})
