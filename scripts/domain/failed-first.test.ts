import { expect, test } from 'vitest'
import { spellFailedFirst } from './failed-first.ts'

const ingest = {
  dag_id: 'Ingest',
  run_id: 'r7',
  failed_at: '2026-11-20T02:10:40Z',
  feeds: 'Load',
  tie: 'reads' as const,
  by: ['raw.orders'],
  before: '2026-11-20T03:31:00+01:00',
}

test.each([
  ['on the same day', {}, 'Ingest failed at 02:10 UTC, before Load at 02:31 UTC, and feeds it by raw.orders'],
  [
    'the day before',
    { failed_at: '2026-11-19T23:50:00Z' },
    'Ingest failed at 2026-11-19 23:50 UTC, before Load at 2026-11-20 02:31 UTC, and feeds it by raw.orders',
  ],
  [
    'while the other has not failed',
    { before: null, by: ['a', 'b', 'c', 'd'] },
    'Ingest failed at 2026-11-20 02:10 UTC and feeds Load by a, b, c',
  ],
  [
    'what is waited for',
    { tie: 'waits' as const, by: ['wait_for_ingest'] },
    'Ingest failed at 02:10 UTC, before Load at 02:31 UTC, which waits for it in wait_for_ingest',
  ],
  [
    'what was started and is waited for, still',
    { tie: 'started' as const, by: ['ingest'], before: null },
    'Ingest failed at 2026-11-20 02:10 UTC and Load started it and waits for it in ingest',
  ],
  [
    'what started the other',
    { tie: 'started_by' as const, by: ['go_on'] },
    'Ingest failed at 02:10 UTC, before Load at 02:31 UTC, which it started by go_on',
  ],
  ['at no time', { failed_at: 'soon', before: null }, 'Ingest failed at soon and feeds Load by raw.orders'],
])('%s', (_, changes, says) => {
  expect(spellFailedFirst({ ...ingest, ...changes })).toBe(says)
})
