import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { dbtManifest, dbtModel } from '../../tests/support/dbt-project.ts'
import { createTestStore } from '../../tests/support/postgres.ts'
import { exampleAlert, receive, useTestStore } from '../../tests/support/store.ts'
import { readManifest } from '../connectors/dbt/manifest.ts'
import { AppError } from '../lib/errors.ts'
import { openStore, type Store } from './connection.ts'
import { keepDbtProject } from './dbt.ts'
import { replaceLineage } from './lineage.ts'
import { saveMark } from './marks.ts'
import { migrate } from './migrate.ts'
import { replaceAssetEnvironments } from './places.ts'
import { sql } from './sql.ts'
import { keepTable, spendCredits } from './warehouses.ts'

const { tenant, database } = useTestStore()
const One = z.object({ one: z.number() })

function failureOf(work: Promise<unknown>): Promise<AppError> {
  return work.then(
    () => expect.fail('It did not fail.'),
    (thrown) => (thrown instanceof AppError ? thrown : expect.fail(String(thrown))),
  )
}

async function asRole<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

describe('a transaction', () => {
  test('happens at once or not at all', async () => {
    const store = tenant()
    const { incident } = await receive(store, exampleAlert())
    const failed = store.transaction(async (query) => {
      await query.run(sql`update incidents set title = 'changed' where id = ${incident}`)
      throw new AppError('E_LEASE_LOST', 'lost', 'none')
    })
    expect((await failureOf(failed)).code).toBe('E_LEASE_LOST')
    const { title } = await store.transaction(async (query) => {
      const row = await query.first(z.object({ title: z.string() }), sql`select title from incidents`)
      return row ?? expect.fail()
    })
    expect(title).toBe('orders failed')
  })

  test('that deadlocks is run once more', async () => {
    const store = tenant()
    const [{ incident: first }, { incident: second }] = [
      await receive(store, exampleAlert({ fingerprint: 'fp_first', asset: { kind: 'host', name: 'first' } })),
      await receive(store, exampleAlert({ fingerprint: 'fp_second', asset: { kind: 'host', name: 'second' } })),
    ]
    let meeting = 0
    let meet = () => {}
    const both = new Promise<void>((resolve) => {
      meet = resolve
    })
    let runs = 0
    const cross = (order: (string | null)[]) =>
      store.transaction(async (query) => {
        runs += 1
        await query.run(sql`update incidents set occurrences = occurrences + 1 where id = ${order[0]}`)
        meeting += 1
        if (meeting === 2) meet()
        await both
        await query.run(sql`update incidents set occurrences = occurrences + 1 where id = ${order[1]}`)
      })
    await Promise.all([cross([first, second]), cross([second, first])])
    expect(runs).toBe(3)
    const counts = await store.transaction((query) =>
      query.rows(z.object({ occurrences: z.number() }), sql`select occurrences from incidents`),
    )
    expect(counts).toEqual([{ occurrences: 3 }, { occurrences: 3 }])
  })

  test('survives that the server cut an idle connection', async () => {
    const store = tenant()
    await receive(store, exampleAlert())
    await asRole(database().appUrl, (client) =>
      client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and usename = user and pid <> pg_backend_pid()`,
      ),
    )
    // The pool learns of it with the next use at the latest; the flow tries again.
    await store.transaction((query) => query.first(One, sql`select 1 as one`)).catch(() => {})
    expect(await store.transaction((query) => query.first(One, sql`select 1 as one`))).toEqual({ one: 1 })
  })
})

describe('a lock', () => {
  test('is one holder’s at a time, and another tenant’s is another', async () => {
    const [store, other] = [tenant(), tenant()]
    const result = await store.exclusively('clock', async () => [
      await store.exclusively('clock', async () => 'both'),
      await other.exclusively('clock', async () => 'other tenant'),
    ])
    expect(result).toEqual(['busy', 'other tenant'])
    expect(await store.exclusively('clock', async () => 'again')).toBe('again')
  })
})

describe('a store that can’t be used', () => {
  test('is loaded lazily: importing it does not load the driver', async () => {
    const script = `const { openStore } = await import('./scripts/store/connection.ts')
      openStore('postgres://u:p@127.0.0.1:1/d', 'tenant')
      const { createRequire } = await import('node:module')
      const cache = createRequire(import.meta.url).cache
      console.log(Object.keys(cache).some((file) => file.includes('/node_modules/pg/')))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
    expect(stdout.trim()).toBe('false')
  })

  test('is down', async () => {
    await using store = openStore(`postgres://dim_app:secret-word@127.0.0.1:${await closedPort()}/x`, 'tenant')
    const failure = await failureOf(store.transaction(async () => {}))
    expect(failure).toMatchObject({ code: 'E_STORE_UNAVAILABLE', retryable: true })
    expect(`${failure.message} ${failure.hint}`).not.toContain('secret-word')
  })

  test('hangs up in the middle', async () => {
    const server = createServer((socket) => socket.on('data', () => socket.destroy())).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') expect.fail()
    await using store = openStore(`postgres://dim_app:x@127.0.0.1:${address.port}/x`, 'tenant')
    expect((await failureOf(store.transaction(async () => {}))).code).toBe('E_STORE_UNAVAILABLE')
    server.close()
  })

  test('is cut off in the middle of a transaction', async () => {
    const store = tenant()
    const cut = store.transaction(async (query) => {
      const row = await query.first(z.object({ pid: z.number() }), sql`select pg_backend_pid() as pid`)
      await asRole(database().appUrl, (client) => client.query('select pg_terminate_backend($1)', [row?.pid]))
      await query.first(One, sql`select 1 as one`)
    })
    expect((await failureOf(cut)).code).toBe('E_STORE_UNAVAILABLE')
  })

  test('has no schema', async () => {
    const empty = await createTestStore({ migrated: false })
    await using store = openStore(empty.appUrl, 'tenant')
    const failure = await failureOf(receive(store, exampleAlert()))
    expect(failure).toMatchObject({ code: 'E_STORE_NOT_MIGRATED', retryable: false })
    expect(failure.hint).toContain('migrate')
    await store.close()
    await empty.close()
  })

  test.each([
    [
      'has another password',
      (url: URL) => {
        url.password = 'wrong-secret'
      },
    ],
    [
      'has no such database',
      (url: URL) => {
        url.pathname = '/nowhere'
      },
    ],
  ])('%s', async (_, change) => {
    const url = new URL(database().appUrl)
    change(url)
    await using store = openStore(url.href, 'tenant')
    expect((await failureOf(store.transaction(async () => {}))).code).toMatch(/^E_SETTING_INVALID$/)
  })

  test.each(['not a url', 'postgres://user:top-secret@[bad/x'])(
    'has an address that can’t be read: %s',
    async (url) => {
      await using store = openStore(url, 'tenant')
      const failure = await failureOf(store.transaction(async () => {}))
      expect(`${failure.message} ${failure.hint} ${String(failure.cause)}`).not.toContain('top-secret')
    },
  )

  test.each(['', 'Tenant', "x'; drop table due; --", '../x'])('is asked for no tenant: %j', (name) => {
    expect(() => openStore(database().appUrl, name)).toThrow(AppError)
  })
})

describe('tenants', () => {
  const tables = [
    'raw_payloads',
    'incidents',
    'alerts',
    'occurrences',
    'evidence',
    'decisions',
    'actions',
    'tickets',
    'dead_letters',
    'due',
    'transitions',
    'audit',
    'lineage_edges',
    'lineage_origins',
    'asset_environments',
    'conditions',
    'approvals',
    'audit_seals',
    'fix_runs',
    'shadow_fixes',
    'switches',
    'system_health',
    'system_answers',
    'changes',
    'silences',
    'quieted',
    'source_heard',
    'marks',
    'paces',
    'dbt_projects',
    'dbt_nodes',
    'dbt_changes',
    'accounts',
    'sessions',
    'api_tokens',
    'model_usage',
    'warehouse_tables',
    'warehouse_rows',
    'warehouse_changes',
    'warehouse_credits',
    'feedback',
    'memory_keys',
    'withdrawals',
  ]

  test('every table is one of these, guarded by forced row-level security, with the tenant in every key', async () => {
    await asRole(database().ownerUrl, async (client) => {
      const { rows: found } = await client.query(
        `select relname as name, relrowsecurity and relforcerowsecurity as guarded from pg_class
         where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> 'schema_migrations' order by 1`,
      )
      expect(found).toEqual([...tables].sort().map((name) => ({ name, guarded: true })))
      const { rows: keys } = await client.query(
        `select indexrelid::regclass::text as name from pg_index join pg_class on pg_class.oid = indrelid
         where indisunique and relnamespace = 'public'::regnamespace and relname <> 'schema_migrations'
           and not exists (select from pg_attribute where attrelid = indrelid and attnum = any(indkey) and attname = 'tenant')`,
      )
      expect(keys).toEqual([])
    })
  })

  test('see their own rows only, whatever they ask', async () => {
    const [store, other] = [tenant(), tenant()]
    await fillEveryTable(store)
    for (const table of tables) {
      const count = (of: Store) =>
        of.transaction((query) =>
          query.first(z.object({ count: z.number() }), { ...sql``, text: `select count(*)::int from ${table}` }),
        )
      expect([table, await count(store)]).toEqual([table, { count: 1 }])
      expect([table, await count(other)]).toEqual([table, { count: 0 }])
      await asRole(database().appUrl, async (client) => {
        const { rows } = await client.query(`select count(*)::int from ${table}`)
        expect([table, rows[0]]).toEqual([table, { count: 0 }])
      })
      // The owner is held to it too.
      await asRole(database().ownerUrl, async (client) => {
        const { rows } = await client.query(`select count(*)::int from ${table}`)
        expect([table, rows[0]]).toEqual([table, { count: 0 }])
      })
    }
  })

  test('can’t write into another', async () => {
    for (const name of ['another', '']) {
      await asRole(database().appUrl, async (client) => {
        if (name) await client.query("select set_config('dim.tenant', $1, false)", [name])
        for (const table of tables) {
          const { rows } = await client.query(
            `select string_agg(quote_ident(attname), ', ') as columns from pg_attribute
             where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
            [table],
          )
          const copy = client.query(
            `insert into ${table} (${rows[0]?.columns}) overriding user value
             select ${rows[0]?.columns} from json_populate_record(null::${table}, $1)`,
            [JSON.stringify({ tenant: 'tenant-1' })],
          )
          await expect(copy, table).rejects.toThrow(/row-level security/)
        }
        const stolen = client.query(
          "insert into due (tenant, kind, subject, due_at) values ('tenant-1', 'a', 'b', now())",
        )
        await expect(stolen).rejects.toThrow(/row-level security/)
      })
    }
  })

  test('can’t be left by a statement inside the transaction’s end', async () => {
    const [store, other] = [tenant(), tenant()]
    await receive(other, exampleAlert())
    // The setting is the transaction's: the next one on the same connection starts without it.
    await store.transaction((query) => query.first(One, sql`select 1 as one`))
    expect(
      await store.transaction((query) => query.rows(z.object({ id: z.string() }), sql`select id from incidents`)),
    ).toEqual([])
  })
})

describe('the product’s role', () => {
  test.each([
    'create table mine (id int)',
    'create temporary table mine (id int)',
    'create schema mine',
    'create function mine() returns int language sql as $$ select 1 $$',
    'alter table incidents disable row level security',
    'drop table incidents',
    'drop policy one_tenant on incidents',
    'truncate incidents',
    'create role mine',
    'set role dim_owner',
    "update transitions set why = 'nothing'",
    'delete from transitions',
    "update audit set actor = 'nobody'",
    'delete from audit',
    'delete from raw_payloads',
    "update raw_payloads set body = 'nothing'",
    'delete from alerts',
    "update alerts set alert = '{}'",
    'delete from schema_migrations',
  ])('may not: %s', async (statement) => {
    await asRole(database().appUrl, async (client) => {
      await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' })
    })
  })

  test('is no superuser, bypasses nothing, owns nothing', async () => {
    await asRole(database().appUrl, async (client) => {
      const { rows } = await client.query(
        `select rolsuper, rolbypassrls, rolcreatedb, rolcreaterole,
           (select count(*)::int from pg_class where relowner = pg_roles.oid) as owns
         from pg_roles where rolname = current_user`,
      )
      expect(rows).toEqual([
        { rolsuper: false, rolbypassrls: false, rolcreatedb: false, rolcreaterole: false, owns: 0 },
      ])
    })
  })
})

describe('migrations', () => {
  const made: Awaited<ReturnType<typeof createTestStore>>[] = []
  afterAll(() => Promise.all(made.map((store) => store.close())))

  test('run once, by whoever is first of several at once', async () => {
    const empty = await createTestStore({ migrated: false })
    made.push(empty)
    const runs = await Promise.all([migrate(empty.ownerUrl), migrate(empty.ownerUrl), migrate(empty.ownerUrl)])
    expect(runs.flat()).toEqual(await migrationNames())
    expect(await migrate(empty.ownerUrl)).toEqual([])
    await using store = openStore(empty.appUrl, 'tenant')
    expect(await receive(store, exampleAlert())).toMatchObject({ count: 1 })
  })

  test('say that the server is down', async () => {
    const failure = await failureOf(migrate(`postgres://dim_owner:secret-word@127.0.0.1:${await closedPort()}/x`))
    expect(failure).toMatchObject({ code: 'E_STORE_UNAVAILABLE', retryable: true })
    expect(failure.message).not.toContain('secret-word')
  })

  test('are refused to the product’s role', async () => {
    const empty = await createTestStore({ migrated: false })
    made.push(empty)
    expect((await failureOf(migrate(empty.appUrl))).code).toBe('E_SETTING_INVALID')
  })

  test('are a command, with exit codes', async () => {
    const command = (env: NodeJS.ProcessEnv, ...rest: string[]) =>
      promisify(execFile)(process.execPath, ['scripts/cli/migrate.ts', ...rest], {
        env: { PATH: process.env.PATH, ...env },
      }).then(
        ({ stdout }) => ({ code: 0, said: stdout }),
        (failure) => ({ code: failure.code, said: failure.stderr }),
      )
    expect(await command({ DATABASE_OWNER_URL: database().ownerUrl })).toEqual({
      code: 0,
      said: 'The schema is up to date.\n',
    })
    expect(await command({}, '--help')).toMatchObject({ code: 0, said: expect.stringContaining('DATABASE_OWNER_URL') })
    expect(await command({})).toMatchObject({ code: 2, said: expect.stringContaining('E_SETTING_MISSING') })
    expect(await command({}, '--nonsense')).toMatchObject({ code: 2 })
    const down = `postgres://dim_owner:secret-word@127.0.0.1:${await closedPort()}/x`
    const failed = await command({ DATABASE_OWNER_URL: down })
    expect(failed).toMatchObject({ code: 75, said: expect.stringContaining('E_STORE_UNAVAILABLE') })
    expect(failed.said).not.toContain('secret-word')
  })
})

/** One row in each table. */
async function fillEveryTable(store: Store): Promise<void> {
  const { incident } = await receive(store, exampleAlert())
  const id = incident ?? expect.fail()
  await store.transaction(async (query) => {
    await query.run(sql`delete from due where kind <> 'quiet'`)
    await query.run(
      sql`insert into evidence values (${store.tenant}, ${id}, 1, 'ev_1', 0, 'alert', 'metric', null, '{}')`,
    )
    await query.run(
      sql`insert into decisions (tenant, incident, revision, holder, proposal, record, analyzer)
          values (${store.tenant}, ${id}, 1, 'x', '{}', '{}', 'rules')`,
    )
    await query.run(
      sql`insert into actions (tenant, key, incident, revision, kind) values (${store.tenant}, 'k', ${id}, 1, 'slack')`,
    )
    await query.run(
      sql`insert into tickets (tenant, id, key, incident, title, severity) values (${store.tenant}, 't', 'k', ${id}, 't', 'LOW')`,
    )
    await query.run(
      sql`insert into dead_letters (tenant, execution_id, task, original_id, code, message) values (${store.tenant}, 'e', 't', 'o', 'c', 'm')`,
    )
    await query.run(sql`insert into audit (tenant, actor, what, detail) values (${store.tenant}, 'a', 'w', '{}')`)
    await query.run(
      sql`insert into system_health (tenant, system, failures, code, reason) values (${store.tenant}, 's', 1, 'c', 'r')`,
    )
    await query.run(
      sql`insert into system_answers (tenant, system, key, token, until) values (${store.tenant}, 's', 'k', 't', now())`,
    )
    await query.run(
      sql`insert into changes (tenant, id, what, at, assets, files, summary)
          values (${store.tenant}, 'c', 'deploy', now(), '{}', '{}', 's')`,
    )
    await query.run(
      sql`insert into silences (tenant, id, name, asset, ends_at, created_by)
          values (${store.tenant}, 's', 'n', '*', now(), 'a')`,
    )
    await query.run(
      sql`insert into quieted (tenant, incident, kind, reason) values (${store.tenant}, ${id}, 'limit', 'r')`,
    )
    await saveMark(query, 'm', new Date())
    await query.run(sql`insert into model_usage (tenant, day) values (${store.tenant}, current_date)`)
    await query.run(sql`insert into paces values (${store.tenant}, 'slack', now())`)
    await keepDbtProject(query, 'dbt', 's', readManifest(dbtManifest([dbtModel('a', [])])))
    await replaceLineage(query, 'dbt:dbt', '1', [{ upstream: 'a', downstream: 'b' }])
    await replaceAssetEnvironments(query, [{ family: 'dag', name: 'a', system: '', environment: 'production' }])
    await query.run(
      sql`insert into dbt_changes (tenant, system, node, change) values (${store.tenant}, 'dbt', 'n', '{}')`,
    )
    await query.run(
      sql`insert into accounts (tenant, name, role, created_by) values (${store.tenant}, 'a', 'viewer', 'b')`,
    )
    await query.run(sql`insert into sessions (tenant, token_hash, account) values (${store.tenant}, 'h', 'a')`)
    await query.run(
      sql`insert into api_tokens (tenant, id, token_hash, account, label, scope, expires_at)
          values (${store.tenant}, 't', 'h', 'a', 'l', 'viewer', now())`,
    )
    await query.run(
      sql`insert into switches (tenant, subject, thrown, who, why) values (${store.tenant}, '*', true, 'w', 'y')`,
    )
    await query.run(
      sql`insert into approvals (tenant, incident, revision, remediation, expires_at) values (${store.tenant}, ${id}, 1, '{}', now())`,
    )
    await query.run(
      sql`insert into fix_runs (tenant, key, incident, template, target, system, thing) values (${store.tenant}, 'k', ${id}, 't', 't', 's', 't')`,
    )
    await query.run(
      sql`insert into shadow_fixes (tenant, incident, revision, template, target, remediation, why) values (${store.tenant}, ${id}, 1, 't', 't', '{}', 'w')`,
    )
    await query.run(sql`insert into audit_seals (tenant, sequence, audit_id, seal) values (${store.tenant}, 1, 1, 's')`)
    const table = { name: 'd.s.t', columns: { id: 'int' }, rows: 1, lastAltered: null, stamp: '1' }
    for (const columns of [table.columns, {}])
      await keepTable(query, 'postgres', { ...table, columns }, { promised: null, now: new Date() })
    await spendCredits(query, 'snowflake', { credits: 0.1, limit: 1, now: new Date() })
    await query.run(
      sql`insert into feedback (tenant, incident, revision, verdict, who) values (${store.tenant}, ${id}, 1, 'right', 'a')`,
    )
    await query.run(sql`insert into memory_keys values (${store.tenant}, 1, now(), ${id})`)
    await query.run(
      sql`insert into withdrawals (tenant, incident, revision, reason, fingerprint, who)
          values (${store.tenant}, ${id}, 1, 'rule recovered', 'x', 'a')`,
    )
  })
}

async function migrationNames(): Promise<string[]> {
  const files = await readdir(join(import.meta.dirname, 'migrations'))
  return files.map((file) => basename(file, '.sql')).sort()
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return address !== null && typeof address === 'object' ? address.port : expect.fail()
}
