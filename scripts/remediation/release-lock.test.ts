import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { unasked } from '../../tests/support/fixes.ts'
import { createTestStore, type TestStore } from '../../tests/support/postgres.ts'
import type { Remediation } from '../domain/decision.ts'
import { Evidence } from '../domain/evidence.ts'
import { AppError } from '../lib/errors.ts'
import { lockRow, releaseLock } from './release-lock.ts'

let database: TestStore
const clients: pg.Client[] = []
beforeAll(async () => {
  database = await createTestStore({ migrated: false })
  await (await connect()).query('create table public.orders (id int)')
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})))
})
afterAll(() => database.close())

const soon = () => AbortSignal.timeout(10_000)
const row = lockRow(0)
const settings = () => ({ WAREHOUSE_WRITE_URL: database.ownerUrl })

async function connect(application = 'loader'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.ownerUrl, application_name: application })
  client.on('error', () => {})
  await client.connect()
  clients.push(client)
  return client
}

/** A session whose transaction holds a lock on the table after this statement, and the plan to end it. */
async function holding(statement = 'insert into orders values (1)', application?: string) {
  const client = await connect(application)
  await client.query('begin')
  await client.query(statement)
  await client.query('lock table orders in access exclusive mode')
  if (statement !== 'insert into orders values (1)') await client.query(statement)
  return { client, remediation: await planFor(client) }
}

async function planFor(client: pg.Client): Promise<Remediation> {
  const { rows } = await client.query(
    'select pg_backend_pid() as pid, (select xact_start from pg_stat_activity where pid = pg_backend_pid()) as since',
  )
  const params = { table: 'orders', pid: rows[0].pid, since: rows[0].since.toISOString() }
  return { template: 'release_lock', target: 'public.orders', params }
}

const alive = async ({ params }: Remediation) =>
  (await (await connect('watcher')).query('select from pg_stat_activity where pid = $1', [params.pid])).rowCount === 1

const reasonOf = (call: Promise<unknown>) =>
  call.then(
    () => 'it went through',
    (thrown: unknown) => (thrown instanceof AppError ? `${thrown.code}: ${thrown.message}` : String(thrown)),
  )

describe('a zombie that holds a lock', () => {
  test('is ended, once, and whoever waited goes on', async () => {
    const { client, remediation } = await holding()
    const { promise: gone, resolve } = Promise.withResolvers<void>()
    client.once('end', () => resolve())
    const waiter = await connect()
    const waited = waiter.query('select count(*)::int as count from orders')
    expect(await row.dryRun(remediation, settings(), soon())).toMatch(/would be ended: it is idle in transaction/)
    expect(await row.wasDone(remediation, 'k', settings(), soon())).toBe(false)
    expect(await row.execute(remediation, 'k', settings(), soon())).toMatch(/^ended session \d+/)
    await gone
    expect((await waited).rows).toEqual([{ count: 0 }])
    await vi.waitFor(async () =>
      expect(await row.verify(remediation, settings(), soon(), unasked)).toMatchObject({ state: 'well' }),
    )
    // A task that died before it recorded this finds it done, and ends nothing else.
    expect(await row.wasDone(remediation, 'k', settings(), soon())).toBe(true)
    expect(await reasonOf(row.execute(remediation, 'k', settings(), soon()))).toMatch(/is gone/)
  })
})

describe('let be', () => {
  test('a long transaction that works', async () => {
    const { client, remediation } = await holding()
    const working = client.query('select pg_sleep(60)').catch(() => {})
    await vi.waitFor(async () =>
      expect(await reasonOf(row.dryRun(remediation, settings(), soon()))).toMatch(/is at work \(active\)/),
    )
    expect(await reasonOf(row.execute(remediation, 'k', settings(), soon()))).toMatch(/^E_FIX_REFUSED/)
    expect(await alive(remediation)).toBe(true)
    await (await connect('watcher')).query('select pg_terminate_backend($1)', [remediation.params.pid])
    await working
  })

  test('one that is not silent for long', async () => {
    const { remediation } = await holding()
    expect(await reasonOf(releaseLock.execute(remediation, 'k', settings(), soon()))).toMatch(/only, under 5 min/)
    expect(await alive(remediation)).toBe(true)
  })

  test.each([
    ['by its statement', 'alter table orders add column if not exists note text', undefined],
    ['by its tool', 'insert into orders values (1)', 'flyway'],
    ['dbt', 'insert into orders values (1)', 'dbt'],
  ])('a migration between two statements: %s', async (_, statement, application) => {
    const { client, remediation } = await holding(statement, application)
    if (application === undefined) await client.query(statement)
    expect(await reasonOf(row.execute(remediation, 'k', settings(), soon()))).toMatch(/looks like a migration/)
    expect(await alive(remediation)).toBe(true)
  })

  test('the next session with its number', async () => {
    const { client, remediation } = await holding()
    await client.query('commit')
    await client.query('begin')
    const since = new Date(Date.parse(remediation.params.since ?? '') - 60_000).toISOString()
    const stale = { ...remediation, params: { ...remediation.params, since } }
    expect(await reasonOf(row.execute(stale, 'k', settings(), soon()))).toMatch(/is gone/)
    expect(await alive(remediation)).toBe(true)
  })

  test('everything, without credentials for fixes or without a plan', async () => {
    const { remediation } = await holding()
    expect(await reasonOf(row.execute(remediation, 'k', { WAREHOUSE_URL: database.ownerUrl }, soon()))).toMatch(
      /^E_FIX_REFUSED: The warehouse has no credentials for fixes/,
    )
    const empty = { ...remediation, params: {} }
    expect(await reasonOf(row.execute(empty, 'k', settings(), soon()))).toMatch(/names no session/)
    expect(await alive(remediation)).toBe(true)
  })
})

test('a warehouse that is away may be asked again', async () => {
  const { remediation } = await holding()
  const away = { WAREHOUSE_WRITE_URL: 'postgresql://u:secret-word@127.0.0.1:1/x' }
  await expect(row.execute(remediation, 'k', away, soon())).rejects.toMatchObject({
    code: 'E_HTTP_NETWORK',
    retryable: true,
    message: expect.not.stringContaining('secret-word'),
  })
})

describe('plan', () => {
  const lock = (data: object, given: object = {}): Evidence =>
    Evidence.parse({
      id: 'ev_1',
      source: 'postgres',
      kind: 'lock',
      summary: '',
      observed_at: '2026-11-20T08:00:00Z',
      data: { table: 'shop.orders', held_s: 600, statement: 'idle in transaction', waiting: 3, session: 42, ...data },
      ...given,
    })
  const planned = { table: 'shop.orders', pid: 42, since: '2026-11-20T07:50:00.000Z' }
  test.each<[string, Evidence[], object | null]>([
    ['an idle session', [lock({})], planned],
    ['beside one that works', [lock({}), lock({ session: 7, statement: 'update shop.orders' })], planned],
    ['one that works', [lock({ statement: 'update shop.orders' })], null],
    ['two idle ones', [lock({}), lock({ session: 43 })], null],
    ['another table', [lock({ table: 'shop.items' })], null],
    ['no session named', [lock({ session: null })], null],
    ['a session that is no number', [lock({ session: '42; drop' })], null],
    ['what an alert claims', [lock({}, { source: 'alert' })], null],
    ['Snowflake: a checklist for people', [lock({}, { source: 'snowflake' })], null],
  ])('%s', (_, evidence, expected) => {
    expect(releaseLock.plan('shop.orders', evidence)).toEqual(expected)
  })
})
