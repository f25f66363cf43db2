import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { lateTable, useWorlds, type World } from '../../tests/support/workflow.ts'
import { loadQuieted } from '../store/quieting.ts'
import { addSilence, endSilence, listSilences } from '../store/silences.ts'
import { sql } from '../store/sql.ts'

const { world } = useWorlds()
const minute = 60_000
const hour = 60 * minute

const ends = (one: World) =>
  one.store.transaction((query) =>
    query.rows(
      z.object({ end: z.string().nullable(), why: z.string().nullable() }),
      sql`select end_state as end, end_reason as why from alerts order by received_at, raw_id, position`,
    ),
  )
const only = async (one: World) => {
  const rows = await one.store.transaction((query) =>
    query.rows(z.object({ id: z.string() }), sql`select id from incidents order by opened_at`),
  )
  expect(rows).toHaveLength(1)
  return rows[0]?.id ?? ''
}
const silence = (one: World, about: object, ms = 2 * hour) =>
  addSilence(one.store, { name: 'upgrade', ...about, until: new Date(Date.now() + ms), recurring: null, by: 'ada' })
const orders = { asset: 'shop.public.*' }

describe('a silence', () => {
  test('keeps and folds what it covers, says which it was, and wakes nobody', async () => {
    const one = await world()
    const id = await silence(one, orders)
    expect(await one.fire(lateTable())).toMatchObject({ count: 0 })
    await one.fire(lateTable({ alert_id: 'late-2' }))
    const incident = await only(one)
    expect(await ends(one)).toEqual([
      { end: 'silenced', why: expect.stringContaining(id) },
      { end: 'silenced', why: expect.stringContaining(id) },
    ])
    expect(await one.turn()).toMatchObject({ toAnalyze: 0 })
    await one.pass(10 * minute)
    expect(await one.turn()).toMatchObject({ toAnalyze: 0 })
    expect(one.told(incident)).toEqual([])
  })

  test('that ends while the trouble goes on has it analysed, however long ago it began', async () => {
    const one = await world()
    const id = await silence(one, orders, 20 * hour)
    await one.fire(lateTable())
    const incident = await only(one)
    await one.pass(10 * hour)
    expect(await one.turn()).toMatchObject({ toAnalyze: 0 })
    expect(await endSilence(one.store, id, 'bob')).toBe(true)
    expect(await one.turn()).toMatchObject({ toAnalyze: 1 })
    await one.decide(incident)
    await one.notify(incident)
    expect(one.told(incident)).toHaveLength(1)
    expect(await endSilence(one.store, id, 'bob')).toBe(false)
  })

  test('whose time is up needs nobody to end it', async () => {
    const one = await world()
    await silence(one, orders, 500)
    await one.fire(lateTable())
    const incident = await only(one)
    await expect.poll(async () => (await listSilences(one.store)).length).toBe(0)
    await one.pass(minute)
    expect(await one.turn()).toMatchObject({ toAnalyze: 1 })
    expect(await loadQuieted(one.store, incident)).toBeNull()
    expect(await one.due(incident)).toEqual(expect.arrayContaining(['dispatch', 'page_deadline']))
  })

  test('is forgotten when the trouble resolves', async () => {
    const one = await world()
    const id = await silence(one, orders)
    await one.fire(lateTable())
    const incident = await only(one)
    await one.fire(lateTable({ status: 'resolved' }))
    expect(await one.incident(incident)).toMatchObject({ state: 'resolved' })
    await endSilence(one.store, id, 'bob')
    expect(await one.turn()).toMatchObject({ toAnalyze: 0 })
    expect(one.told(incident)).toEqual([])
  })

  test('set after it began stops the page and the reminders, not the counting', async () => {
    const one = await world()
    const incident = await one.open(lateTable())
    await silence(one, orders)
    await one.pass(2 * minute)
    await one.turn()
    expect(one.told(incident)).toEqual([])
    expect((await loadQuieted(one.store, incident))?.kind).toBe('silence')
  })

  test('covers what becomes worse, too, and that is decided when it ends', async () => {
    const one = await world()
    const incident = await one.handle(lateTable({ severity: 'low' }))
    const id = await silence(one, orders)
    expect(await one.fire(lateTable({ severity: 'critical' }))).toMatchObject({ count: 0 })
    await endSilence(one.store, id, 'ada')
    expect(await one.turn()).toMatchObject({ toAnalyze: 1 })
    expect(await one.incident(incident)).toMatchObject({ revision: 2 })
  })

  test('says who, why and until in the audit log', async () => {
    const one = await world()
    const id = await silence(one, orders)
    await endSilence(one.store, id, 'bob')
    const lines = await one.store.transaction((query) =>
      query.rows(
        z.object({ actor: z.string(), what: z.string(), detail: z.record(z.string(), z.unknown()) }),
        sql`select actor, what, detail from audit where subject = ${id} order by id`,
      ),
    )
    expect(lines).toMatchObject([
      { actor: 'ada', what: 'silence added', detail: { why: 'upgrade', asset: 'shop.public.*' } },
      { actor: 'bob', what: 'silence ended' },
    ])
  })

  test('of one tenant says nothing to another', async () => {
    const [one, other] = [await world(), await world()]
    await silence(one, { asset: '*' })
    expect(await other.fire(lateTable())).toMatchObject({ count: 1 })
  })
})

