import { expect, test } from 'vitest'
import { filesAbout, isAbout } from './commit.ts'

test.each([
  ['models/orders.sql', true],
  ['models/stg_orders.sql', true],
  ['models/StgOrders.sql', true],
  ['models/orders/schema.yml', true],
  ['models/shop.orders-v2.sql', true],
  ['models/reorders_ui.sql', false],
  ['models/orders2024.sql', false],
  ['models/preorders.sql', false],
  ['models/éorders.sql', false],
])('%s is about orders: %s', (path, expected) => {
  expect(isAbout(path, ['orders'])).toBe(expected)
})

test.each(['a.b', '(x)', '[a-z]+', 'x|y', '*xyz', '/../'])('%s is a name, and no pattern', (name) => {
  expect([isAbout(`dags/${name}.py`, [name]), isAbout('dags/azby.py', [name])]).toEqual([true, false])
})

test('files that are named exactly so come first', () => {
  const files = ['models/stg_orders.sql', 'models/orders.sql', 'README.md', 'models/orders/x.sql']
  expect(filesAbout(files, ['orders'])).toEqual(['models/orders.sql', 'models/stg_orders.sql', 'models/orders/x.sql'])
})
