import { z } from 'zod'
import type { Category } from '../domain/alert.ts'
import { Decision } from '../domain/decision.ts'
import type { EvidenceDraft } from '../domain/evidence.ts'
import { ClosedHow, Incident, IncidentState } from '../domain/incident.ts'
import { type Access, within } from './connection.ts'
import { incidentColumns } from './incidents.ts'
import { sql } from './sql.ts'

const PastIncident = z.object({
  id: z.string(),
  title: z.string(),
  state: IncidentState,
  opened_at: z.date(),
  closed_how: ClosedHow.nullable(),
  asset: z.string().nullable(),
  similarity: z.number(),
  decision: Decision.nullable(),
})
type PastIncident = z.infer<typeof PastIncident>

/**
 * Earlier incidents of the same condition (similarity 1), or of the same asset and category (0.8) or asset (0.6), as
 * evidence: the most alike, and among those the latest, first.
 */
export async function similarIncidents(
  access: Access,
  to: { fingerprint: string; assetKey: string | null; category: Category; excluding: string },
  limit: number,
): Promise<EvidenceDraft[]> {
  const found = await within(access, (query) =>
    query.rows(
      PastIncident,
      sql`select past.id, past.title, past.state, past.opened_at, past.closed_how, past.asset ->> 'name' as asset,
            (case when past.fingerprint = ${to.fingerprint} then 1
              when past.category = ${to.category} then 0.8 else 0.6 end)::float as similarity,
            decided.decision
          from incidents as past
          left join decisions as decided
            on decided.tenant = past.tenant and decided.incident = past.id and decided.revision = past.revision
          where (past.fingerprint = ${to.fingerprint} or past.asset_key = ${to.assetKey}) and past.id <> ${to.excluding}
          order by similarity desc, past.opened_at desc limit ${limit}`,
    ),
  )
  return found.map(asEvidence)
}

/** Open incidents, those of the same asset first, then the latest. */
export function openIncidentsNear(
  access: Access,
  to: { assetKey: string | null; excluding: string },
  limit: number,
): Promise<Incident[]> {
  return within(access, (query) =>
    query.rows(
      Incident,
      sql`select ${incidentColumns} from incidents where closed_at is null and id <> ${to.excluding}
          order by coalesce(asset_key = ${to.assetKey}, false) desc, opened_at desc limit ${limit}`,
    ),
  )
}

function asEvidence(past: PastIncident): EvidenceDraft {
  const { decision } = past
  const outcome = outcomeOf(past)
  const day = past.opened_at.toISOString().slice(0, 10)
  return {
    source: 'history',
    kind: 'past_incident',
    asset: past.asset,
    observed_at: past.opened_at.toISOString(),
    summary: `${past.id} of ${day}, "${past.title}", ended as ${outcome.replace('_', ' ')}.`,
    data: {
      incident_id: past.id,
      title: past.title,
      category: decision?.category ?? null,
      is_incident: decision?.is_incident ?? null,
      severity: decision?.severity ?? null,
      root_cause: decision?.root_cause ?? null,
      action: decision?.recommended_action ?? null,
      outcome,
      feedback: null,
      similarity: past.similarity,
    },
  }
}

function outcomeOf({ state, closed_how, decision }: PastIncident): string {
  if (closed_how === 'fixed') return 'fixed'
  if (decision && !decision.is_incident) return 'false_positive'
  if (state === 'escalated') return 'escalated'
  return closed_how === null ? 'open' : 'resolved'
}
