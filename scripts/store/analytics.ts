import { z } from 'zod'
import { type Access, type Query, within } from './connection.ts'
import { inSpan, isMended, type Span } from './incident-list.ts'
import { sql } from './sql.ts'

const Totals = z.object({
  incidents: z.number(),
  told: z.number(),
  dismissed: z.number(),
  acknowledged: z.number(),
  mended: z.number(),
  /** Medians and means, in seconds; null where there is nothing to measure. */
  mtta_s: z.number().nullable(),
  mtta_median_s: z.number().nullable(),
  mttr_s: z.number().nullable(),
  mttr_median_s: z.number().nullable(),
  recurring: z.number(),
  fixed: z.number(),
  escalated: z.number(),
  fix_tried: z.number(),
  false_alarms: z.number(),
  was_real: z.number(),
  judged_told: z.number(),
  judged_quiet: z.number(),
  by_model: z.number(),
  by_rules: z.number(),
  fallbacks: z.number(),
  tokens: z.coerce.number(),
  cost_usd: z.number(),
})
const Volume = z.object({ alerts: z.number(), messages: z.number() })
const Day = z.object({
  day: z.date(),
  alerts: z.number(),
  incidents: z.number(),
  told: z.number(),
  cost_usd: z.number(),
})
const Rank = z.object({ name: z.string(), incidents: z.number(), alerts: z.number(), open_s: z.number() })

/** What a span brought, as figures. */
export const Analytics = z.object({
  totals: z.object({ ...Totals.shape, ...Volume.shape }),
  /** One row a day, UTC, days without anything included. */
  days: z.array(Day),
  /** By source: how many alerts became one incident. */
  sources: z.array(Rank),
  /** The most incidents that people were told of, first. */
  assets: z.array(Rank),
  owners: z.array(Rank),
})
export type Analytics = z.infer<typeof Analytics>

/** Figures of the incidents that opened in a span. Alerts and messages are those of these incidents, and of the span. */
export function analytics(access: Access, span: Span): Promise<Analytics> {
  return within(access, async (query) => ({
    totals: { ...(await totals(query, span)), ...(await volume(query, span)) },
    days: await days(query, span),
    sources: await ranked(query, span, 'sources'),
    assets: await ranked(query, span, 'assets'),
    owners: await ranked(query, span, 'owners'),
  }))
}

/** Row-level security leaves one tenant's rows, so `tenant` is in no join here: the planner would take it for a second condition. */
async function totals(query: Query, span: Span): Promise<z.infer<typeof Totals>> {
  const row = await query.first(
    Totals,
    sql`with chosen as materialized (
          select id, fingerprint, state, told_at, acknowledged_at, closed_how, ${isMended} as is_mended,
            extract(epoch from acknowledged_at - opened_at)::float as to_acknowledge,
            extract(epoch from closed_at - opened_at)::float as to_mend
          from incidents where ${inSpan(span)}
        ), judged as (
          select (count(*) filter (where verdict = 'false_alarm'))::int as false_alarms,
            (count(*) filter (where verdict = 'was_real'))::int as was_real,
            (count(*) filter (where told))::int as judged_told, (count(*) filter (where not told))::int as judged_quiet
          from (
            select distinct on (feedback.incident, who) verdict, told_at is not null as told
            from feedback join chosen on chosen.id = feedback.incident
            order by feedback.incident, who, feedback.id desc
          ) as last_words
        ), analysed as (
          select (count(*) filter (where analyzer = 'gemini'))::int as by_model,
            (count(*) filter (where analyzer = 'rules'))::int as by_rules, (count(*) filter (where fell_back))::int as fallbacks,
            coalesce(sum(tokens), 0) as tokens, coalesce(sum(cost_usd), 0)::float as cost_usd
          from decisions join chosen on chosen.id = decisions.incident
        ), counted as (
          select count(*)::int as incidents, (count(told_at))::int as told,
            (count(*) filter (where state = 'dismissed'))::int as dismissed, (count(acknowledged_at))::int as acknowledged,
            (count(*) filter (where is_mended))::int as mended,
            avg(to_acknowledge)::float as mtta_s,
            percentile_cont(0.5) within group (order by to_acknowledge)::float as mtta_median_s,
            (avg(to_mend) filter (where is_mended))::float as mttr_s,
            (percentile_cont(0.5) within group (order by case when is_mended then to_mend end))::float as mttr_median_s,
            (select coalesce(sum(times), 0)::int from (
              select count(*) as times from chosen group by fingerprint having count(*) > 1) as repeated) as recurring,
            (count(*) filter (where closed_how = 'fixed'))::int as fixed,
            (count(*) filter (where state = 'escalated'))::int as escalated,
            (select count(distinct actions.incident)::int
              from actions join chosen on chosen.id = actions.incident
              where actions.kind = 'fix' and attempt > 0) as fix_tried
          from chosen
        )
        select * from counted, judged, analysed`,
  )
  if (!row) throw new Error('An aggregate always has a row.')
  return row
}

