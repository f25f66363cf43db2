import { expect, test } from 'vitest'
import { Evidence } from './evidence.ts'
import { byPromise } from './fix-queue.ts'

const waiting = (incident: string, ...entries: object[]) => ({
  incident,
  evidence: entries.map((data, index) =>
    Evidence.parse({
      id: `ev_${index + 1}`,
      source: 'catalog',
      kind: 'catalog_entry',
      summary: '',
      data: { asset: incident, ...data },
    }),
  ),
})

test('the promise that is broken or ends next, then the highest tier, then who waits longest', () => {
  expect(
    byPromise([
      waiting('unknown'),
      waiting('tier 2', { tier: 2 }),
      waiting('noon', { sla_deadline: '2026-11-20T12:00:00Z', tier: 3 }),
      waiting('noon of tier 1', { sla_deadline: '2026-11-20T13:00:00+01:00', tier: 1 }),
      waiting('tier 1', { tier: 1 }, { tier: 4 }),
      waiting('broken', { breached: true }),
      waiting('eight', { sla_deadline: '2026-11-20T08:00:00Z' }),
      waiting('unknown too', { sla_deadline: 'soon' }),
    ]),
  ).toEqual(['broken', 'eight', 'noon of tier 1', 'noon', 'tier 1', 'tier 2', 'unknown', 'unknown too'])
  expect(byPromise([])).toEqual([])
})
