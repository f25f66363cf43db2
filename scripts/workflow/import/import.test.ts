import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createTestStore, type TestStore } from '../../../tests/support/postgres.ts'
import { accountOfAlerts } from '../../store/books.ts'
import { openStore, type Store } from '../../store/connection.ts'
import { similarIncidents } from '../../store/history.ts'
import { importPast } from '../../store/import.ts'
import { sql } from '../../store/sql.ts'
import { readExport } from './exports.ts'
import { judgePast, readPast } from './import.ts'

const now = new Date('2026-11-20T00:00:00Z')
const fixtures = join(import.meta.dirname, '__fixtures__')
const settings = { DIM_CONFIG_DIR: join(import.meta.dirname, '..', '..', '..', 'config') }

const read = (name: string, text = readFileSync(join(fixtures, name), 'utf8')) =>
  readPast(readExport(name, text, now), { taught: [], otherwise: now, now })

describe('exports', () => {
  it('of Alertmanager are firings, and resolves where they have ended', () => {
    const { past, unread } = read('alertmanager.json')
    expect(unread).toEqual({})
    expect(past.incidents.map(({ closedHow, closedAt }) => [closedHow, closedAt.toISOString()])).toEqual([
      ['resolve', '2026-11-02T08:00:00.000Z'],
      ['quiet', '2026-11-02T18:30:00.000Z'],
    ])
    expect(past.incidents.map(({ alerts }) => alerts[0].alert.asset?.name)).toEqual(['raw.orders', 'raw.refunds'])
  })

  it.each(['pagerduty.json', 'pagerduty.csv'])('of PagerDuty (%s) are one condition that came twice', (name) => {
    const { past } = read(name)
    expect(past.incidents.map(({ closedHow }) => closedHow)).toEqual(['resolve', 'quiet'])
    const [first, second] = past.incidents.map(({ alerts }) => alerts[0].alert)
    expect(first).toMatchObject({ source: 'pagerduty', started_at: '2026-11-01T02:00:00.000Z', severity: 'HIGH' })
    expect(second?.fingerprint).toBe(first?.fingerprint)
  })

  it('of Datadog are what its webhook would have said', () => {
    const { past } = read('datadog.json')
    expect(past.incidents).toHaveLength(1)
    expect(past.incidents[0]).toMatchObject({ closedHow: 'resolve', occurrences: 1 })
    const webhook = past.incidents[0]?.alerts[0].alert
    expect(webhook).toMatchObject({ source: 'datadog', severity: 'HIGH', environment: 'prod' })
    expect(read('datadog-v2.json').past.incidents[0]?.alerts[0].alert).toMatchObject({
      source: 'datadog',
      fingerprint: webhook?.fingerprint,
      severity: 'HIGH',
    })
  })

  it('are bodies of any monitor too: one, a list, one a line, with what came with them', () => {
    const body = { source: 'bot', title: 'Rows fell', severity: 'high', timestamp: '2026-11-01T00:00:00Z' }
    const other = { ...body, title: 'Rows rose' }
    const line = JSON.stringify(body)
    expect(read('one.json', line).past.incidents).toHaveLength(1)
    expect(read('list.json', JSON.stringify([body, other])).past.incidents).toHaveLength(2)
    expect(read('lines.jsonl', `${line}\n${JSON.stringify(other)}\n`).past.incidents).toHaveLength(2)
    const recorded = { body, headers: { 'user-agent': 'x' }, received_at: '2026-11-05T00:00:00Z' }
    expect(read('recorded.jsonl', JSON.stringify(recorded)).deliveries[0]?.at).toEqual(new Date('2026-11-05'))
  })

  it('count what can’t be read, and read the rest', () => {
    const lines = ['{"title": "Rows fell", "severity": "high"}', '{"broken', '42', '{}', '[[[]]]']
    const { past, unread } = read('lines.jsonl', lines.join('\n'))
    expect(past.incidents).toHaveLength(1)
    expect(Object.values(unread).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(1)
  })

  it.each(['', '{"a": ', 'id,title\n"1'])('refuse %j with a reason', (text) => {
    expect(() => readExport(text.startsWith('id') ? 'x.csv' : 'x.json', text, now)).toThrow(
      expect.objectContaining({ code: 'E_PAYLOAD_UNREADABLE' }),
    )
  })

  it('read any JSON twice alike, and never throw over what it says', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        const first = read('any.json', text)
        expect(read('any.json', text)).toEqual(first)
        for (const { closedAt } of first.past.incidents) expect(closedAt.getTime()).toBeLessThanOrEqual(now.getTime())
      }),
      { numRuns: 200 },
    )
  })

  it('are judged by rules, on the catalogue, and never fixed without a system that was asked', async () => {
    for (const name of readdirSync(fixtures)) {
      for (const incident of read(name).past.incidents) {
        const decision = await judgePast(incident, { ...settings, AIRFLOW_URL: 'http://127.0.0.1:9' })
        expect(decision.analyzer).toBe('rules')
        expect(decision.recommended_action).not.toBe('auto_fix')
      }
    }
  })
})

