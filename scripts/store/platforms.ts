import { z } from 'zod'
import { type Alert, sourceKey } from '../domain/alert.ts'
import { fingerprint } from '../domain/fingerprint.ts'
import { isMergeable } from '../domain/grouping.ts'
import { IncidentState } from '../domain/incident.ts'
import { isRecovered, suspect } from '../domain/outage.ts'
import { schedule } from '../domain/schedule.ts'
import { platformEnvironment, platformKey, platformName } from '../domain/spot.ts'
import type { Query } from './connection.ts'
import { scheduleDue } from './due.ts'
import { addToTimeline, newIncidentId } from './incidents.ts'
import { mergeInto } from './merging.ts'
import { decideAgain, scheduleAnalysis, who } from './progress.ts'
import { json, type Statement, sql } from './sql.ts'

/** One platform, under the names that it goes by now. */
export interface PlatformNames {
  key: string
  all: string[]
}

/**
 * Some monitors name no environment. While trouble on a platform is known of one environment only, they speak of that
 * one; of two they could mean either, and stay apart.
 */
export async function namesOfPlatform(query: Query, key: string): Promise<PlatformNames> {
  const name = platformName(key)
  const before = found.get(query) ?? new Map<string, Set<string>>()
  found.set(query, before)
  // One more alert under a name that was met adds no other.
  const known = before.get(name)
  const all = known?.has(key) ? [...known] : await openUnder(query, name, key)
  before.set(name, new Set(all))
  const [told, ...others] = all.filter((one) => one !== platformKey(name, null))
  return others.length > 0 ? { key, all: [key] } : { key: told ?? key, all }
}

/** What one transaction has found, under the folding lock, so that thousands of alerts of a platform look once. */
const found = new WeakMap<Query, Map<string, Set<string>>>()

async function openUnder(query: Query, name: string, key: string): Promise<string[]> {
  const rows = await query.rows(
    z.object({ platform: z.string() }),
    sql`select distinct platform from conditions
        where resolved_at is null and platform is not null and starts_with(platform, ${`${name}|`})`,
  )
  return [...new Set([key, ...rows.map(({ platform }) => platform)])].filter((one) => platformName(one) === name)
}

/** The open incident of a platform that fails as a whole, its row locked; null while there is none. */
export function readPlatformIncident(query: Query, { all }: PlatformNames) {
  return query.first(
    z.object({ id: z.string(), state: IncidentState }),
    sql`select id, state from incidents
        where platform = any(${all}) and closed_at is null and state <> 'dismissed'
        order by opened_at limit 1 for update`,
  )
}

/** What one more incident on a platform means, and which others it is then part of. */
export async function suspectOutage(query: Query, { key: platform, all }: PlatformNames, now: Date) {
  const why = await whyDown(query, platform)
  const since = new Date(now.getTime() - (why === null ? schedule.outageMs : schedule.groupMs))
  const others = await lonelyIncidents(query, sql`platform = any(${all})`, since)
  return { suspicion: suspect(others.length, why !== null), others, why }
}

/** The same of an instance whose breaker is open: what lives there, under whatever platform's name. Null when it answers. */
export async function suspectHost(query: Query, host: string, now: Date) {
  const why = await whyDown(query, host)
  if (why === null) return null
  const others = await lonelyIncidents(
    query,
    sql`instance = ${platformName(host)} and environment is not distinct from ${platformEnvironment(host)}`,
    new Date(now.getTime() - schedule.groupMs),
  )
  return { suspicion: suspect(others.length, true), others, why }
}

/** Why nobody asks a system for now: its breaker is open. Null when it is not, and for what is no system of ours. */
async function whyDown(query: Query, platform: string): Promise<string | null> {
  const down = await query.first(
    z.object({ reason: z.string() }),
    sql`select reason from system_health where lower(system) = ${platformName(platform)} and paused_until > now()`,
  )
  return down?.reason ?? null
}

/** Open incidents whose root is one of these conditions, and that are in no platform's incident yet; their rows locked. */
function lonelyIncidents(query: Query, where: Statement, since: Date) {
  return query.rows(
    z.object({ id: z.string(), state: IncidentState }),
    sql`select id, state from incidents
        where id in (select incident from conditions where ${where} and resolved_at is null and opened_at > ${since})
          and fingerprint in (select fingerprint from conditions where ${where} and resolved_at is null)
          and closed_at is null and incidents.platform is null
          and not exists (select from quieted where quieted.tenant = incidents.tenant and quieted.incident = incidents.id
            and quieted.kind = 'silence')
        order by id for update`,
  )
}

