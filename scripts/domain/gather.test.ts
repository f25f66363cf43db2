import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alertEvidence, settleEvidence } from './gather.ts'

const entry = (data: object = {}) => ({
  source: 'catalog',
  kind: 'catalog_entry',
  summary: 'It is tier 1.',
  data: { asset: 'Nightly', tier: 1, sla_minutes: 60, breached: null, ...data },
})
const runOf = (data: object, source = 'airflow') => ({
  source,
  kind: 'dag_run',
  summary: 'A run.',
  data: { dag_id: 'nightly', state: 'running', duration_s: 7200, ...data },
})

test('numbers in the order given and says nothing twice', () => {
  const seen = settleEvidence([
    { ...runOf({}), observed_at: '2026-11-20T08:00:00Z' },
    entry(),
    { ...runOf({}), observed_at: '2026-11-20T09:00:00Z' },
    runOf({ state: 'failed' }),
  ])
  expect(seen.map(({ id, kind }) => `${id} ${kind}`)).toEqual(['ev_1 dag_run', 'ev_2 catalog_entry', 'ev_3 dag_run'])
})

test('caps what is long, and leaves out what is no evidence', () => {
  const huge = settleEvidence([
    ...Array.from({ length: 300 }, (_, index) =>
      runOf({ run_id: `${index}`, log: 'x'.repeat(50_000), names: Array(999).fill('y') }),
    ),
  ])
  expect(huge).toHaveLength(100)
  expect(JSON.stringify(huge[0]).length).toBeLessThan(6000)
  expect(
    settleEvidence([
      null,
      7,
      {},
      { kind: 'weather' },
      { ...runOf({}), source: 'oracle' },
      { ...runOf({}), data: null },
    ]),
  ).toEqual([])
})

test('is deterministic, whatever comes in, and its ids are unique', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.anything(), fc.constant(entry()), fc.dictionary(fc.string(), fc.anything()).map(runOf))),
      (drafts) => {
        const first = settleEvidence(drafts)
        expect(settleEvidence(drafts)).toEqual(first)
        expect(new Set(first.map(({ id }) => id)).size).toBe(first.length)
      },
    ),
  )
})

test.each<[string, object[], boolean | null]>([
  ['nothing is known', [], null],
  ['a run takes longer', [runOf({})], true],
  ['a run is within its time', [runOf({ duration_s: 60 })], false],
  ['the alert says that a run takes longer', [runOf({}, 'alert')], true],
  ['the alert says that all is well', [runOf({ duration_s: 60 }, 'alert')], null],
  ['a run that ended', [runOf({ state: 'success' })], null],
  ['a run of another DAG', [runOf({ dag_id: 'hourly' })], null],
])('a promise in minutes: %s', (_, others, breached) => {
  expect(settleEvidence([entry(), ...others])[0]?.data.breached).toBe(breached)
})

test('what alerts claim is evidence of source alert, the latest alerts only', () => {
  const alerts = Array.from({ length: 8 }, (_, index) => ({
    facts: [{ kind: 'metric' as const, summary: `${index}`, data: { name: 'rows', value: index } }],
    asset: null,
    received_at: '2026-11-20T08:00:00Z',
  }))
  // @ts-expect-error Only what is read is given.
  const settled = settleEvidence(alertEvidence(alerts))
  expect(settled.map(({ source, data }) => [source, data.value])).toEqual(
    [3, 4, 5, 6, 7].map((value) => ['alert', value]),
  )
})