describe('an import', () => {
  let database: TestStore
  let store: Store
  beforeAll(async () => {
    database = await createTestStore()
    store = openStore(database.appUrl, 'incident_management')
  })
  afterAll(async () => {
    await store.close()
    await database.close()
  })

  const counts = () =>
    store.transaction((query) =>
      query.first(
        z.record(z.string(), z.number()),
        sql`select (select count(*)::int from raw_payloads) as deliveries, (select count(*)::int from alerts) as alerts,
              (select count(*)::int from incidents) as incidents, (select count(*)::int from transitions) as transitions,
              (select count(*)::int from incidents where closed_at is null) as open,
              (select count(*)::int from due) as due, (select count(*)::int from actions) as actions,
              (select count(*)::int from decisions) as decisions`,
      ),
    )

  it('writes history that is over: nothing is open, due, decided or sent', async () => {
    const { deliveries, past } = read('pagerduty.json')
    expect(await importPast(store, deliveries, past)).toBe(3)
    expect(await counts()).toEqual({
      deliveries: 3,
      alerts: 3,
      incidents: 2,
      transitions: 4,
      open: 0,
      due: 0,
      actions: 0,
      decisions: 0,
    })
    expect((await accountOfAlerts(store)).open).toBe(0)
  })

  it('changes nothing the second time', async () => {
    const before = await counts()
    const { deliveries, past } = read('pagerduty.json')
    expect(await importPast(store, deliveries, past)).toBe(0)
    expect(await counts()).toEqual(before)
  })

  it('grows an incident that a longer export tells more of', async () => {
    const [firing, resolved] = readExport(
      'alertmanager.json',
      readFileSync(join(fixtures, 'alertmanager.json'), 'utf8'),
      now,
    )
    if (!firing || !resolved) throw new Error('The fixture has changed.')
    const options = { taught: [], otherwise: now, now }
    const half = readPast([firing], options)
    const whole = readPast([firing, resolved], options)
    await importPast(store, half.deliveries, half.past)
    const before = await counts()
    expect(await importPast(store, whole.deliveries, whole.past)).toBe(1)
    expect(await counts()).toEqual({ ...before, deliveries: 6 - 1, alerts: 6 - 1 })
    const row = await store.transaction((query) =>
      query.first(
        z.object({ closed_how: z.string() }),
        sql`select closed_how from incidents where title like '%raw.orders%'`,
      ),
    )
    expect(row?.closed_how).toBe('resolve')
  })

  it('is what later incidents of the condition are told of', async () => {
    const { past } = read('pagerduty.json')
    const fingerprint = past.incidents[0]?.alerts[0].alert.fingerprint ?? ''
    const similar = await similarIncidents(
      store,
      { fingerprint, assetKey: null, category: 'unknown', title: '', excluding: 'none' },
      5,
    )
    expect(similar.map(({ data }) => data)).toMatchObject([{ outcome: 'resolved' }, { outcome: 'resolved' }])
  })

  it('of one tenant is not seen by another', async () => {
    await using other = openStore(database.appUrl, 'incident_management.other')
    const { deliveries, past } = read('pagerduty.json')
    expect(await importPast(other, deliveries, past)).toBe(3)
  })
})
