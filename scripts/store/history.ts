import { z } from 'zod'
import { Alert, type Category, Severity } from '../domain/alert.ts'
import { type ConditionMemory, rememberCondition } from '../domain/condition-memory.ts'
import { Decision } from '../domain/decision.ts'
import type { EvidenceDraft } from '../domain/evidence.ts'
import { saysNoise } from '../domain/feedback.ts'
import { ClosedHow, IncidentState } from '../domain/incident.ts'
import { oneLine } from '../domain/text.ts'
import { type Access, type Query, within } from './connection.ts'
import { assetKeyOf, conditionKey, type StatementRow, statementsAbout } from './feedback.ts'
import { type Statement, sql } from './sql.ts'

/** The incident that likenesses are looked for. */
export interface Likened {
  fingerprint: string
  assetKey: string | null
  category: Category
  title: string
  excluding: string
}

const PastIncident = z.object({
  id: z.string(),
  fingerprint: z.string(),
  title: z.string(),
  state: IncidentState,
  opened_at: z.date(),
  closed_how: ClosedHow.nullable(),
  asset: z.string().nullable(),
  similarity: z.number(),
  decision: Decision.nullable(),
})
type PastIncident = z.infer<typeof PastIncident>

/** Of each key, and of the condition and the asset themselves, so many are looked at, the latest first. */
const mostOfAKey = 20

/** Below this a title shares words with another, and no trouble. */
const leastSimilarity = 0.35

/**
 * Earlier incidents as evidence, with what became of them and what people said: those of the same condition
 * (similarity 1), of the same asset, and among those that people judged also whose title is alike. What people judged
 * is worth a fifth more; among equals the latest comes first.
 */
export function similarIncidents(access: Access, to: Likened, limit: number): Promise<EvidenceDraft[]> {
  return within(access, async (query) => {
    const found = await query.rows(PastIncident, likeQuery(to, limit))
    const statements = await statementsAbout(
      query,
      found.map(({ id }) => id),
    )
    const memory = found.some((one) => one.fingerprint === to.fingerprint && isJudged(one, statements))
      ? await memoryOf(query, to)
      : null
    const [carrier] = memory ? found.filter((one) => one.fingerprint === to.fingerprint) : []
    return found.map((past) =>
      asEvidence(
        past,
        statements.filter(({ incident }) => incident === past.id),
        past === carrier ? memory : null,
      ),
    )
  })
}

/** The search itself; every way in is an index on equality, because under row-level security no other one is used. */
export function likeQuery(to: Likened, limit: number): Statement {
  return sql`with keys as materialized (
      select unnest(title_keys(${to.title}) || ${conditionKey(to.fingerprint)} || ${assetKeyOf(to.assetKey)}) as key
    ), judged as materialized (
      select distinct found.incident as id from keys cross join lateral (
        select incident from memory_keys where memory_keys.key = keys.key order by opened_at desc limit ${mostOfAKey}
      ) as found
    ), near as materialized (
      (select id from incidents where fingerprint = ${to.fingerprint} order by opened_at desc limit ${mostOfAKey})
      union (select id from incidents where asset_key = ${to.assetKey} order by opened_at desc limit ${mostOfAKey})
      union select id from judged
    ), likened as materialized (
      select past.*, exists (select from judged where judged.id = past.id) as is_judged,
        (case when past.fingerprint = ${to.fingerprint} then 1
          else (case when past.asset_key = ${to.assetKey} then 0.6 else 0 end)
            + (case when past.category = ${to.category} then 0.2 else 0 end)
            + (case when past.asset_key = ${to.assetKey} then 0.15 else 0.6 end)
              * similarity(regexp_replace(past.title, '[0-9]+', '', 'g'), regexp_replace(${to.title}, '[0-9]+', '', 'g'))
          end)::float as similarity
      from near join incidents as past on past.id = near.id
      where past.id <> ${to.excluding}
    )
    select likened.id, fingerprint, title, state, opened_at, closed_how, asset ->> 'name' as asset, similarity,
      decided.decision
    from likened left join decisions as decided
      on decided.tenant = likened.tenant and decided.incident = likened.id and decided.revision = likened.revision
    where similarity >= ${leastSimilarity}
    order by similarity * (case when is_judged then 1.2 else 1 end) desc, opened_at desc, likened.id
    limit ${limit}`
}

