import { z } from 'zod'
import { type Alert, type Severity, sourceKey } from '../domain/alert.ts'
import { fingerprint } from '../domain/fingerprint.ts'
import { isMergeable } from '../domain/grouping.ts'
import { IncidentState } from '../domain/incident.ts'
import { isRecovered, suspect } from '../domain/outage.ts'
import { schedule } from '../domain/schedule.ts'
import { platformName } from '../domain/spot.ts'
import type { Query } from './connection.ts'
import { scheduleDue } from './due.ts'
import { addToTimeline, newIncidentId } from './incidents.ts'
import { mergeInto } from './merging.ts'
import { decideAgain, scheduleAnalysis, who } from './progress.ts'
import { json, sql } from './sql.ts'

/** The open incident of a platform that fails as a whole, its row locked; null while there is none. */
export function readPlatformIncident(query: Query, platform: string) {
  return query.first(
    z.object({ id: z.string(), state: IncidentState }),
    sql`select id, state from incidents
        where platform = ${platform} and closed_at is null and state <> 'dismissed' for update`,
  )
}

/** What one more incident on a platform means, and which others it is then part of. */
export async function suspectOutage(query: Query, platform: string, now: Date) {
  const down = await query.first(
    z.object({ why: z.string() }),
    sql`select why from platforms where name = ${platformName(platform)} and down_since is not null`,
  )
  const since = new Date(now.getTime() - (down ? schedule.groupMs : schedule.outageMs))
  const others = await query.rows(
    z.object({ id: z.string(), state: IncidentState }),
    sql`select id, state from incidents
        where id in (select incident from conditions
            where platform = ${platform} and resolved_at is null and opened_at > ${since})
          and fingerprint in (select fingerprint from conditions where platform = ${platform} and resolved_at is null)
          and closed_at is null and incidents.platform is null
          and not exists (select from quieted where quieted.tenant = incidents.tenant and quieted.incident = incidents.id
            and quieted.kind = 'silence')
        order by id for update`,
  )
  return { suspicion: suspect(others.length, down !== null), others, why: down?.why ?? null }
}

/** Opens the incident of a platform and ends those of its assets in it, but for those that are being fixed. */
export async function openPlatformIncident(
  query: Query,
  platform: string,
  like: Pick<Alert, 'source' | 'labels' | 'environment'> & { severity: Severity },
  { others, why }: { others: readonly { id: string; state: IncidentState }[]; why: string | null },
  now: Date,
): Promise<string> {
  const title = why
    ? `${platformName(platform)} does not answer`
    : `Many assets of ${platformName(platform)} fail at once`
  const id = await holdPlatformIncident(query, platform, like, { title, now })
  const children = others.filter(({ state }) => isMergeable(state)).map((one) => one.id)
  await mergeInto(query, id, children, { who, why: title })
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
  const identity = fingerprint({ source: 'platform', check: 'outage', asset, environment: like.environment })
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
          'infrastructure', ${title}, ${sourceKey(like)}, ${like.environment}, ${json(asset)}, ${platform}, ${now}, ${now})`,
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
    z.object({ open: z.number(), total: z.number(), down: z.boolean() }),
    sql`select (count(*) filter (where resolved_at is null))::int as open, count(*)::int as total,
          exists (select from platforms where down_since is not null and name = (
            select regexp_replace(platform, '[|][^|]*$', '') from incidents where id = ${incident})) as down
        from conditions where incident = ${incident}`,
  )
  if (!counted || counted.down || !isRecovered(counted.open, counted.total)) return
  const ended = await query.run(
    sql`update incidents set platform = null where id = ${incident} and platform is not null and closed_at is null`,
  )
  if (ended > 0 && counted.open > 0) await scheduleDue(query, { kind: 'still_broken', subject: incident, inMs: 0 })
}
