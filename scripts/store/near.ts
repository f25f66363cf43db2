import { z } from 'zod'
import { spellDuration } from '../domain/duration.ts'
import type { EvidenceDraft } from '../domain/evidence.ts'
import type { Incident } from '../domain/incident.ts'
import { spotOf } from '../domain/spot.ts'
import { oneLine } from '../domain/text.ts'
import { type Access, within } from './connection.ts'
import { lineageOf } from './lineage.ts'
import { sql } from './sql.ts'

const Near = z.object({
  id: z.string(),
  title: z.string(),
  category: z.string(),
  severity: z.enum(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW']),
  state: z.string(),
  opened_at: z.date(),
  root_cause: z.string().nullable(),
  node: z.string(),
  /** Steps in the lineage; 0 is the asset itself. */
  distance: z.number(),
  side: z.enum(['same', 'upstream', 'downstream']),
})
type Near = z.infer<typeof Near>

/**
 * Open incidents of the asset itself and of what stands above and below it in the lineage, as evidence: nearest first,
 * those above before those below, then the latest. However long ago they were heard of: what folds into one incident is
 * another question. Of the same environment, or where one of the two has none; a dismissed one is no trouble.
 */
export async function openIncidentsNear(
  access: Access,
  { id, asset, environment }: Pick<Incident, 'id' | 'asset' | 'environment'>,
  limit: number,
  now: Date,
): Promise<EvidenceDraft[]> {
  const { node } = spotOf({ asset, environment, labels: {} })
  if (node === null) return []
  const found = await within(access, async (query) => {
    const { up, down } = await lineageOf(query, node)
    const places = [
      { node, distance: 0, side: 'same' },
      ...[...up].map(([name, distance]) => ({ node: name, distance, side: 'upstream' })),
      ...[...down].map(([name, distance]) => ({ node: name, distance, side: 'downstream' })),
    ]
    return query.rows(
      Near,
      sql`with place as (
            select * from unnest(${places.map((place) => place.node)}::text[], ${places.map((place) => place.distance)}::int[],
              ${places.map((place) => place.side)}::text[]) as place (node, distance, side)
          ), near as (
            select distinct on (incident) incident, place.node, distance, side
            from conditions join place on place.node = conditions.node
            where resolved_at is null and incident <> ${id}
              and (environment is null or ${environment}::text is null or environment = ${environment})
            order by incident, distance, side desc
          )
          select incidents.id, title, category, severity, state, opened_at, decided.decision ->> 'root_cause' as root_cause,
            near.node, distance, side
          from near join incidents on incidents.id = near.incident
            left join decisions as decided on decided.tenant = incidents.tenant and decided.incident = incidents.id
              and decided.revision = incidents.revision
          where closed_at is null and state <> 'dismissed'
          order by distance, side desc, opened_at desc, incidents.id limit ${limit}`,
    )
  })
  return found.map((near) => asEvidence(near, now))
}

function asEvidence(near: Near, now: Date): EvidenceDraft {
  const { id, title, category, severity, state, opened_at: opened, root_cause, node, distance, side } = near
  const steps = `${distance} ${distance === 1 ? 'step' : 'steps'} ${side}`
  const place = side === 'same' ? 'about the same asset' : `about ${node}, ${steps}`
  const since = spellDuration(Math.max(0, now.getTime() - opened.getTime()) / 1000)
  return {
    source: 'history',
    kind: 'past_incident',
    asset: node,
    observed_at: opened.toISOString(),
    summary: `${id}, "${oneLine(title, 150)}", ${place}, has been open for ${since}.`,
    data: { incident_id: id, title, category, severity, root_cause, outcome: 'open', state, side, distance },
  }
}