const Judged = z.object({
  incident: z.string(),
  alert: Alert,
  claimed: Severity,
  affected: z.number().nullable(),
})

/** So many judged incidents of a condition are weighed, the latest first. */
const mostJudged = 200

/** What people's word about the condition is worth now, by all that they said of it. */
async function memoryOf(query: Query, { fingerprint, excluding }: Likened): Promise<ConditionMemory | null> {
  const ids = await query.rows(
    z.object({ incident: z.string() }),
    sql`select memory_keys.incident from memory_keys
        join incidents on incidents.tenant = memory_keys.tenant and incidents.id = memory_keys.incident
        where key = ${conditionKey(fingerprint)} and fingerprint = ${fingerprint} and id <> ${excluding}
        order by memory_keys.opened_at desc limit ${mostJudged}`,
  )
  const statements = await statementsAbout(
    query,
    ids.map(({ incident }) => incident),
  )
  const noise = [...new Set(statements.filter(saysNoise).map(({ incident }) => incident))].slice(0, mostOfAKey)
  const judged = await query.rows(
    Judged,
    sql`select id as incident, first.alert, claimed_severity as claimed,
          (select (decision ->> 'affected_count')::int from decisions
            where decisions.incident = incidents.id and decisions.revision = incidents.revision) as affected
        from incidents cross join lateral (
          select alert from alerts where alerts.incident = incidents.id and alerts.fingerprint = ${fingerprint}
            and status = 'firing' order by received_at limit 5
        ) as first
        where id = any(${noise})`,
  )
  const clock = await query.first(z.object({ now: z.date() }), sql`select now() as now`)
  return rememberCondition(
    fingerprint,
    statements,
    judged.map(({ incident, alert, claimed, affected }) => ({
      incident,
      alerts: [alert],
      claimed,
      affected: affected ?? 0,
    })),
    clock?.now ?? new Date(),
  )
}

function isJudged({ id }: PastIncident, statements: readonly StatementRow[]): boolean {
  return statements.some(({ incident }) => incident === id)
}

function asEvidence(past: PastIncident, said: readonly StatementRow[], memory: ConditionMemory | null): EvidenceDraft {
  const { decision } = past
  // The latest word counts: whoever spoke last has seen how it ended.
  const [latest] = said
  const verdict = latest ? (saysNoise(latest) ? 'noise' : 'real') : null
  const outcome = verdict === 'noise' ? 'false_positive' : outcomeOf(past, verdict)
  const day = past.opened_at.toISOString().slice(0, 10)
  const feedback = latest && `${said.length === 1 ? 'one person says' : `${said.length} people say`}: ${words(latest)}`
  return {
    source: 'history',
    kind: 'past_incident',
    asset: past.asset,
    observed_at: past.opened_at.toISOString(),
    summary: `${past.id} of ${day}, "${past.title}", ended as ${outcome.replace('_', ' ')}${feedback ? `; ${feedback}` : ''}.`,
    data: {
      incident_id: past.id,
      title: past.title,
      category: decision?.category ?? null,
      is_incident: verdict ? verdict === 'real' : (decision?.is_incident ?? null),
      severity: decision?.severity ?? null,
      root_cause: decision?.root_cause ?? null,
      action: decision?.recommended_action ?? null,
      outcome,
      feedback: feedback ?? null,
      similarity: Math.round(past.similarity * 1000) / 1000,
      verdict,
      ...(memory && { memory }),
    },
  }
}

function words(latest: StatementRow): string {
  const said = saysNoise(latest)
    ? 'it was noise'
    : { right: 'right', was_real: 'it was real', wrong_cause: 'real, of another cause' }[
        latest.verdict === 'false_alarm' ? 'right' : latest.verdict
      ]
  return latest.note ? `${said} (${oneLine(latest.note, 200)})` : said
}

function outcomeOf({ state, closed_how, decision }: PastIncident, verdict: 'real' | null): string {
  if (closed_how === 'fixed') return 'fixed'
  if (decision && !decision.is_incident && verdict !== 'real') return 'false_positive'
  if (state === 'escalated') return 'escalated'
  return closed_how === null ? 'open' : 'resolved'
}
