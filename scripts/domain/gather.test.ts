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

const due = { asset: 'shop.raw.orders', sla_minutes: null, sla_since: '2026-11-19T07:00:00.000Z' }
const missed = { ...due, sla_deadline: '2026-11-20T07:00:00.000Z', sla_minutes_left: -60 }
const writtenAt = (last_altered: string | null) => ({
  source: 'postgres',
  kind: 'table_state',
  summary: 'A table.',
  data: { table: 'Shop.raw.orders', last_altered },
})

test.each<[string, object, object[], boolean | null]>([
  ['nobody knows when it was written', missed, [writtenAt(null)], null],
  ['it was last written before the deadline before', missed, [writtenAt('2026-11-19T06:50:00Z')], true],
  ['it came in time', missed, [writtenAt('2026-11-20T06:50:00Z')], false],
  ['it came too late', missed, [writtenAt('2026-11-20T07:50:00Z')], true],
  ['the time is not up', { ...missed, sla_minutes_left: 60 }, [writtenAt('2026-11-19T06:50:00Z')], null],
  ['another table is late', missed, [{ ...writtenAt('2026-11-19T06:50:00Z'), data: { table: 'a.b' } }], null],
])('a promise by the clock: %s', (_, promise, others, breached) => {
  const [settled] = settleEvidence([entry(promise), ...others])
  expect(settled?.data.breached).toBe(breached)
  expect(settled?.summary.includes('That promise is broken.')).toBe(breached === true)
})

test('what dbt says of an asset fills what the catalogue leaves open, its promise whole or not at all', () => {
  const ofDbt = (data: object) => ({
    source: 'dbt',
    kind: 'catalog_entry',
    summary: 'dbt says.',
    data: { asset: 'raw.orders', owner: 'ingest', channel: '#ingest', consumers: ['board'], tier: 2, ...data },
  })
  const promise = { sla_deadline: '2026-11-21T07:00:00.000Z', sla_minutes_left: 90, sla_since: null }
  const open = { asset: 'shop.raw.orders', owner: 'finance', sla_minutes: null }
  expect(settleEvidence([ofDbt(promise), entry(open)])[1]?.data).toMatchObject({
    owner: 'finance',
    channel: '#ingest',
    consumers: ['board'],
    tier: 1,
    sla_deadline: promise.sla_deadline,
    sla_minutes_left: 90,
  })
  expect(settleEvidence([ofDbt(promise), entry({ ...open, sla_minutes: 60 })])[1]?.data).not.toHaveProperty(
    'sla_deadline',
  )
})

test('an entry that two ways lead to is told once', () => {
  const twice = [entry(), entry({ below: 'raw.orders' }), entry({ environment: 'staging' })]
  expect(settleEvidence(twice).map(({ data }) => data.environment ?? null)).toEqual([null, 'staging'])
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
