import { z } from 'zod'
import { IncidentState } from '../domain/incident.ts'
import { mildFirst } from './conditions.ts'
import type { Query } from './connection.ts'
import { removeDue, scheduleDue } from './due.ts'
import { addToTimeline } from './incidents.ts'
import { writeCounts } from './progress.ts'
import { sql } from './sql.ts'

const Merged = z.object({ state: IncidentState, told: z.boolean() })

/**
 * Ends incidents in another one: their conditions, alerts and occurrences are its own from here on, what they had
 * planned is cancelled, and who was told of them hears where they go on. All rows are locked by the caller.
 */
export async function mergeInto(
  query: Query,
  into: string,
  ids: readonly string[],
  { who, why }: { who: string; why: string },
): Promise<void> {
  if (ids.length > 0) await writeCounts(query)
  for (const id of ids) {
    const merged = await query.first(
      Merged,
      sql`select state, told_at is not null as told from incidents where id = ${id} and closed_at is null`,
    )
    if (!merged || id === into) continue
    await query.run(
      sql`update incidents set state = 'resolved', closed_at = now(), closed_how = 'expired', closed_from = state,
            merged_into = ${into}, holder = null where id = ${id}`,
    )
    await handOver(query, id, into)
    await query.run(
      sql`update actions set state = 'cancelled', changed_at = now()
          where incident = ${id} and (state = 'planned' or state = 'failed' and not_before is not null)`,
    )
    await query.run(sql`delete from quieted where incident = ${id}`)
    await query.run(sql`update tickets set closed_at = now() where incident = ${id} and closed_at is null`)
    await removeDue(query, id)
    if (merged.told) await scheduleDue(query, { kind: 'merged_notice', subject: id, inMs: 0 })
    await addToTimeline(query, {
      incident: id,
      from: merged.state,
      to: 'resolved',
      who,
      why: `part of ${into}: ${why}`,
    })
  }
}

async function handOver(query: Query, from: string, into: string): Promise<void> {
  const isHeld = sql`fingerprint in (select fingerprint from conditions where incident = ${into})`
  await query.run(sql`update conditions set incident = ${into} where incident = ${from} and not ${isHeld}`)
  // What both hold is open in the one that ends: of the two rows the other one goes on.
  const both = await query.rows(
    z.object({ fingerprint: z.string() }),
    sql`select fingerprint from conditions where incident = ${from} and resolved_at is null`,
  )
  const fingerprints = both.map(({ fingerprint }) => fingerprint)
  await query.run(sql`update conditions set resolved_at = now() where incident = ${from} and resolved_at is null`)
  await query.run(
    sql`update conditions set resolved_at = null, last_seen_at = now()
        where incident = ${into} and fingerprint = any(${fingerprints})`,
  )
  await query.run(sql`update alerts set incident = ${into} where incident = ${from}`)
  await query.run(
    sql`insert into occurrences (tenant, incident, delivery, seen_at)
        select tenant, ${into}, delivery, seen_at from occurrences where incident = ${from} on conflict do nothing`,
  )
  const worst = (column: 'severity' | 'claimed_severity') => {
    const rank = column === 'severity' ? sql`severity` : sql`claimed_severity`
    return sql`(select ${rank} from incidents where id in (${into}, ${from})
      order by array_position(${mildFirst}::text[], ${rank}) desc limit 1)`
  }
  await query.run(
    sql`update incidents set severity = ${worst('severity')}, claimed_severity = ${worst('claimed_severity')},
          occurrences = (select count(*)::int from occurrences where incident = ${into}),
          last_seen_at = greatest(last_seen_at, (select last_seen_at from incidents where id = ${from})),
          latest_start = greatest(latest_start, (select latest_start from incidents where id = ${from}))
        where id = ${into}`,
  )
}
