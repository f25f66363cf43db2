import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Store } from '../../scripts/store/connection.ts'
import { openStore } from '../../scripts/store/connection.ts'
import { sql } from '../../scripts/store/sql.ts'
import { countTenantRows, deleteTenantRows } from '../../scripts/store/tenants.ts'
import { dayOfIncidents } from '../support/day-of-incidents.ts'
import { useTestStore } from '../support/store.ts'
import { tell } from '../support/stories.ts'
import { WholeStore } from './whole-store.ts'

const { database, tenant } = useTestStore()
let whole: WholeStore
let acme: Store
let other: Store

beforeAll(async () => {
  whole = await WholeStore.open(database().ownerUrl)
  acme = tenant()
  other = tenant()
  for (const story of dayOfIncidents()) await tell(acme, story)
  await whole.fill(acme.tenant, 'only-of-acme')
})
afterAll(() => whole[Symbol.asyncDispose]())

describe('every table', () => {
  it('knows tenants in its keys, and shows and takes the rows of one only, from its owner too', async () => {
    const faults = await whole.query(
      z.object({ table: z.string(), fault: z.string() }),
      `select class.relname as table, fault from pg_class as class, lateral (
         select 'has no tenant' as fault where not exists (
           select from pg_attribute where attrelid = class.oid and attname = 'tenant' and attnotnull and not attisdropped)
         union all select 'is not held to row-level security'
           where not (class.relrowsecurity and class.relforcerowsecurity)
         union all select 'has another policy than that of one tenant' where not exists (
             select from pg_policies where schemaname = 'public' and tablename = class.relname
             having count(*) = 1 and bool_and(cmd = 'ALL' and permissive = 'PERMISSIVE' and roles = '{public}'
               and qual = '(tenant = current_setting(''dim.tenant''::text, true))'
               and with_check = '(tenant = current_setting(''dim.tenant''::text, true))'))
         union all select 'has a unique key without tenant: ' || indexrelid::regclass::text from pg_index
           where indrelid = class.oid and indisunique and not exists (
             select from pg_attribute where attrelid = class.oid and attname = 'tenant' and attnum = any(indkey::smallint[]))
       ) as found
       where class.relnamespace = 'public'::regnamespace and class.relkind in ('r', 'p')
         and class.relname <> 'schema_migrations'`,
    )
    expect(faults).toEqual([])
  })

  it('holds rows of the one tenant, and shows the other none of them', async () => {
    const own = await whole.counts(acme.tenant)
    expect([...own].filter(([, count]) => count === 0)).toEqual([])
    expect(own.size).toBeGreaterThan(35)
    const others = await whole.counts(other.tenant)
    expect([...others].filter(([, count]) => count > 0)).toEqual([])
  })

  it('shows nothing to who names no tenant, or a name that only begins alike', async () => {
    for (const name of ['', acme.tenant.slice(0, -1), `${acme.tenant}.`, `${acme.tenant}%`, '%', '*']) {
      expect([...(await whole.counts(name))].filter(([, count]) => count > 0)).toEqual([])
    }
  })

  it('refuses a row in another’s name', async () => {
    const before = await whole.digests(acme.tenant)
    const forged = other.transaction((query) =>
      query.run(sql`insert into audit (tenant, actor, what, detail) values (${acme.tenant}, 'x', 'x', '{}')`),
    )
    await expect(forged).rejects.toThrow()
    await other.transaction((query) => query.run(sql`update incidents set title = 'taken' where true`))
    expect(await whole.digests(acme.tenant)).toEqual(before)
  })
})

describe('deleting a tenant', () => {
  it('is not for the product’s own role', async () => {
    await expect(countTenantRows(acme)).rejects.toThrow()
    await expect(deleteTenantRows(acme, () => {})).rejects.toThrow()
  })

  it('leaves not one row of it in any table, and every row of others', async () => {
    const neighbour = tenant()
    for (const story of dayOfIncidents().slice(0, 3)) await tell(neighbour, story)
    await whole.fill(neighbour.tenant, 'only-of-the-neighbour')
    const before = await whole.digests(neighbour.tenant)
    await using owner = openStore(database().ownerUrl, acme.tenant)
    const listed = await countTenantRows(owner)
    expect(listed.map(({ place }) => place)).toEqual(await whole.tables())
    const told: number[] = []
    const gone = await deleteTenantRows(owner, (_, rows) => told.push(rows))
    expect([...gone.values()].reduce((sum, one) => sum + one, 0)).toBe(told.at(-1))
    expect([...(await whole.counts(acme.tenant))].filter(([, count]) => count > 0)).toEqual([])
    expect(await whole.digests(neighbour.tenant)).toEqual(before)
    expect(await deleteTenantRows(owner, () => {})).toEqual(new Map())
  })
})