/** Opens the incident of a platform and ends those of its assets in it, but for those that are being fixed. */
export async function openPlatformIncident(
  query: Query,
  platform: string,
  like: Pick<Alert, 'source' | 'labels' | 'severity'>,
  { others, why }: { others: readonly { id: string; state: IncidentState }[]; why: string | null },
  now: Date,
): Promise<string> {
  const title = why
    ? `${platformName(platform)} does not answer`
    : `Many assets of ${platformName(platform)} fail at once`
  const id = await holdPlatformIncident(query, platform, like, { title, now })
  const children = others.filter(({ state }) => isMergeable(state)).map((one) => one.id)
  await mergeInto(query, id, children, { who, why: title })
  // Nobody reports that a system answers again: it is looked for.
  if (why !== null) await scheduleDue(query, { kind: 'still_broken', subject: id, inMs: schedule.recoveryMs })
  return id
}

/** A new incident, to be analysed; or the one of an earlier outage of which something is still broken, decided again. */
async function holdPlatformIncident(
  query: Query,
  platform: string,
  like: Parameters<typeof openPlatformIncident>[2],
  { title, now }: { title: string; now: Date },
): Promise<string> {
  const name = platformName(platform)
  const asset = { kind: 'service' as const, name, platform: name }
  const environment = platformEnvironment(platform)
  const identity = fingerprint({ source: 'platform', check: 'outage', asset, environment })
  const condition = identity.replace('fp_', 'fp_platform_')
  const earlier = await query.first(
    z.object({ id: z.string(), state: IncidentState }),
    sql`select id, state from incidents where fingerprint = ${condition} and closed_at is null for update`,
  )
  if (earlier) {
    await query.run(sql`update incidents set platform = ${platform} where id = ${earlier.id}`)
    if (isMergeable(earlier.state)) await decideAgain(query, earlier, `again: ${title}`)
    return earlier.id
  }
  const id = newIncidentId()
  await query.run(
    sql`insert into incidents (tenant, id, fingerprint, state, severity, claimed_severity, category, title, source,
          environment, asset, platform, opened_at, last_seen_at)
        values (current_setting('dim.tenant'), ${id}, ${condition}, 'open', ${like.severity}, ${like.severity},
          'infrastructure', ${title}, ${sourceKey(like)}, ${environment}, ${json(asset)}, ${platform}, ${now}, ${now})`,
  )
  await addToTimeline(query, { incident: id, from: null, to: 'open', who, why: title })
  await scheduleAnalysis(query, id)
  return id
}

/**
 * Something of a platform's incident is over. When the platform is back, the incident stands for what is left only,
 * and people are told what that is.
 */
export async function noteRecovery(query: Query, incident: string): Promise<void> {
  const counted = await query.first(
    z.object({ open: z.number(), total: z.number() }),
    sql`select (count(*) filter (where resolved_at is null))::int as open, count(*)::int as total
        from conditions where incident = ${incident}`,
  )
  if (!counted || !isRecovered(counted.open, counted.total)) return
  if ((await endOutage(query, incident)) === 'ended') {
    await scheduleDue(query, { kind: 'still_broken', subject: incident, inMs: 0 })
  }
}

/**
 * The incident of a platform stands for what is left of it from here on, unless the system does not answer still: it
 * answers when nothing is held against it any more. `over` when that was so before.
 */
export async function endOutage(query: Query, incident: string): Promise<'ended' | 'lasts' | 'over'> {
  const found = await query.first(
    z.object({ platform: z.string().nullable() }),
    sql`select platform from incidents where id = ${incident} and closed_at is null for update`,
  )
  if (!found || found.platform === null) return 'over'
  const isDown = await query.first(
    z.object({}),
    sql`select from system_health where lower(system) = ${platformName(found.platform)}`,
  )
  if (isDown) return 'lasts'
  await query.run(sql`update incidents set platform = null where id = ${incident}`)
  return 'ended'
}
