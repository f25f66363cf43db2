import pg from 'pg'
import { z } from 'zod'
import { openStore } from '../../scripts/store/connection.ts'
import { dayOfIncidents } from './day-of-incidents.ts'
import { tell } from './stories.ts'

/** How much a tenant's store is to hold, over so many days back from now. */
export interface Fullness {
  incidents: number
  days: number
}

/** How often each story of a day fired, in turn: ten times on average, as unevenly as in life. */
const firings = [24, 19, 1, 7, 9, 3, 7]
const seed = 'seed'

/** Rows of these are copied with each incident; `by` leads from a row to its incident. */
const copied: readonly { table: string; by: string }[] = [
  { table: 'incidents', by: 't.id' },
  { table: 'raw_payloads', by: '(select min(incident) from alerts where raw_id = t.id)' },
  { table: 'alerts', by: 't.incident' },
  { table: 'occurrences', by: 't.incident' },
  { table: 'conditions', by: 't.incident' },
  { table: 'evidence', by: 't.incident' },
  { table: 'decisions', by: 't.incident' },
  { table: 'actions', by: 't.incident' },
  { table: 'tickets', by: 't.incident' },
  { table: 'transitions', by: 't.incident' },
  { table: 'audit', by: 't.subject' },
]

/** How a copy's column differs from the story's own; every other time is shifted, every other value is as it was. */
const changed: Readonly<Record<string, string>> = {
  tenant: '$1',
  incident: 'plan.id',
  'incidents.id': 'plan.id',
  'audit.subject': 'plan.id',
  'raw_payloads.id': "t.id || '.' || plan.nth",
  'tickets.id': "t.id || '.' || plan.nth",
  raw_id: "t.raw_id || '.' || plan.nth",
  execution_id: "t.execution_id || '.' || plan.nth",
  delivery: "t.delivery || '.' || plan.nth",
  key: 'replace(t.key, plan.story, plan.id)',
  fingerprint: "t.fingerprint || '.' || plan.condition",
  asset_key: "t.asset_key || '_' || plan.nth % 40",
  asset:
    "case when t.asset is null then null else jsonb_set(t.asset, '{name}', to_jsonb(t.asset ->> 'name' || '_' || plan.nth % 40)) end",
  'evidence.asset': 't.asset',
  'incidents.state': "case when plan.is_open or t.state = 'dismissed' then t.state else 'resolved' end",
  'incidents.closed_at': 'case when plan.is_open then null else t.opened_at + plan.shift + plan.lasting end',
  'incidents.closed_how': "case when plan.is_open then null else 'resolve' end",
  'incidents.acknowledged_at':
    "case when t.told_at is not null and plan.nth % 3 = 0 then t.told_at + plan.shift + interval '9 minutes' end",
  'incidents.acknowledged_by': "case when t.told_at is not null and plan.nth % 3 = 0 then 'ada' end",
  'conditions.resolved_at': 'case when plan.is_open then null else t.opened_at + plan.shift + plan.lasting end',
  'alerts.end_state': "case when plan.is_open then t.end_state else coalesce(t.end_state, 'notified') end",
  'alerts.received_at': "t.received_at + plan.shift + (ascii(right(t.raw_id, 1)) % 10) * interval '7 minutes'",
}

/**
 * Fills tenants with what stories of the product's own making left, copied over and over: every shape in it is a real one.
 * Ids, conditions, assets and times differ; nearly all incidents are over.
 */
export async function fillStore(
  urls: { ownerUrl: string; appUrl: string },
  tenants: ReadonlyMap<string, Fullness>,
  onProgress: (text: string) => void,
): Promise<void> {
  const client = new pg.Client({ connectionString: urls.ownerUrl })
  await client.connect()
  try {
    await client.query("set synchronous_commit = off; set work_mem = '64MB'; set maintenance_work_mem = '256MB'")
    await keepStories(client, urls.appUrl)
    for (const [tenant, size] of tenants) {
      await be(client, tenant)
      await plan(client, size)
      for (const { table } of copied) {
        onProgress(`Filling ${tenant}: ${table}`)
        await copyRows(client, table, tenant)
      }
      await client.query(
        `insert into feedback (tenant, incident, revision, verdict, who, at)
         select $1, id, 1, case when nth % 3 = 0 then 'false_alarm' else 'right' end, 'ada', now() + shift
         from plan where nth % 12 = 5`,
        [tenant],
      )
      await client.query(
        `insert into source_heard (tenant, source, last_heard_at, heard)
         select $1, source, max(received_at), count(*) from alerts group by source
         on conflict (tenant, source) do update set heard = excluded.heard, last_heard_at = excluded.last_heard_at`,
        [tenant],
      )
    }
    onProgress('Counting for the planner')
    await client.query('vacuum analyze')
  } finally {
    await client.end()
  }
}

/** Lets the stories happen, and keeps their rows in temporary tables, which no row-level security hides. */
async function keepStories(client: pg.Client, appUrl: string): Promise<void> {
  await using store = openStore(appUrl, seed)
  await be(client, seed)
  await client.query('create temp table stories (nth integer, story text)')
  for (const [nth, story] of dayOfIncidents().entries()) {
    const incident = await tell(store, { ...story, firings: firings[nth % firings.length] ?? 1 })
    await client.query('insert into stories values ($1, $2)', [nth, incident])
  }
  for (const { table, by } of copied) {
    await client.query(`create temp table seed_${table} as select t.*, ${by} as story from ${table} as t`)
    await client.query(`delete from seed_${table} where story is null or story not in (select story from stories)`)
  }
}

async function be(client: pg.Client, tenant: string): Promise<void> {
  await client.query("select set_config('dim.tenant', $1, false)", [tenant])
}

/** Which story each incident is a copy of, what it is called, when it was, and whether it still goes on: the latest few. */
async function plan(client: pg.Client, { incidents, days }: Fullness): Promise<void> {
  await client.query('drop table if exists plan')
  await client.query(
    `create temp table plan as
     select series.nth, stories.story, series.nth < 12 + $1::int / 400 as is_open,
       'INC-' || translate(upper(substr(md5(current_setting('dim.tenant') || series.nth), 1, 10)), '01', 'GH') as id,
       make_interval(secs => -series.nth * $2::float * 86400 / $1::int) as shift,
       make_interval(mins => 8 + series.nth * 37 % 290) as lasting,
       case when series.nth < 12 + $1::int / 400 then 'open' || series.nth else (series.nth % 300)::text end as condition
     from generate_series(0, $1::int - 1) as series (nth)
     join stories on stories.nth = series.nth % (select count(*) from stories)`,
    [incidents, days],
  )
  await client.query('create index on plan (story)')
  await client.query('analyze plan')
}

async function copyRows(client: pg.Client, table: string, tenant: string): Promise<void> {
  const columns = z.array(z.object({ name: z.string(), type: z.string() })).parse(
    (
      await client.query(
        `select attname as name, format_type(atttypid, null) as type from pg_attribute
           where attrelid = $1::regclass and attnum > 0 and not attisdropped and attidentity = '' and attgenerated = ''`,
        [table],
      )
    ).rows,
  )
  const values = columns.map(({ name, type }) => {
    const own = changed[`${table}.${name}`] ?? changed[name]
    if (own !== undefined) return own
    return type.startsWith('timestamp') ? `t."${name}" + plan.shift` : `t."${name}"`
  })
  const names = columns.map(({ name }) => `"${name}"`).join(', ')
  await client.query(
    `insert into ${table} (${names}) select ${values.join(', ')} from seed_${table} as t join plan using (story)`,
    [tenant],
  )
}
