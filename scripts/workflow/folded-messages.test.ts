import { expect, test } from 'vitest'
import { lateTable, useWorlds } from '../../tests/support/workflow.ts'
import { Catalog } from '../domain/catalog.ts'
import { replaceLineage } from '../store/lineage.ts'
import { describeBroken } from './still-broken.ts'

const { world } = useWorlds()
const late = (database: string, changes: object = {}) =>
  lateTable({
    title: `Table ${database}.public.orders is late`,
    metric: { name: 'freshness_hours', value: 9, threshold: 3, table: `${database}.public.orders` },
    ...changes,
  })

test('who was told of an incident that went on in another one hears where, once, and no more of it', async () => {
  const one = await world()
  await replaceLineage(one.store, 'catalog', '1', [
    { upstream: 'stage.public.orders', downstream: 'mart.public.orders' },
    { upstream: 'vendor.public.orders', downstream: 'mart.public.orders' },
  ])
  const first = await one.handle(late('stage'))
  const second = await one.handle(late('vendor'))
  expect(await one.handle(late('mart'))).toBe(first)
  await one.turn()
  await one.turn()
  expect(one.told(second)).toHaveLength(2)
  const [, notice = ''] = one.told(second)
  expect(notice).toContain(`It is part of ${first}`)
  expect(notice).toContain('Part of another incident')
  await one.fire(late('vendor', { alert_id: 'again' }))
  expect(await one.incident(first)).toMatchObject({ occurrences: 4, flaps: 0 })
  expect(one.told(second)).toHaveLength(2)
})

test('of a platform that is back people hear once what is still broken', async () => {
  const one = await world()
  const table = (index: number, changes: object = {}) =>
    lateTable({
      title: `Table shop.public.t${index} is late`,
      metric: { name: 'freshness_hours', value: 9, threshold: 3, table: `shop.public.t${index}` },
      ...changes,
    })
  let platform = ''
  for (let index = 0; index < 10; index += 1) platform = (await one.fire(table(index))).incident ?? platform
  expect((await one.incident(platform)).platform).toBe('shop|')
  await one.decide(platform)
  await one.notify(platform)
  for (let index = 0; index < 8; index += 1) await one.fire(table(index, { status: 'resolved' }))
  await one.turn()
  await one.turn()
  const lists = one.told(platform).filter((text) => text.includes('Still broken'))
  expect(lists).toHaveLength(1)
  expect(lists[0]).toContain('shop.public.t8')
  expect(lists[0]).toContain('shop.public.t9')
  expect(lists[0]).not.toContain('shop.public.t7')
})

test('what is still broken is listed by promise, then tier, then name, and no longer than can be read', () => {
  const catalog = Catalog.parse({
    assets: [
      { name: 'a.b.evening', kind: 'table', tier: 3, sla: { deadline: '18:00' } },
      { name: 'a.b.noon', kind: 'table', tier: 3, sla: { deadline: '12:00' } },
      { name: 'a.b.first', kind: 'table', tier: 1 },
    ],
  })
  const broken = (name: string) => ({
    title: `${name} is late`,
    asset: { kind: 'table' as const, name },
    environment: null,
  })
  const now = new Date('2026-11-20T08:00:00Z')
  const names = ['a.b.unknown', 'a.b.first', 'a.b.evening', 'a.b.noon']
  expect(describeBroken(names.map(broken), catalog, now).split('\n')).toEqual([
    'The platform is back. Still broken:',
    '• a.b.noon is late (promised by 12:00 UTC, tier 3)',
    '• a.b.evening is late (promised by 18:00 UTC, tier 3)',
    '• a.b.first is late (tier 1)',
    '• a.b.unknown is late',
  ])
  const many = Array.from({ length: 300 }, (_, index) => broken(`a.b.t${index}`))
  expect(describeBroken(many, null, now).split('\n').at(-1)).toBe('… and 285 more')
})