describe('a maintenance window of the catalogue', () => {
  const catalog = (about: string) =>
    `assets: []\nmaintenance:\n  - name: vacuum\n    ${about}\n    cron: "* * * * *"\n    minutes: 60\n`

  test.each(['source: plain/datadog', 'asset: "*"', 'labels: { reported_source: data* }'])(
    'by %s silences',
    async (about) => {
      const one = await world({ catalog: catalog(about) })
      expect(await one.fire(lateTable())).toMatchObject({ count: 0 })
      expect(await ends(one)).toEqual([{ end: 'silenced', why: expect.stringMatching(/^silenced until .+: vacuum$/) }])
    },
  )

  test('counts from the moment it is written, and until it is taken out', async () => {
    const one = await world({ catalog: 'assets: []\n' })
    expect(await one.fire(lateTable())).toMatchObject({ count: 1 })
    const file = join(one.settings.DIM_CONFIG_DIR ?? '', 'catalog.yaml')
    await writeFile(file, catalog('asset: shop.*'))
    const table = { metric: { name: 'freshness_hours', table: 'shop.public.other' } }
    expect(await one.fire(lateTable(table))).toMatchObject({ count: 0 })
    await writeFile(file, 'assets: []\n')
    await one.pass(15 * minute)
    expect(await one.turn()).toMatchObject({ toAnalyze: 2 })
  })

  test('that can not be read keeps no alert out, is logged, and leaves in force what was read before', async () => {
    const one = await world({ catalog: catalog('asset: shop.*') })
    expect(await one.fire(lateTable())).toMatchObject({ count: 0 })
    const file = join(one.settings.DIM_CONFIG_DIR ?? '', 'catalog.yaml')
    await writeFile(file, catalog('asset: shop.*').replace('* * * * *', 'never'))
    await utimes(file, 1, 1)
    expect(await one.fire(lateTable({ metric: { name: 'n', table: 'shop.public.x' } }))).toMatchObject({ count: 0 })
    await one.turn()
    expect(one.logged.join('\n')).toMatch(
      /error The rules for keeping quiet are as they were last read: E_CONFIG_INVALID/,
    )
  })
})

const failing = (changes: object = {}) => ({
  dag_id: 'orders',
  task_id: 'load',
  run_id: 'scheduled__1',
  state: 'up_for_retry',
  try_number: 1,
  max_tries: 3,
  exception: 'Timeout',
  ...changes,
})

describe('a failure with retries left', () => {
  test('waits for them, and is analysed when they had their time', async () => {
    const one = await world()
    expect(await one.fire(failing())).toMatchObject({ count: 0 })
    const incident = await only(one)
    await one.pass(10 * minute)
    expect(await one.turn()).toMatchObject({ toAnalyze: 0 })
    expect(one.told(incident)).toEqual([])
    await one.pass(6 * minute)
    expect(await one.turn()).toMatchObject({ toAnalyze: 1 })
  })

  test('waits no longer once the last try has failed', async () => {
    const one = await world()
    await one.fire(failing())
    expect(await one.fire(failing({ try_number: 2 }))).toMatchObject({ count: 0 })
    expect(await one.fire(failing({ state: 'failed', try_number: 3 }))).toMatchObject({ count: 1 })
    await only(one)
  })

  test('ends without a word when it recovers in between', async () => {
    const one = await world()
    await one.fire(failing())
    const incident = await only(one)
    await one.fire(failing({ state: 'success', try_number: 2 }))
    expect(await one.incident(incident)).toMatchObject({ state: 'resolved' })
    await one.pass(hour)
    expect(await one.turn()).toMatchObject({ toAnalyze: 0 })
    expect(await ends(one)).toMatchObject([{ end: 'logged' }, { end: 'folded' }])
    expect(one.told(incident)).toEqual([])
  })

  test('waits for nothing when it is critical', async () => {
    const one = await world()
    expect(await one.fire(failing({ severity: 'critical' }))).toMatchObject({ count: 1 })
  })
})

describe('an alert of another day', () => {
  const old = (changes: object = {}) => ({
    receiver: 'dim',
    status: 'firing',
    alerts: [
      {
        status: 'firing',
        labels: { alertname: 'DagFailed', dag_id: 'daily_elt_pipeline', severity: 'critical' },
        annotations: { summary: 'daily_elt_pipeline failed' },
        startsAt: new Date(Date.now() - 48 * hour).toISOString(),
        ...changes,
      },
    ],
  })

  test('is folded and logged, and nobody is paged', async () => {
    const one = await world({ settings: { AIRFLOW_URL: '' } })
    expect(await one.fire(old())).toMatchObject({ count: 0 })
    const incident = await only(one)
    await one.turn()
    await one.pass(10 * minute)
    expect(await one.turn()).toMatchObject({ toAnalyze: 0 })
    expect(await ends(one)).toMatchObject([{ end: 'logged' }])
    expect(one.told(incident)).toEqual([])
  })

  test('is analysed when a system shows that it is still true', async () => {
    const one = await world()
    await one.fire(old())
    expect(await one.turn()).toMatchObject({ toAnalyze: 1 })
  })

  test('is analysed when it fires anew', async () => {
    const one = await world({ settings: { AIRFLOW_URL: '' } })
    await one.fire(old())
    expect(await one.fire(old({ startsAt: new Date().toISOString() }))).toMatchObject({ count: 1 })
    await only(one)
  })
})