async function volume(query: Query, span: Span): Promise<z.infer<typeof Volume>> {
  const row = await query.first(
    Volume,
    sql`select
          ${alertsOf(span)} as alerts,
          (select count(*)::int from actions join incidents on incidents.id = actions.incident
            where message is not null and actions.state in ('sent', 'confirmed') and ${inSpan(span)}) as messages`,
  )
  return row ?? { alerts: 0, messages: 0 }
}

/** Without a filter, every alert of the span counts; with one, those of the incidents that it leaves. */
function alertsOf(span: Span) {
  const { from, to, source, severity, owner } = span
  return source || severity || owner
    ? sql`(select coalesce(sum(occurrences), 0)::int from incidents where ${inSpan(span)})`
    : sql`(select count(*)::int from alerts where received_at >= ${from} and received_at < ${to})`
}

function days(query: Query, span: Span): Promise<Analytics['days']> {
  const { from, to } = span
  return query.rows(
    Day,
    sql`with opened as (
          select date_trunc('day', opened_at, 'UTC') as day, count(*)::int as incidents, count(told_at)::int as told,
            sum(occurrences)::int as alerts, sum(cost)::float as cost_usd
          from incidents left join (
            select incident as id, sum(cost_usd) as cost from decisions where cost_usd > 0 group by incident
          ) as spent using (id)
          where ${inSpan(span)} group by 1
        )
        select day, coalesce(alerts, 0) as alerts, coalesce(incidents, 0) as incidents, coalesce(told, 0) as told,
          coalesce(cost_usd, 0) as cost_usd
        from generate_series(date_trunc('day', ${from}::timestamptz, 'UTC'), ${to}::timestamptz - interval '1 microsecond',
          interval '1 day') as day left join opened using (day) order by day`,
  )
}

const groups = {
  sources: sql`incidents.source`,
  assets: sql`coalesce(incidents.asset ->> 'name', 'no asset named')`,
  owners: sql`coalesce((
    select owner from evidence
    where evidence.tenant = incidents.tenant and evidence.incident = incidents.id
      and evidence.revision = incidents.revision and owner is not null
    order by position limit 1), 'nobody named')`,
} as const

function ranked(query: Query, span: Span, by: keyof typeof groups): Promise<z.infer<typeof Rank>[]> {
  const told = by === 'sources' ? sql`true` : sql`told_at is not null`
  return query.rows(
    Rank,
    sql`select ${groups[by]} as name, count(*)::int as incidents, sum(occurrences)::int as alerts,
          coalesce(sum(extract(epoch from coalesce(closed_at, now()) - opened_at)::float), 0) as open_s
        from incidents where ${inSpan(span)} and ${told}
        group by 1 order by incidents desc, name limit 10`,
  )
}
